"""Proxies for the simulated runtime: each opens a stream in this process and acknowledges what it is sent.

They start and end with the proxy containers that the runtime shows. As often as an Envoy would, they export the
statistics of the calls in their tasks' scripts.
"""

from __future__ import annotations

import asyncio

from moyai.domain.ecs.task import Task
from moyai.domain.sandbox.state import ContainerPhase
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import ProxyId
from moyai.ports.runtime import TaskRuntime
from moyai.ports.store import Store
from moyai.runtime.sim.calls import Push, SimulatedCalls
from moyai.xds.server.feed import Feed
from moyai.xds.server.loopback import LoopbackProxies


async def _ignore(proxy: ProxyId, body: bytes) -> None:
    """Discard the statistics of a proxy."""


class SimulatedProxies:
    """The proxies of a simulated runtime."""

    def __init__(self, store: Store, runtime: TaskRuntime, feed: Feed, clock: Clock, push: Push = _ignore) -> None:
        self._store = store
        self._calls = SimulatedCalls(store, clock, push)
        self._runtime = runtime
        self._feed = feed
        self._clock = clock
        self._proxies = LoopbackProxies(feed)
        self._attached: set[ProxyId] = set()

    async def run(self, interval: Seconds) -> None:
        """Follow the runtime until cancelled; export statistics every ``interval``."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow())
                group.create_task(self._report(interval))
        finally:
            await self._proxies.close()

    async def _follow(self) -> None:
        async for task_id in self._runtime.changes():
            for task in self._store.world.tasks.by("id", task_id):
                await self._follow_task(task)

    async def _follow_task(self, task: Task) -> None:
        proxy = ProxyId(task.arn)
        if await self._runs(task):
            await self._proxies.attach(proxy)
            self._attached.add(proxy)
        else:
            await self._proxies.detach(proxy)
            self._attached.discard(proxy)

    async def _runs(self, task: Task) -> bool:
        sandbox = await self._runtime.inspect(task.id)
        if sandbox is None or task.proxy is None:
            return False
        proxy = sandbox.containers.get(task.proxy.name)
        return proxy is not None and proxy.phase is ContainerPhase.RUNNING

    async def _report(self, interval: Seconds) -> None:
        while True:
            await self._clock.sleep(interval)
            for proxy in tuple(self._attached):
                self._feed.record_report(proxy, self._clock.now())
            await self._calls.play(self._attached)
