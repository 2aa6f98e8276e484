"""All zones, kept in step with the world.

Promise: ``refresh`` is told which keys changed and looks only at what those concern; after it the zones say what the
world says, whatever the order of the keys. A change of a namespace or a service looks at its instances; everything else
costs the same however much there is. Names of a private namespace are seen from its VPC and from the host alone; where
two zones match, the longer name wins, then a private one before a public one, then the one that was created first.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import dns.exception
import dns.name
from dns.name import Name

from moyai.dns.records import Labels, Record, records_of
from moyai.dns.stand_ins import StandIns
from moyai.dns.zone import Dice, Names, Zone
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.derived import Derived
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World
from moyai.kernel.ids import NamespaceArn, VpcId
from moyai.ports.store import Key


class _Place(NamedTuple):
    """What of a namespace decides which zone it is. ``apex``: the zone's own name."""

    namespace: NamespaceArn
    apex: Name
    type: NamespaceType
    vpc: VpcId | None


class _Published(NamedTuple):
    """An instance in a zone."""

    place: _Place
    records: tuple[Record, ...]
    healthy: bool


class Zones:
    """Every zone there is, and what stands in where none has an answer. ``generation`` grows when a zone or a name that
    is stood in for comes or goes.
    """

    def __init__(self, world: World, dice: Dice) -> None:
        self.generation = 0
        self.stand_ins = StandIns(world)
        self._dice = dice
        self._namespaces = Derived(world, _namespace, None, Namespace, publish=self._open)
        self._instances = Derived(world, _wanted, None, DiscoveryInstance, publish=self._publish)
        self._zones: dict[NamespaceArn, Zone] = {}
        self._by_apex: defaultdict[Labels, list[Names]] = defaultdict(list)

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

    def refresh(self, keys: Iterable[Key]) -> None:
        """Look at what changed."""
        keys = tuple(keys)
        self.generation += self.stand_ins.refresh(keys)
        self._namespaces.follow(keys)
        self._instances.follow(keys)

    def _open(self, arn: NamespaceArn, before: Namespace | None, now: Namespace | None) -> None:
        """Bring one zone into step."""
        zone, place = self._zones.get(arn), None if now is None else _place(now)
        if zone is not None and before is not None and now is not None and _place(before) == place:
            zone.become(now)
            return
        if zone is not None:
            del self._zones[arn]
            self._by_apex[zone.labels].remove(zone)
        if now is not None and place is not None:
            zone = self._zones[arn] = Zone(now, place.apex, self._dice)
            self._by_apex[zone.labels].append(zone)
        self.generation += 1

    def _publish(self, key: str, before: _Published | None, now: _Published | None) -> None:
        """Bring one instance into step."""
        zone = None if before is None else self._zone(before.place)
        if zone is not None and before is not None:
            zone.withdraw(key, before.records)
        zone = None if now is None else self._zone(now.place)
        if zone is not None and now is not None:
            zone.put(key, now.records, healthy=now.healthy)

    def _zone(self, place: _Place) -> Zone | None:
        """The zone, unless it is gone, and with it what was published there."""
        zone = self._zones.get(place.namespace)
        return zone if zone is not None and _place(zone.namespace) == place else None


def _namespace(world: World, arn: NamespaceArn) -> Namespace | None:
    """The namespace, if it is one of DNS."""
    found = world.namespaces.get(arn)
    return None if found is None or found.type is NamespaceType.HTTP else found


def _wanted(world: World, key: str) -> _Published | None:
    instance = world.discovery_instances.get(key)
    service = None if instance is None else world.discovery_services.get(instance.service)
    namespace = None if service is None else _namespace(world, service.namespace)
    place = None if namespace is None else _place(namespace)
    if instance is None or service is None or place is None:
        return None
    return _Published(place, records_of(service, instance, place.apex), instance.health is not Health.UNHEALTHY)


def _place(namespace: Namespace) -> _Place | None:
    return _place_of(namespace.arn, namespace.name, namespace.type, namespace.vpc)


@lru_cache(maxsize=1024)
def _place_of(namespace: NamespaceArn, name: str, of: NamespaceType, vpc: VpcId | None) -> _Place | None:
    """None for a name that DNS can't carry: it isn't found by DNS."""
    try:
        return _Place(namespace, dns.name.from_text(name), of, vpc)
    except dns.exception.DNSException:
        return None
