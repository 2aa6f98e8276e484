"""Proxies for the simulated runtime: each opens a stream in this process and acknowledges what it is sent.

They start and end with the proxy containers of the runtime. As often as an Envoy would, they export the statistics of
the calls in their tasks' scripts.
"""

from __future__ import annotations

import asyncio

from moyai.domain.elb.front import FRONT_NAME, front_proxy, front_sandbox, vpc_of_front
from moyai.domain.sandbox.host_proxy import HOST_PROXY, HOST_PROXY_NAME, HOST_SANDBOX
from moyai.domain.sandbox.state import ContainerPhase, ProxyEndpoint
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import ProxyId, TaskId
from moyai.mesh.ir import EndpointGroupSource, MeshIR
from moyai.ports.store import Store
from moyai.runtime.sim.calls import Push, SimulatedCalls
from moyai.runtime.sim.runtime import SimRuntime
from moyai.xds.server.feed import Feed
from moyai.xds.server.loopback import LoopbackProxies


async def _ignore(proxy: ProxyId, body: bytes) -> None:
    """Discard the statistics of a proxy."""


class SimulatedProxies:
    """The proxies of a simulated runtime."""

    def __init__(self, store: Store, runtime: SimRuntime, feed: Feed, clock: Clock, push: Push = _ignore) -> None:
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
                group.create_task(self._follow_fronts())
                group.create_task(self._report(interval))
        finally:
            await self._proxies.close()

    async def _follow(self) -> None:
        async for task_id in self._runtime.changes():
            world = self._store.world
            for task in world.tasks.by("id", task_id):
                if task.proxy is not None:
                    await self._follow_proxy(task.id, task.proxy.name, ProxyId(task.arn))
            if task_id == HOST_SANDBOX:
                await self._follow_proxy(task_id, HOST_PROXY_NAME, HOST_PROXY)
            for vpc in {balancer.vpc for balancer in world.load_balancers.by("front", task_id)}:
                await self._follow_proxy(task_id, FRONT_NAME, front_proxy(vpc))

    async def _follow_proxy(self, sandbox: TaskId, name: str, proxy: ProxyId) -> None:
        if await self._runs(sandbox, name):
            await self._proxies.attach(proxy)
            self._attached.add(proxy)
        else:
            await self._proxies.detach(proxy)
            self._attached.discard(proxy)

    async def _runs(self, sandbox: TaskId, name: str) -> bool:
        state = await self._runtime.inspect(sandbox)
        proxy = None if state is None else state.containers.get(name)
        return proxy is not None and proxy.phase is ContainerPhase.RUNNING

    async def _follow_fronts(self) -> None:
        """Give the simulated front proxies the endpoints in their configuration."""
        async for proxy in self._feed.changes():
            vpc = vpc_of_front(proxy)
            if vpc is not None:
                self._runtime.set_endpoints(front_sandbox(vpc), endpoints_of(self._feed.published_mesh(proxy)))

    async def _report(self, interval: Seconds) -> None:
        while True:
            await self._clock.sleep(interval)
            for proxy in tuple(self._attached):
                self._feed.record_report(proxy, self._clock.now())
            await self._calls.play(self._attached)


def endpoints_of(mesh: MeshIR) -> tuple[ProxyEndpoint, ...]:
    """The endpoints of all clusters in the configuration of one proxy."""
    sources = (
        (d.label, d.source.group) for d in mesh.destinations.values() if isinstance(d.source, EndpointGroupSource)
    )
    return tuple(
        ProxyEndpoint(label, member.address, member.port, draining=member.draining)
        for label, group in sources
        for member in mesh.groups[group].members
    )
