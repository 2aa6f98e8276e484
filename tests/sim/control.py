"""A whole control plane over simulated tasks, on one clock and one seed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import Observed
from moyai.kernel.ids import ServiceArn
from moyai.plan.action import Plan
from moyai.plan.life import plan_task
from moyai.plan.scheduler import plan_service
from moyai.reconcile.loop import Reconciler
from moyai.reconcile.observe import Observer
from moyai.reconcile.surroundings import Surroundings
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import Builder
from tests.sim.feed import ClockedFeed


class Installation:
    """A runtime and a clock that outlive any control plane, and the control plane of the moment."""

    def __init__(self, seed: int) -> None:
        self.clock = ManualClock()
        self.ids = SeededIds(seed)
        self.runtime = SimRuntime(self.clock)
        self.store = MemoryStore()
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.feed = ClockedFeed(self.clock, self.store)
        self.around = Surroundings(self.store, self.runtime, self.feed, self.clock, self.ids)
        self.build = Builder(self.store, self.clock, self.ids)
        self._running = [asyncio.create_task(Reconciler(self.around).run()), asyncio.create_task(self.feed.run())]

    async def crash(self) -> None:
        for task in self._running:
            task.cancel()
        for task in self._running:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def restart(self) -> None:
        """Another control plane, on what the last one had made durable."""
        await self.crash()
        self.store = MemoryStore(self.store.saved())
        self.start()

    async def until(self, condition: Callable[[], bool], within: float = 600.0) -> None:
        await self.clock.until(condition, within)

    async def steady(self, service: ServiceArn, within: float = 600.0) -> None:
        await self.until(lambda: self.is_steady(service), within)

    def is_steady(self, service: ServiceArn) -> bool:
        known = self.store.world.services[service]
        return known.steady_at is not None and all(
            t.last_status is TaskStatus.RUNNING for t in self.build.tasks(service)
        )

    async def plans_left(self) -> list[Plan]:
        """What would still be done, were the control plane asked now: nothing, once all is at rest."""
        observer = Observer(self.around)
        world, now = self.store.world, self.clock.now()
        plans = [plan_service(world, Observed(), s.arn, now, self.ids) for s in world.services]
        for task in list(world.tasks):
            plans.append(plan_task(world, await observer.look(task.arn), task.arn, now, self.ids))
        return [p for p in plans if p.actions]
