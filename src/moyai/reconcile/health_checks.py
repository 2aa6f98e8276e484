"""The loop that checks the health of Cloud Map instances whose service has a HealthCheckConfig.

Promise: each instance is checked as soon as it is registered and then every ``interval`` seconds, with at most AT_ONCE
checks at a time. A changed health is recorded. Streaks of results are only in memory: a new process starts to count
again, and the recorded health stays until a streak is long enough.
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
from moyai.plan.cloudmap.checks import Networks, ProbeTarget, Streak, probe_target
from moyai.ports.outgoing_calls import Probes
from moyai.ports.store import Key, Store
from moyai.reconcile.work_queue import WorkQueue

AT_ONCE: Final = 64
LOOPBACK: Final = tuple(map(ip_network, ("127.0.0.0/8", "::1/128")))


class CheckSettings(NamedTuple):
    """The interval of checks, and the networks whose addresses may be checked."""

    interval: Seconds = Seconds(30.0)
    networks: Networks = LOOPBACK


class _LastCheck(NamedTuple):
    """The streak of an instance's results, for one target and one registration."""

    target: ProbeTarget
    registered_at: Instant
    streak: Streak


class HealthChecker:
    """Checks instances. ``run`` it once."""

    def __init__(self, store: Store, clock: Clock, probes: Probes, settings: CheckSettings) -> None:
        self._store, self._clock, self._probes, self._settings = store, clock, probes, settings
        self._queue = WorkQueue(clock)
        self._last_checks: dict[str, _LastCheck] = {}

    async def run(self) -> None:
        """Check each instance once per interval, until cancelled."""
        await self._queue.serve(self._store, self._concerned_instances, self._check, "the health of", workers=AT_ONCE)

    def _concerned_instances(self, keys: Iterable[Key]) -> set[str]:
        """Instances whose checks begin, end, or have another target because of these changes."""
        world = self._store.world
        instances = {key.key for key in keys if key.table == table_name(DiscoveryInstance)}
        for key in keys:
            if key.table == table_name(DiscoveryService):
                instances |= {instance.key for instance in world.discovery_instances.each("service", key.key)}
        return {instance for instance in instances if self._has_changed(world, instance)}

    def _has_changed(self, world: World, key: str) -> bool:
        before, target = self._last_checks.get(key), self._target(world, key)
        if before is None or target is None:
            return before is not None or target is not None
        return (before.target, before.registered_at) != (target, world.discovery_instances[key].registered_at)

    async def _check(self, key: str) -> Instant | None:
        """Make one check; returns when the next one is due."""
        target = self._target(self._store.world, key)
        if target is None:
            self._last_checks.pop(key, None)
            return None
        registered_at = self._store.world.discovery_instances[key].registered_at
        started_at = self._clock.now()
        has_passed = await self._probes.passes(target)
        if not self._is_current(key, target, registered_at):
            return self._clock.now()
        before = self._last_checks.get(key)
        counting = before is not None and (before.target, before.registered_at) == (target, registered_at)
        streak = (before.streak if before is not None and counting else Streak()).and_then(has_passed=has_passed)
        self._last_checks[key] = _LastCheck(target, registered_at, streak)
        self._record(key, streak)
        return later(started_at, self._settings.interval)

    def _is_current(self, key: str, target: ProbeTarget, registered_at: Instant) -> bool:
        """Whether the instance still has the target and the registration that were checked."""
        instance = self._store.world.discovery_instances.get(key)
        if instance is None or instance.registered_at != registered_at:
            return False
        return self._target(self._store.world, key) == target

    def _record(self, key: str, streak: Streak) -> None:
        instance = self._store.world.discovery_instances[key]
        check = self._store.world.discovery_services[instance.service].health_check
        verdict = None if check is None else streak.verdict(check.threshold)
        if verdict is not None and verdict is not instance.health:
            self._store.apply([Put(replace(instance, health=verdict))])

    def _target(self, world: World, key: str) -> ProbeTarget | None:
        instance = world.discovery_instances.get(key)
        service = None if instance is None else world.discovery_services.get(instance.service)
        if instance is None or service is None:
            return None
        return probe_target(world, service, instance, self._settings.networks)
