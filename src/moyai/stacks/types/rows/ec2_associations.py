"""Amazon EC2's resource types that associate a subnet or VPC with another resource.

Promise: a subnet or VPC has one association of a kind at a time. A change of the associated resource, the partner,
updates the association in place and gives it another physical id. A replacement, which creates the new association
first, would be refused by EC2, or would end the former one, which a rollback could not restore.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_EC2.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Properties, Read
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import AwsCallFailed, Call, Procedure, ResourceFailed
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import both, ids, prop


def ec2_association_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``ec2`` for associations."""
    yield _route_table_association()
    yield _acl_association()
    yield _dhcp_association()


class AssociationType(StackResourceType, frozen=True):
    """An association whose partner is changed in place."""

    partner: str = ""
    """The property that names the partner."""
    moves: bool = True

    def must_replace(self, before: Properties, after: Properties) -> frozenset[str]:
        """As for other types, except that a change of the partner is no replacement."""
        return super().must_replace(before, after) - {self.partner}

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Associate the new partner instead of the former one."""
        del attempted
        changing = PhysicalResource(resource.id, after)
        identifier = yield from self._move(changing, context)
        return (yield from self.describe(PhysicalResource(identifier, after)))

    def _move(self, resource: PhysicalResource, context: ResourceContext) -> Procedure[str]:
        """Associate the partner in the resource's properties; returns the association's physical id."""
        return (yield from self._create(resource.properties, context))


class RouteTableAssociationType(AssociationType, frozen=True):
    """The route table of a subnet."""

    def _move(self, resource: PhysicalResource, context: ResourceContext) -> Procedure[str]:
        """Replace the association. One that does not exist, because an interrupted call has replaced it, is created."""
        table = {"RouteTableId": resource.properties["RouteTableId"]}
        try:
            answer = yield Call(self.service, str(self.update), {"AssociationId": resource.id, **table})
        except AwsCallFailed as fault:
            if fault.code not in self.missing:
                raise
            return (yield from self._create(resource.properties, context))
        return str(answer["NewAssociationId"])


class AclAssociationType(AssociationType, frozen=True):
    """The network ACL of a subnet, which always has one."""

    def _create(self, values: Mapping[str, Any], context: ResourceContext) -> Procedure[str]:
        """Replace the association that the subnet has."""
        del context
        acl, association = yield from self._present(values["SubnetId"])
        if acl["NetworkAclId"] == values["NetworkAclId"] and not acl["IsDefault"]:
            return association
        members = {"AssociationId": association, "NetworkAclId": values["NetworkAclId"]}
        answer = yield Call(self.service, "ReplaceNetworkAclAssociation", members)
        return str(answer["NewAssociationId"])

    def delete_steps(self, resource: PhysicalResource) -> Procedure[None]:
        """Associate the subnet with its VPC's default ACL, if it still has this association."""
        try:
            acl, association = yield from self._present(resource.properties["SubnetId"])
        except ResourceFailed:
            return  # a subnet that does not exist has no association
        if association != resource.id:
            return
        filters = [{"Name": "vpc-id", "Values": [acl["VpcId"]]}, {"Name": "default", "Values": ["true"]}]
        answer = yield Call(self.service, "DescribeNetworkAcls", {"Filters": filters})
        members = {"AssociationId": association, "NetworkAclId": answer["NetworkAcls"][0]["NetworkAclId"]}
        yield Call(self.service, "ReplaceNetworkAclAssociation", members)

    def _present(self, subnet: object) -> Procedure[tuple[Mapping[str, Any], str]]:
        """The ACL of a subnet, and the id of the association. Raises ResourceFailed when the subnet does not exist."""
        members = {"Filters": [{"Name": "association.subnet-id", "Values": [subnet]}]}
        answer = yield Call(self.service, "DescribeNetworkAcls", members)
        for acl in answer["NetworkAcls"]:
            for association in acl["Associations"]:
                if association["SubnetId"] == subnet:
                    return acl, str(association["NetworkAclAssociationId"])
        raise ResourceFailed(f"The subnet ID '{subnet}' does not exist")


class DhcpAssociationType(AssociationType, frozen=True):
    """The DHCP options of a VPC."""

    def delete_steps(self, resource: PhysicalResource) -> Procedure[None]:
        """Associate the VPC with the default options, if it still has these."""
        vpc = resource.properties["VpcId"]
        try:
            answer = yield Call(self.service, "DescribeVpcs", {"VpcIds": [vpc]})
        except AwsCallFailed as fault:
            if fault.code in self.missing:
                return
            raise
        if answer["Vpcs"][0]["DhcpOptionsId"] == resource.properties["DhcpOptionsId"]:
            yield Call(self.service, "AssociateDhcpOptions", {"DhcpOptionsId": "default", "VpcId": vpc})


def _route_table_association() -> StackResourceType:
    by_subnet = Read(
        "DescribeRouteTables",
        lambda resource: {"Filters": [{"Name": "association.subnet-id", "Values": [resource.properties["SubnetId"]]}]},
        "RouteTables[0].Associations[?RouteTableAssociationId=='$id'] | [0]",
    )
    return RouteTableAssociationType(
        "AWS::EC2::SubnetRouteTableAssociation",
        "ec2",
        "AssociateRouteTable",
        "AssociationId",
        "DisassociateRouteTable",
        ids("AssociationId"),
        partner="RouteTableId",
        read=by_subnet,
        update="ReplaceRouteTableAssociation",
        derive=lambda resource: {"Id": resource.id},
        missing=frozenset({"InvalidAssociationID.NotFound"}),
    )


def _acl_association() -> StackResourceType:
    return AclAssociationType(
        "AWS::EC2::SubnetNetworkAclAssociation",
        "ec2",
        "ReplaceNetworkAclAssociation",
        "NewAssociationId",
        "ReplaceNetworkAclAssociation",
        ids("AssociationId"),
        partner="NetworkAclId",
        arranged=frozenset({"SubnetId"}),
        read=Read(
            "DescribeNetworkAcls",
            lambda resource: {
                "Filters": [{"Name": "association.subnet-id", "Values": [resource.properties["SubnetId"]]}]
            },
            "NetworkAcls[].Associations[] | [?NetworkAclAssociationId=='$id'] | [0]",
        ),
        derive=lambda resource: {"AssociationId": resource.id},
        update="ReplaceNetworkAclAssociation",
        missing=frozenset({"InvalidAssociationID.NotFound"}),
    )


def _dhcp_association() -> StackResourceType:
    pair = both(prop("DhcpOptionsId", "DhcpOptionsId"), prop("VpcId", "VpcId"))
    return DhcpAssociationType(
        "AWS::EC2::VPCDHCPOptionsAssociation",
        "ec2",
        "AssociateDhcpOptions",
        "join('|', [DhcpOptionsId, VpcId])",
        "AssociateDhcpOptions",
        pair,
        partner="DhcpOptionsId",
        read=Read(
            "DescribeVpcs",
            lambda resource: {"VpcIds": [resource.properties["VpcId"]]},
            "Vpcs[?DhcpOptionsId=='$DhcpOptionsId'] | [0]",
        ),
        update="AssociateDhcpOptions",
        missing=frozenset({"InvalidVpcID.NotFound"}),
    )
