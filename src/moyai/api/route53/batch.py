"""A batch of changes to the record sets of one zone, checked as a whole.

Promise: ``result`` is what to store, or InvalidChangeBatch with a sentence for each problem. Changes see those before
them. The cost depends on the batch, and on the record sets at the names in it.
Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from moyai.api.route53.limits import MAX_RECORD_SETS
from moyai.domain.route53.errors import InvalidChangeBatch
from moyai.domain.route53.names import lies_within
from moyai.domain.route53.zone import AliasOf, HostedZone, ResourceRecordSet
from moyai.domain.world import Change, Delete, Put, World

_DUAL_STACK: Final = "dualstack."
"""What AWS's console writes before the name of a load balancer; it stands for the same addresses."""


class Batch:
    """Changes to a zone, which gather their problems."""

    def __init__(self, world: World, zone: HostedZone) -> None:
        self._world, self._zone = world, zone
        self._changed: dict[str, ResourceRecordSet | None] = {}
        """The record sets after the changes so far, by key; None is a deleted one."""
        self._touched: dict[str, ResourceRecordSet] = {}
        self._written: set[str] = set()
        self._problems: list[str] = []

    def add(self, action: str, record_set: ResourceRecordSet) -> None:
        """Make one change."""
        key, described = record_set.key, _described(record_set)
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
        """What the zone can't have after the changes."""
        yield from self._apex_problems()
        for record_set in self._changed.values():
            if record_set is not None:
                yield from self._name_problems(record_set)
                yield from self._alias_problems(record_set)
        table, new = self._world.record_sets, sum(r is not None for r in self._changed.values())
        present = sum(key in table for key in self._changed)
        if table.count("zone", self._zone.id) - present + new > MAX_RECORD_SETS:
            yield f"Number of resource record sets limit of {MAX_RECORD_SETS} exceeded."

    def _apex_problems(self) -> Iterator[str]:
        kinds = {record_set.type for record_set in self._touched.values() if record_set.name == self._zone.name}
        present = [record_set.type for record_set in self._at(self._zone.name)] if kinds & {"SOA", "NS"} else []
        if "SOA" in kinds and present.count("SOA") != 1:
            yield "A HostedZone must contain exactly one SOA record."
        if "NS" in kinds and "NS" not in present:
            yield "A HostedZone must contain at least one NS record for the zone itself."

    def _name_problems(self, record_set: ResourceRecordSet) -> Iterator[str]:
        """Records that may not have this name, or not beside those that have it."""
        name, kind, zone = record_set.name, record_set.type, self._zone.name
        if kind == "CNAME" and name == zone:
            yield f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone}"
        elif kind == "SOA" and name != zone:
            yield f"RRSet of type SOA with DNS name {name} is not permitted in zone {zone}"
        for other in self._at(name):
            if other.type != kind and kind == "CNAME":
                yield (
                    f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records "
                    f"with the same DNS name in zone {zone}"
                )
            elif other.type == "CNAME" and kind != "CNAME":
                yield (
                    f"RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type "
                    f" CNAME with the same DNS name already exists in zone {zone}"
                )
            elif other.type == kind and other.key != record_set.key and _policy(other) != _policy(record_set):
                yield (
                    f"RRSet with DNS name {name}, type {kind}, SetIdentifier {record_set.set_identifier or 'null'} "
                    f"cannot be created as a non-{_policy(record_set)} set exists with the same name and type."
                )

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
            if not any(r.type == record_set.type and r.key != record_set.key for r in self._of_zone(zone, alias)):
                yield missing + "that target was not found"
        elif _is_balancer_name(alias.dns_name) and not _balancer_exists(world, alias.dns_name):
            yield missing + "that target was not found"

    def _of_zone(self, zone: HostedZone, alias: AliasOf) -> list[ResourceRecordSet]:
        if zone.id == self._zone.id:
            return self._at(alias.dns_name)
        return list(self._world.record_sets.by("name", f"{zone.id} {alias.dns_name}"))

    def _at(self, name: str) -> list[ResourceRecordSet]:
        """The record sets at a name after the changes."""
        unchanged = (r for r in self._world.record_sets.each("name", f"{self._zone.id} {name}"))
        changed = (r for r in self._changed.values() if r is not None and r.name == name)
        return [*(r for r in unchanged if r.key not in self._changed), *changed]


def _described(record_set: ResourceRecordSet) -> str:
    """A record set as AWS's messages name it."""
    identifier = f", set-identifier='{record_set.set_identifier}'" if record_set.set_identifier else ""
    return f"[name='{record_set.name}', type='{record_set.type}'{identifier}]"


def _equal(present: ResourceRecordSet, requested: ResourceRecordSet) -> bool:
    """Whether a deletion names what is there; the order of values does not matter."""
    return replace(present, values=tuple(sorted(present.values))) == replace(
        requested, values=tuple(sorted(requested.values))
    )


def _policy(record_set: ResourceRecordSet) -> str:
    """How a record set is chosen among those of its name and type."""
    if record_set.multivalue:
        return "multivalue-answer"
    return "simple" if record_set.weight is None else "weighted"


def _is_balancer_name(name: str) -> bool:
    return name.endswith(".elb.localhost.")


def _balancer_exists(world: World, name: str) -> bool:
    return bool(world.load_balancers.count("dns_name", name.removesuffix(".").removeprefix(_DUAL_STACK)))
