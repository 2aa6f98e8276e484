"""All zones, kept in sync with the World.

Promise: ``refresh`` takes the keys that have changed and updates only what they concern; afterwards the zones agree
with the World, whatever the order of the keys. A change of a namespace or a service updates its instances; any other
change takes constant time. A private namespace is visible only from its VPC and from the host. The name of each load
balancer is a zone of its own. Where several zones match, the one with the longest apex answers, then a private zone
before a public one, then the one that was created first. In a VPC, public zones of its own account answer before those
of other accounts, so that no account can take a name from another.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import dns.exception
import dns.name
from dns.name import Name

from moyai.dns.hosted import HostedNames, PublishedRecordSet, hosted_zone, published_record_set
from moyai.dns.load_balancers import BalancerName, BalancerZone, balancer_names
from moyai.dns.records import Labels, ZoneRecord, records_of
from moyai.dns.stand_ins import StandIns
from moyai.dns.zone import AuthoritativeZone, NamespaceZone, RandomBelow
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.derived import Derived
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.route53.zone import HostedZone, ResourceRecordSet
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World
from moyai.kernel.ids import HostedZoneId, LoadBalancerArn, NamespaceArn, VpcId
from moyai.ports.store import Key

_PRIVATE: Final = 0
_PUBLIC: Final = 1
"""The first part of a zone's preference."""


class _ZoneKey(NamedTuple):
    """The properties of a namespace that identify its zone: when one changes, it is another zone."""

    namespace: NamespaceArn
    apex: Name
    type: NamespaceType
    vpc: VpcId | None


class _Published(NamedTuple):
    """The records of an instance in a zone."""

    zone: _ZoneKey
    records: tuple[ZoneRecord, ...]
    healthy: bool


class Zones:
    """All zones, and the names with a stand-in. ``generation`` grows when a zone or a name with a stand-in is added or
    removed.
    """

    def __init__(self, world: World, random_below: RandomBelow) -> None:
        self.generation = 0
        self.stand_ins = StandIns(world)
        self._world = world
        self._random_below = random_below
        self._namespaces = Derived(world, _namespace, None, Namespace, publish=self._update_zone)
        self._instances = Derived(world, _instance_records, None, DiscoveryInstance, publish=self._update_instance)
        self._balancers = Derived(
            world, balancer_names, tuple[BalancerName, ...](), LoadBalancer, publish=self._update_balancer
        )
        self._hosted_zones = Derived(world, hosted_zone, None, HostedZone, publish=self._update_hosted_zone)
        self._record_sets = Derived(
            world, published_record_set, None, ResourceRecordSet, publish=self._update_record_set
        )
        self._zones: dict[NamespaceArn, NamespaceZone] = {}
        self._hosted: dict[HostedZoneId, HostedNames] = {}
        self._balancer_zones: dict[LoadBalancerArn, list[BalancerZone]] = {}
        self._by_apex: defaultdict[Labels, list[AuthoritativeZone]] = defaultdict(list)

    def __iter__(self) -> Iterator[NamespaceZone]:
        return iter(self._zones.values())

    def add(self, zone: AuthoritativeZone) -> None:
        """Add a zone that is not a namespace's."""
        self._by_apex[zone.labels].append(zone)
        self.generation += 1

    def find_delegated(self, vpc: VpcId | None, name: Labels, cut: Labels) -> AuthoritativeZone | None:
        """The public zone that answers for this name, whose apex is the delegated name ``cut`` or below it."""
        for above in range(len(name) - len(cut) + 1):
            visible = (zone for zone in self._by_apex.get(name[above:], ()) if zone.visible_from(vpc))
            public = [zone for zone in visible if zone.preference[0] == _PUBLIC]
            if public:
                return min(public, key=lambda zone: zone.preference)
        return None

    def find(self, vpc: VpcId | None, name: Labels) -> AuthoritativeZone | None:
        """The zone that answers for this name in the VPC, or for the host when ``vpc`` is None."""
        public_zone: AuthoritativeZone | None = None
        record = None if vpc is None else self._world.vpcs.get(vpc)

        def is_foreign(zone: AuthoritativeZone) -> bool:
            return record is not None and zone.account not in {None, record.scope.account}

        for above in range(len(name)):
            visible = (zone for zone in self._by_apex.get(name[above:], ()) if zone.visible_from(vpc))
            zone = min(visible, key=lambda zone: (zone.preference[0], is_foreign(zone), zone.preference), default=None)
            if zone is None:
                continue
            if vpc is None or zone.preference[0] != _PUBLIC:
                return zone if public_zone is None or zone.preference[0] == _PRIVATE else public_zone
            if public_zone is None or (is_foreign(public_zone) and not is_foreign(zone)):
                public_zone = zone
        return public_zone

    def refresh(self, keys: Iterable[Key]) -> None:
        """Update the zones after these changes."""
        keys = tuple(keys)
        self.generation += self.stand_ins.refresh(keys)
        self._namespaces.follow(keys)
        self._instances.follow(keys)
        self._balancers.follow(keys)
        self._hosted_zones.follow(keys)
        self._record_sets.follow(keys)

    def served_version(self, zone: HostedZoneId) -> int | None:
        """The version of a hosted zone that is answered; None where it is not answered."""
        names = self._hosted.get(zone)
        return None if names is None else names.zone.version

    def _update_zone(self, arn: NamespaceArn, before: Namespace | None, now: Namespace | None) -> None:
        zone, key = self._zones.get(arn), None if now is None else _zone_key(now)
        if zone is not None and before is not None and now is not None and _zone_key(before) == key:
            zone.update(now)
            return
        if zone is not None:
            del self._zones[arn]
            self._by_apex[zone.labels].remove(zone)
        if now is not None and key is not None:
            zone = self._zones[arn] = NamespaceZone(now, key.apex, self._random_below)
            self._by_apex[zone.labels].append(zone)
        self.generation += 1

    def _update_instance(self, key: str, before: _Published | None, now: _Published | None) -> None:
        zone = None if before is None else self._zone(before.zone)
        if zone is not None and before is not None:
            zone.remove(key, before.records)
        zone = None if now is None else self._zone(now.zone)
        if zone is not None and now is not None:
            zone.put(key, now.records, healthy=now.healthy)

    def _update_balancer(self, arn: LoadBalancerArn, _before: object, now: tuple[BalancerName, ...]) -> None:
        for zone in self._balancer_zones.pop(arn, ()):
            self._by_apex[zone.labels].remove(zone)
        if now:
            self._balancer_zones[arn] = [BalancerZone(name, self._random_below) for name in now]
        for zone in self._balancer_zones.get(arn, ()):
            self._by_apex[zone.labels].append(zone)
        self.generation += 1

    def _update_hosted_zone(self, zone_id: HostedZoneId, before: HostedZone | None, now: HostedZone | None) -> None:
        names = self._hosted.get(zone_id)
        if names is not None and before is not None and now is not None:
            names.update(now)
            self.generation += before.vpcs != now.vpcs
            return
        if names is not None:
            del self._hosted[zone_id]
            self._by_apex[names.labels].remove(names)
        if now is not None:
            names = self._hosted[zone_id] = HostedNames(now, self._random_below)
            self._by_apex[names.labels].append(names)
        self.generation += 1

    def _update_record_set(self, key: str, before: PublishedRecordSet | None, now: PublishedRecordSet | None) -> None:
        for published in (before, now):
            names = None if published is None else self._hosted.get(published.zone)
            if names is None or published is None:
                continue
            if published is now:
                names.put(key, published)
            elif now is None:
                names.remove(key, published)

    def _zone(self, key: _ZoneKey) -> NamespaceZone | None:
        """The zone; None when it was removed, together with its records."""
        zone = self._zones.get(key.namespace)
        return zone if zone is not None and _zone_key(zone.namespace) == key else None


def _namespace(world: World, arn: NamespaceArn) -> Namespace | None:
    """The namespace, if it has DNS names."""
    namespace = world.namespaces.get(arn)
    return None if namespace is None or namespace.type is NamespaceType.HTTP else namespace


def _instance_records(world: World, instance_key: str) -> _Published | None:
    instance = world.discovery_instances.get(instance_key)
    service = None if instance is None else world.discovery_services.get(instance.service)
    namespace = None if service is None else _namespace(world, service.namespace)
    zone = None if namespace is None else _zone_key(namespace)
    if instance is None or service is None or zone is None:
        return None
    return _Published(zone, records_of(service, instance, zone.apex), instance.health is not Health.UNHEALTHY)


def _zone_key(namespace: Namespace) -> _ZoneKey | None:
    return _parse_zone_key(namespace.arn, namespace.name, namespace.type, namespace.vpc)


@lru_cache(maxsize=1024)
def _parse_zone_key(namespace: NamespaceArn, name: str, kind: NamespaceType, vpc: VpcId | None) -> _ZoneKey | None:
    """None for a name that is not valid in DNS; the namespace has no zone then."""
    try:
        return _ZoneKey(namespace, dns.name.from_text(name), kind, vpc)
    except dns.exception.DNSException:
        return None
