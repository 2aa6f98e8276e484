"""The resource types of Route 53.

Promise: a record set is replaced by one UPSERT, so that a name always has records. A record set is deleted as the zone
has it, whatever the template says.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Route53.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.domain.route53.names import DomainNameProblem, normalized_name
from moyai.stacks.types.calls import Children, Follow, Properties, Read
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import AwsCallFailed, Call, Identified, Procedure, ResourceFailed
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import ids
from moyai.stacks.types.tags import Tagging, tag_list

_SERVICE: Final = "route53"
_ZONE_MEMBERS: Final = frozenset({"HostedZoneId", "HostedZoneName"})
_NOT_OF_RECORD_SET: Final = _ZONE_MEMBERS | {"Comment"}
_GROUP: Final = "RecordSets"
_RECORD_SET_MEMBERS: Final = frozenset(
    {"Name", "Type", "TTL", "ResourceRecords", "AliasTarget", "SetIdentifier", "Weight", "Region", "MultiValueAnswer"}
)


def route53_rows() -> Iterator[StackResourceType]:
    """The rows of Route 53."""
    yield _hosted_zone_row()
    for kind in ("RecordSet", "RecordSetGroup"):
        yield RecordSetsType(
            f"AWS::Route53::{kind}",
            _SERVICE,
            "ChangeResourceRecordSets",
            "Name",
            "ChangeResourceRecordSets",
            ids("HostedZoneId"),
            update="ChangeResourceRecordSets",
            arranged=_RECORD_SET_MEMBERS | _NOT_OF_RECORD_SET | {_GROUP},
            replaces=frozenset({"Name"}),
            unique_within=frozenset({"HostedZoneId", "HostedZoneName"}),
        )


class HostedZoneType(StackResourceType, frozen=True):
    """A hosted zone. It is created with its first VPC; the others are associated afterwards."""

    def _create(self, values: Mapping[str, Any], context: ResourceContext) -> Procedure[str]:
        return (yield from super()._create(values, context)).removeprefix("/hostedzone/")

    def _finish(self, resource: PhysicalResource) -> Procedure[None]:
        for vpc in resource.properties.get("VPCs", ())[1:]:
            yield from self.children["VPCs"].change(self.service, resource, [()], [vpc])
        if tags := tag_list(resource.properties.get("HostedZoneTags") or ()):
            yield Call(self.service, "ChangeTagsForResource", {**_tag_target(resource), "AddTags": list(tags)})

    def _repeat(self, call: Call, resource: PhysicalResource) -> Procedure[Mapping[str, Any]]:
        answer = yield Call(self.service, "ListHostedZonesByName", {"DNSName": resource.properties["Name"]})
        reference = call.input[str(self.idempotency_member)]
        zones = (zone for zone in answer["HostedZones"] if zone["CallerReference"] == reference)
        return {"HostedZone": next(zones, None)}


class RecordSetsType(StackResourceType, frozen=True):
    """One record set of a zone, or a group of them."""

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Create the record sets. After an interruption, those that exist already are replaced."""
        is_group = _GROUP in properties
        identifier = existing or (context.generate_name(self.longest_name) if is_group else _name(properties["Name"]))
        zone = yield from _zone_of(properties)
        action = "UPSERT" if existing or context.is_repeated else "CREATE"
        yield from _change(zone, [(action, each) for each in _record_sets(properties)])
        yield Identified(identifier)
        return PhysicalResource(identifier, properties, identifier, {"Id": identifier} if is_group else {})

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Replace the record sets, and delete those that the template has no longer, in one change."""
        del context
        zone, record_sets = (yield from _zone_of(after)), _record_sets(after)
        keys = {_key(each) for each in record_sets}
        former_sets = [*_record_sets(resource.properties), *_record_sets(attempted or {})]
        surplus = yield from _present(zone, [each for each in former_sets if _key(each) not in keys])
        yield from _change(zone, [*(("DELETE", each) for each in surplus), *(("UPSERT", each) for each in record_sets)])
        return PhysicalResource(resource.id, after, resource.id, resource.attributes)

    def delete_steps(self, resource: PhysicalResource) -> Procedure[None]:
        """Delete the record sets that the zone has."""
        try:
            zone = yield from _zone_of(resource.properties)
            present = yield from _present(zone, _record_sets(resource.properties))
            yield from _change(zone, [("DELETE", each) for each in present])
        except AwsCallFailed as fault:
            if fault.code != "NoSuchHostedZone":
                raise


def _tag_target(resource: PhysicalResource) -> dict[str, str]:
    return {"ResourceType": "hostedzone", "ResourceId": resource.id}


_TAGGING: Final = Tagging(
    members=lambda _: {},
    add="ChangeTagsForResource",
    remove="ChangeTagsForResource",
    resource=_tag_target,
    add_input=lambda tags: {"AddTags": list(tags)},
    remove_input=lambda keys: {"RemoveTagKeys": list(keys)},
    name="HostedZoneTags",
    reserved=False,
)


def _hosted_zone_row() -> StackResourceType:
    return HostedZoneType(
        "AWS::Route53::HostedZone",
        _SERVICE,
        "CreateHostedZone",
        "HostedZone.Id",
        "DeleteHostedZone",
        ids("Id"),
        idempotency_member="CallerReference",
        arrange=_new_zone,
        arranged=frozenset({"VPCs"}),
        tagging=_TAGGING,
        follow={
            "HostedZoneConfig": Follow(
                "UpdateHostedZoneComment",
                lambda r: {"Id": r.id, "Comment": (r.properties.get("HostedZoneConfig") or {}).get("Comment", "")},
                reset="UpdateHostedZoneComment",
                at_creation=False,
            )
        },
        children={
            "VPCs": Children(
                "AssociateVPCWithHostedZone",
                "DisassociateVPCFromHostedZone",
                lambda r, vpc: {"HostedZoneId": r.id, "VPC": vpc},
                present=frozenset({"ConflictingDomainExists"}),
                absent=frozenset({"VPCAssociationNotFound"}),
                at_creation=False,
            )
        },
        read=Read("GetHostedZone", ids("Id")),
        attributes={"NameServers": "DelegationSet.NameServers"},
        derive=lambda resource: {"Id": resource.id},
        missing=frozenset({"NoSuchHostedZone"}),
    )


def _new_zone(values: dict[str, Any]) -> dict[str, Any]:
    """The input of a creation, with the first VPC, which makes the zone private."""
    members = {name: value for name, value in values.items() if name != "VPCs"}
    return {**members, "VPC": values["VPCs"][0]} if values.get("VPCs") else members


def _name(name: object) -> str:
    """The name in the form that Ref of AWS::Route53::RecordSet returns: without a final dot."""
    return str(name).removesuffix(".")


def _record_sets(properties: Properties) -> list[dict[str, Any]]:
    """The record sets of a resource, in the form that a change has them."""
    record_sets = properties.get(_GROUP) or ([properties] if "Name" in properties else [])
    return [_record_set(each) for each in record_sets]


def _record_set(properties: Properties) -> dict[str, Any]:
    members = {name: value for name, value in properties.items() if name not in _NOT_OF_RECORD_SET}
    if "ResourceRecords" in members:
        members["ResourceRecords"] = [{"Value": value} for value in members["ResourceRecords"]]
    if "AliasTarget" in members:
        members["AliasTarget"] = {"EvaluateTargetHealth": False, **members["AliasTarget"]}
    return members


def _key(record_set: Mapping[str, Any]) -> tuple[str, str, str]:
    try:
        name = normalized_name(str(record_set["Name"]))
    except DomainNameProblem:
        name = str(record_set["Name"])
    return name, str(record_set["Type"]), str(record_set.get("SetIdentifier", ""))


def _zone_of(properties: Properties) -> Procedure[str]:
    """The id of the zone that a resource, or one of its record sets, names by id or by name.

    Raises ResourceFailed when none is named, or when no zone or several have the name.
    """
    zone_properties: Sequence[Properties] = [properties, *properties.get(_GROUP, ())]
    for each in zone_properties:
        if "HostedZoneId" in each:
            return str(each["HostedZoneId"])
    name = next((str(each["HostedZoneName"]) for each in zone_properties if "HostedZoneName" in each), None)
    if name is None:
        raise ResourceFailed("Specify HostedZoneId or HostedZoneName.")
    answer = yield Call(_SERVICE, "ListHostedZonesByName", {"DNSName": name})
    zones = [zone["Id"] for zone in answer["HostedZones"] if _name(zone["Name"]) == _name(name).lower()]
    if len(zones) != 1:
        problem = "No hosted zones" if not zones else "Several hosted zones"
        raise ResourceFailed(f"{problem} named {name} found")
    return str(zones[0]).removeprefix("/hostedzone/")


def _present(zone: str, record_sets: Sequence[Mapping[str, Any]]) -> Procedure[list[dict[str, Any]]]:
    """The record sets of the zone that have the name, type and identifier of one of ``record_sets``."""
    present: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in record_sets:
        name, kind, identifier = _key(each)
        start = {"StartRecordName": name, "StartRecordType": kind, "MaxItems": "1"}
        if identifier:
            start["StartRecordIdentifier"] = identifier
        answer = yield Call(_SERVICE, "ListResourceRecordSets", {"HostedZoneId": zone, **start})
        listed = {_key(record_set): record_set for record_set in answer["ResourceRecordSets"]}
        present |= {key: record_set for key, record_set in listed.items() if key == _key(each)}
    return list(present.values())


def _change(zone: str, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> Procedure[None]:
    if changes:
        batch = [{"Action": action, "ResourceRecordSet": record_set} for action, record_set in changes]
        yield Call(_SERVICE, "ChangeResourceRecordSets", {"HostedZoneId": zone, "ChangeBatch": {"Changes": batch}})
