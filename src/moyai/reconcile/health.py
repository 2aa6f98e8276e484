"""The loop that checks the health of instances whose service has a HealthCheckConfig.

Promise: each instance is checked every ``interval`` seconds and first as soon as it is there, at most AT_ONCE of
them at a time; a verdict is written down when it changes. What a streak has come to is only in memory: a process
that starts counts anew and leaves the health as it was until then.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.world import Put, World, table_name
from moyai.kernel.clock import Clock, Instant, Seconds, later
from moyai.plan.cloudmap.checks import Networks, Streak, Target, target
from moyai.ports.probes import Probes
from moyai.ports.store import Key, Store
from moyai.reconcile.work_queue import WorkQueue

AT_ONCE: Final = 64
LOOPBACK: Final = tuple(map(ip_network, ("127.0.0.0/8", "::1/128")))


class CheckSettings(NamedTuple):
    """How often, and who may be asked at all."""

    interval: Seconds = Seconds(30.0)
    networks: Networks = LOOPBACK


class _Known(NamedTuple):
    """What an instance's checks have come to, for as long as it is asked in the same way."""

    target: Target
    registered_at: Instant
    streak: Streak


class HealthChecker:
    """Checks instances. ``run`` it once."""

    def __init__(self, store: Store, clock: Clock, probes: Probes, settings: CheckSettings) -> None:
        self._store, self._clock, self._probes, self._settings = store, clock, probes, settings
        self._queue = WorkQueue(clock)
        self._known: dict[str, _Known] = {}

    async def run(self) -> None:
        """Check until cancelled."""
        await self._queue.serve(self._follow(), self._check, "the health of", workers=AT_ONCE)

    async def _follow(self) -> None:
        async for keys in self._store.watch():
            for instance in sorted(self._touched(self._store.world, keys)):
                self._queue.add(instance)

    def _touched(self, world: World, keys: Iterable[Key]) -> set[str]:
        """Instances that are to be checked otherwise than before: at all, elsewhere, or not any more."""
        instances = {key.key for key in keys if key.table == table_name(DiscoveryInstance)}
        for key in keys:
            if key.table == table_name(DiscoveryService):
                instances |= {one.key for one in world.discovery_instances.each("service", key.key)}
        return {one for one in instances if self._changed(world, one)}

    def _changed(self, world: World, key: str) -> bool:
        known, asked = self._known.get(key), self._target(world, key)
        if known is None or asked is None:
            return known is not None or asked is not None
        return (known.target, known.registered_at) != (asked, world.discovery_instances[key].registered_at)

    async def _check(self, key: str) -> Instant | None:
        """One check; when to make the next one."""
        asked = self._target(self._store.world, key)
        if asked is None:
            self._known.pop(key, None)
            return None
        registered_at = self._store.world.discovery_instances[key].registered_at
        begun = self._clock.now()
        passed = await self._probes.passes(asked)
        if not self._same(key, asked, registered_at):
            return self._clock.now()
        before = self._known.get(key)
        counting = before is not None and (before.target, before.registered_at) == (asked, registered_at)
        streak = (before.streak if before is not None and counting else Streak()).and_then(passed=passed)
        self._known[key] = _Known(asked, registered_at, streak)
        self._conclude(key, streak)
        return later(begun, self._settings.interval)

    def _same(self, key: str, asked: Target, registered_at: Instant) -> bool:
        """Whether what was asked is still what is to be known."""
        now = self._store.world.discovery_instances.get(key)
        return now is not None and now.registered_at == registered_at and self._target(self._store.world, key) == asked

    def _conclude(self, key: str, streak: Streak) -> None:
        instance = self._store.world.discovery_instances[key]
        check = self._store.world.discovery_services[instance.service].health_check
        verdict = None if check is None else streak.verdict(check.threshold)
        if verdict is not None and verdict is not instance.health:
            self._store.apply([Put(replace(instance, health=verdict))])

    def _target(self, world: World, key: str) -> Target | None:
        instance = world.discovery_instances.get(key)
        service = None if instance is None else world.discovery_services.get(instance.service)
        if instance is None or service is None:
            return None
        return target(world, service, instance, self._settings.networks)
