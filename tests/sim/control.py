"""A whole control plane over simulated tasks, on one clock and one seed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from moyai.app.simulated_proxies import SimulatedProxies
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Seconds
from moyai.kernel.ids import ProxyId, ServiceArn
from moyai.pki.library import CryptographyPki
from moyai.plan.action import Plan
from moyai.plan.capacity.container_instance import plan_instance
from moyai.plan.certificates.server_certificate import plan_certificates
from moyai.plan.daemon.scheduler import plan_daemon
from moyai.plan.elb.front import plan_front
from moyai.plan.service.scheduler import plan_service
from moyai.plan.task.lifecycle import plan_task
from moyai.reconcile.certificates import CertificateLoop
from moyai.reconcile.loop import Reconciler
from moyai.reconcile.observe import Observer, observe_service
from moyai.reconcile.ports import ReconcilerPorts
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import Builder
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.sim.fuse import Fuse, FusedRuntime, FusedStore

RENEWAL = 5 * 86400.0
"""A certificate's, in seconds."""
REPORTS = Seconds(5.0)
"""How often a proxy sends its statistics."""


class Installation:
    """A runtime and a clock that outlive any control plane, and the control plane of the moment."""

    def __init__(self, seed: int) -> None:
        self.clock = ManualClock()
        self.ids = SeededIds(seed)
        self.fuse = Fuse()
        self.runtime = FusedRuntime(self.clock, self.fuse)
        self.store = self._store()
        self._running: list[asyncio.Task[None]] = []
        self.crashes = 0
        self.reports: list[tuple[ProxyId, bytes]] = []
        """What proxies have reported, oldest first."""

    def start(self) -> None:
        self.feed = Feed(BootstrapSettings(REPORTS))
        self.ports = ReconcilerPorts(self.store, self.runtime, self.feed, self.clock, self.ids)
        self.build = Builder(self.store, self.clock, self.ids)
        proxies = SimulatedProxies(self.store, self.runtime, self.feed, self.clock, self._record_report)
        certifier = CertificateLoop(self.ports, CryptographyPki(), RENEWAL)
        work = (Reconciler(self.ports).run(), proxies.run(REPORTS), certifier.run())
        self._running = [asyncio.create_task(w) for w in work]

    async def _record_report(self, proxy: ProxyId, body: bytes) -> None:
        self.reports.append((proxy, body))

    async def crash(self) -> None:
        for task in self._running:
            task.cancel()
        for task in self._running:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def restart(self) -> None:
        """Another control plane, on what the last one had made durable."""
        await self.crash()
        self.crashes += 1
        self.fuse.mend()
        self.store = self._store(self.store.saved_records())
        self.start()

    def _store(self, records: Sequence[StoredRecord] = ()) -> FusedStore:
        store = FusedStore(records)
        store.fuse = self.fuse
        return store

    async def until(self, condition: Callable[[], bool], within: float = 600.0) -> None:
        """Let time pass until it is so; a blown fuse on the way is a crash and a restart."""
        await self.store.acknowledge()
        await self.clock.until(lambda: self.fuse.blown or condition(), within)
        if self.fuse.blown:
            await self.restart()
            await self.clock.until(condition, within)

    async def steady(self, service: ServiceArn, within: float = 600.0) -> None:
        await self.until(lambda: self.is_steady(service), within)

    def is_steady(self, service: ServiceArn) -> bool:
        current_service = self.store.world.services[service]
        return current_service.steady_at is not None and all(
            t.last_status is TaskStatus.RUNNING for t in self.build.tasks(service)
        )

    async def plans_left(self) -> list[Plan]:
        """The plans that the control plane would still make now; none, once it is at rest."""
        observer = Observer(self.ports)
        world, now = self.store.world, self.clock.now()
        plans = [plan_service(world, observe_service(self.ports, s.arn), s.arn, now, self.ids) for s in world.services]
        plans += [plan_daemon(world, daemon.arn, now, self.ids) for daemon in world.daemons]
        seen = {task.arn: await observer.observe_task(task.arn) for task in world.tasks}
        plans += [plan_task(world, observed, task, now, self.ids) for task, observed in seen.items()]
        hosts = [i.arn for i in world.container_instances]
        plans += [plan_instance(world, await observer.observe_instance(host), host, now) for host in hosts]
        vpcs = {group.vpc for group in world.target_groups} | {balancer.vpc for balancer in world.load_balancers}
        published = frozenset(balancer.arn for balancer in world.load_balancers)
        fronts = {vpc: replace(await observer.observe_front(vpc), published=published) for vpc in sorted(vpcs)}
        plans += [plan_front(world, observed, vpc, now) for vpc, observed in fronts.items()]
        certificates = [plan_certificates(world, s.arn, RENEWAL, now, self.ids) for s in world.services]
        assert not [p for p in certificates if p.changes or p.orders]
        return [p for p in plans if p.actions]
