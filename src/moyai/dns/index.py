"""All zones, kept in step with the world.

Promise: ``refresh`` is told which keys changed and looks only at those; after it the zones say what the world says,
whatever the order of the keys. A change of a service looks at its instances; everything else costs the same
however much there is. Names of a private namespace are seen from its VPC and from the host alone; where two zones
match, the longer name wins, then a private one before a public one, then the one that was created first.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import dns.exception
import dns.name

from moyai.dns.records import Labels, Record, records_of
from moyai.dns.stand_ins import StandIns
from moyai.dns.zone import Dice, Names, Zone
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World, table_name
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn, VpcId
from moyai.ports.store import Key


class _Published(NamedTuple):
    zone: Zone
    service: DiscoveryServiceArn
    records: tuple[Record, ...]
    healthy: bool


class Zones:
    """Every zone there is, and what stands in where none has an answer. ``generation`` grows when a zone or a name that
    is stood in for comes or goes.
    """

    def __init__(self, dice: Dice) -> None:
        self.generation = 0
        self.stand_ins = StandIns()
        self._dice = dice
        self._zones: dict[NamespaceArn, Zone] = {}
        self._by_apex: defaultdict[Labels, list[Names]] = defaultdict(list)
        self._published: dict[str, _Published] = {}
        self._of_service: defaultdict[DiscoveryServiceArn, set[str]] = defaultdict(set)

    def __iter__(self) -> Iterator[Zone]:
        return iter(self._zones.values())

    def add(self, names: Names) -> None:
        """Names that are not Cloud Map's."""
        self._by_apex[names.labels].append(names)
        self.generation += 1

    def find(self, vpc: VpcId | None, name: Labels) -> Names | None:
        """The zone that answers for this name in the VPC, or for the host when ``vpc`` is None."""
        for above in range(len(name)):
            seen = (zone for zone in self._by_apex.get(name[above:], ()) if zone.visible_from(vpc))
            zone = min(seen, key=lambda names: names.preference, default=None)
            if zone is not None:
                return zone
        return None

    def refresh(self, world: World, keys: Iterable[Key]) -> None:
        """Look at what changed."""
        keys = tuple(keys)
        self.generation += self.stand_ins.refresh(world, keys)
        changed: defaultdict[str, list[str]] = defaultdict(list)
        for key in keys:
            changed[key.table].append(key.key)
        stale = set(changed[table_name(DiscoveryInstance)])
        for arn in changed[table_name(Namespace)]:
            stale |= self._namespace(world, NamespaceArn(arn))
        for arn in changed[table_name(DiscoveryService)]:
            stale |= self._instances(world, DiscoveryServiceArn(arn))
        for instance in stale:
            self._instance(world, instance)

    def _namespace(self, world: World, arn: NamespaceArn) -> set[str]:
        """Bring one zone into step; the instances to look at again."""
        zone, namespace = self._zones.get(arn), world.namespaces.get(arn)
        if zone is not None and namespace is not None and _same_place(zone.namespace, namespace):
            zone.become(namespace)
            return set()
        stale = {key for key, published in self._published.items() if published.zone is zone} if zone else set()
        if zone is not None:
            del self._zones[arn]
            self._by_apex[zone.labels].remove(zone)
        if namespace is not None and namespace.type is not NamespaceType.HTTP:
            self._open(namespace)
        self.generation += 1
        services = world.discovery_services.by("namespace", arn)
        return stale.union(*(self._instances(world, service.arn) for service in services))

    def _open(self, namespace: Namespace) -> None:
        try:
            apex = dns.name.from_text(namespace.name)
        except dns.exception.DNSException:  # a name that DNS can't carry isn't found by DNS
            return
        zone = self._zones[namespace.arn] = Zone(namespace, apex, self._dice)
        self._by_apex[zone.labels].append(zone)

    def _instances(self, world: World, service: DiscoveryServiceArn) -> set[str]:
        known = self._of_service.get(service, set())
        return known.union(instance.key for instance in world.discovery_instances.by("service", service))

    def _instance(self, world: World, key: str) -> None:
        """Bring one instance into step."""
        before, now = self._published.get(key), self._wanted(world, key)
        if now == before:
            return
        if before is not None:
            del self._published[key]
            before.zone.withdraw(key, before.records)
            self._of_service[before.service].discard(key)
            if not self._of_service[before.service]:
                del self._of_service[before.service]
        if now is not None:
            self._published[key] = now
            now.zone.put(key, now.records, healthy=now.healthy)
            self._of_service[now.service].add(key)

    def _wanted(self, world: World, key: str) -> _Published | None:
        instance = world.discovery_instances.get(key)
        service = None if instance is None else world.discovery_services.get(instance.service)
        zone = None if service is None else self._zones.get(service.namespace)
        if instance is None or service is None or zone is None:
            return None
        records = records_of(service, instance, zone.apex)
        return _Published(zone, service.arn, records, instance.health is not Health.UNHEALTHY)


def _same_place(before: Namespace, now: Namespace) -> bool:
    return (before.name, before.type, before.vpc) == (now.name, now.type, now.vpc)
