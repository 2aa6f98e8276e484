"""A batch of changes to the record sets of one zone, checked as a whole.

Promise: ``result`` is what to store, or InvalidChangeBatch with a sentence for each problem. Changes see those before
them. The cost depends on the batch, and on the record sets at the names in it.
Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from moyai.api.route53.limits import MAX_OF_NAME_AND_TYPE, MAX_RECORD_SETS
from moyai.domain.route53.errors import InvalidChangeBatch
from moyai.domain.route53.names import lies_within
from moyai.domain.route53.zone import HostedZone, ResourceRecordSet
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.ids import HostedZoneId

_DUAL_STACK: Final = "dualstack."
"""The prefix that AWS's console writes before the name of a load balancer; the name has the same addresses with it."""


class Batch:
    """The changes of a batch, and the problems in them."""

    def __init__(self, world: World, zone: HostedZone) -> None:
        self._world, self._zone = world, zone
        self._changed: dict[str, ResourceRecordSet | None] = {}
        """The record sets after the changes so far, by key; None is a deleted one."""
        self._touched: dict[str, ResourceRecordSet] = {}
        self._written: set[str] = set()
        self._problems: list[str] = []
        self._new: dict[str, list[ResourceRecordSet]] = {}
        """The record sets of ``_changed`` that are not deleted, by name; set once all changes are made."""
        self._names: dict[tuple[HostedZoneId, str], Mapping[str, Sequence[ResourceRecordSet]]] = {}
        """The results of ``_at``, by zone and name."""

    def add(self, action: str, record_set: ResourceRecordSet) -> None:
        """Make one change."""
        key, described = record_set.key, _describe(record_set)
        present = self._changed[key] if key in self._changed else self._world.record_sets.get(key)
        self._touched[key] = record_set
        if action == "DELETE":
            if present is None:
                self._problems.append(f"Tried to delete resource record set {described} but it was not found")
            elif not _equal(present, record_set):
                self._problems.append(
                    f"Tried to delete resource record set {described} "
                    "but the values provided do not match the current values"
                )
            self._changed[key] = None
            return
        if key in self._written:
            self._problems.append(
                "The request contains an invalid set of changes for a resource record set "
                f"'{record_set.type} {record_set.name}'"
            )
        elif action == "CREATE" and present is not None:
            self._problems.append(f"Tried to create resource record set {described} but it already exists")
        self._written.add(key)
        self._changed[key] = record_set

    def result(self) -> list[Change]:
        """The changes to the world. Raises InvalidChangeBatch."""
        problems = self._problems or list(dict.fromkeys(self._conflicts()))
        if problems:
            raise InvalidChangeBatch(problems)
        return [
            Delete(ResourceRecordSet, key) if record_set is None else Put(record_set)
            for key, record_set in self._changed.items()
        ]

    def _conflicts(self) -> Iterator[str]:
        """The problems of the zone after the changes."""
        for record_set in self._changed.values():
            if record_set is not None:
                self._new.setdefault(record_set.name, []).append(record_set)
        yield from self._apex_problems()
        for name, record_sets in self._new.items():
            for kind in dict.fromkeys(record_set.type for record_set in record_sets):
                yield from self._name_problems(name, kind)
            for record_set in record_sets:
                yield from self._alias_problems(record_set)
        table, new = self._world.record_sets, sum(r is not None for r in self._changed.values())
        present = sum(key in table for key in self._changed)
        if table.count("zone", self._zone.id) - present + new > MAX_RECORD_SETS:
            yield f"Number of resource record sets limit of {MAX_RECORD_SETS} exceeded."

    def _apex_problems(self) -> Iterator[str]:
        kinds = {record_set.type for record_set in self._touched.values() if record_set.name == self._zone.name}
        present = self._at(self._zone.id, self._zone.name)
        if "SOA" in kinds and len(present.get("SOA", ())) != 1:
            yield "A HostedZone must contain exactly one SOA record."
        if "NS" in kinds and "NS" not in present:
            yield "A HostedZone must contain at least one NS record for the zone itself."

    def _name_problems(self, name: str, kind: str) -> Iterator[str]:
        """Records of this type that can't have this name, or not together with the others that have it."""
        zone, at_name = self._zone.name, self._at(self._zone.id, name)
        if kind == "CNAME" and name == zone:
            yield f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone}"
        elif kind == "SOA" and name != zone:
            yield f"RRSet of type SOA with DNS name {name} is not permitted in zone {zone}"
        if kind == "CNAME" and len(at_name) > 1:
            yield (
                f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records "
                f"with the same DNS name in zone {zone}"
            )
        elif kind != "CNAME" and "CNAME" in at_name:
            yield (
                f"RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type "
                f" CNAME with the same DNS name already exists in zone {zone}"
            )
        yield from self._routing_problems(name, kind, at_name[kind])

    def _routing_problems(self, name: str, kind: str, present: Sequence[ResourceRecordSet]) -> Iterator[str]:
        """Record sets of one name and type that are chosen in different ways, or are too many."""
        if len({_policy(record_set) for record_set in present}) > 1:
            for record_set in self._new[name]:
                if record_set.type == kind:
                    yield (
                        f"RRSet with DNS name {name}, type {kind}, SetIdentifier {record_set.set_identifier or 'null'} "
                        f"cannot be created as a non-{_policy(record_set)} set exists with the same name and type."
                    )
        if len(present) > MAX_OF_NAME_AND_TYPE:
            yield f"Number of RRSets limit of {MAX_OF_NAME_AND_TYPE} with DNS name {name} and type {kind} exceeded."

    def _alias_problems(self, record_set: ResourceRecordSet) -> Iterator[str]:
        alias, world = record_set.alias, self._world
        if alias is None:
            return
        zone = self._zone if alias.hosted_zone_id == self._zone.id else world.hosted_zones.get(alias.hosted_zone_id)
        missing = f"Tried to create an alias that targets {alias.dns_name}, type {record_set.type}"
        missing += f" in zone {alias.hosted_zone_id}, but "
        if zone is not None and zone.account == self._zone.account:
            if not lies_within(alias.dns_name, zone.name):
                yield missing + "the alias target name does not lie within the target zone"
            targets = self._at(zone.id, alias.dns_name).get(record_set.type, ())
            if all(target.key == record_set.key for target in targets):
                yield missing + "that target was not found"
        elif _is_balancer_name(world, alias.dns_name) and not _balancer_exists(world, alias.dns_name):
            yield missing + "that target was not found"

    def _at(self, zone: HostedZoneId, name: str) -> Mapping[str, Sequence[ResourceRecordSet]]:
        """The record sets at a name after the changes, by type. The name is looked up once."""
        if (zone, name) not in self._names:
            stored = self._world.record_sets.each("name", f"{zone} {name}")
            unchanged = (record_set for record_set in stored if record_set.key not in self._changed)
            new = self._new.get(name, ()) if zone == self._zone.id else ()
            by_type: dict[str, list[ResourceRecordSet]] = {}
            for record_set in (*unchanged, *new):
                by_type.setdefault(record_set.type, []).append(record_set)
            self._names[zone, name] = by_type
        return self._names[zone, name]


def _describe(record_set: ResourceRecordSet) -> str:
    """A record set as AWS's messages name it."""
    identifier = f", set-identifier='{record_set.set_identifier}'" if record_set.set_identifier else ""
    return f"[name='{record_set.name}', type='{record_set.type}'{identifier}]"


def _equal(present: ResourceRecordSet, requested: ResourceRecordSet) -> bool:
    """Whether a deletion has the settings of the present record set; the order of values does not matter."""
    return replace(present, values=tuple(sorted(present.values))) == replace(
        requested, values=tuple(sorted(requested.values))
    )


def _policy(record_set: ResourceRecordSet) -> str:
    """How a record set is chosen among those of its name and type."""
    if record_set.multivalue:
        return "multivalue-answer"
    if record_set.region is not None:
        return "latency"
    return "simple" if record_set.weight is None else "weighted"


def _is_balancer_name(world: World, name: str) -> bool:
    return name.endswith(f".{world.defaults.elb_domain}.")


def _balancer_exists(world: World, name: str) -> bool:
    return bool(world.load_balancers.count("dns_name", name.removesuffix(".").removeprefix(_DUAL_STACK)))
