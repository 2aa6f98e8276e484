"""Plans, carried out.

Promise: nothing is done before what led to it is durable; effects run in their order; a task's sandbox is made when its
networks know it, so it is never open to more than its groups allow and never waits for them; what a runtime
can't have is remembered as a fault for the planner to judge, any other failure goes up to the loop.
"""

from __future__ import annotations

from collections.abc import Sequence

from moyai.domain.appmesh.agent import Agent
from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec
from moyai.kernel.ids import TaskId
from moyai.plan.action import Effect, Name, Prepare, Release, Start, StartMeshProxy, StartProxy, Stop, TurnAway
from moyai.ports.runtime import RuntimeFault
from moyai.reconcile.broadcast import FabricBroadcast
from moyai.reconcile.observe import Observer
from moyai.reconcile.ports import Surroundings


class Executor:
    """Carries out effects."""

    def __init__(self, around: Surroundings, observer: Observer, fabric: FabricBroadcast) -> None:
        self._around = around
        self._observer = observer
        self._fabric = fabric

    async def perform(self, effects: Sequence[Effect]) -> None:
        """Do all of these in turn; what follows a fault is left for another plan.

        Raises RuntimeFault when something can't be stopped or released, StoreFault.
        """
        await self._around.store.durable()
        for effect in effects:
            try:
                await self._do(effect)
            except RuntimeFault as fault:
                task = needing(effect)
                if task is None:
                    raise
                self._observer.fault(task, fault)
                return

    async def _do(self, effect: Effect) -> None:
        runtime = self._around.runtime
        match effect:
            case Prepare(sandbox):
                await self._fabric.cover(sandbox.task)
                await runtime.prepare(sandbox)
            case Start(container):
                await runtime.start(container)
            case StartProxy(task, proxy, name, stop_timeout, log_level, held):
                bootstrap = self._around.feed.bootstrap(proxy)
                await runtime.start_proxy(ProxySpec(task, name, bootstrap, stop_timeout, log_level, held))
            case StartMeshProxy(container, agent):
                await runtime.start_proxy(mesh_proxy(container, agent, self._around.feed.agent_bootstrap(agent)))
            case Name(task, hosts):
                await runtime.set_hosts(task, hosts)
            case TurnAway(task, ports):
                await runtime.reject_new_connections(task, ports)
                self._observer.closed(task)
            case Stop(task, container):
                await runtime.stop(task, container)
            case Release(task):
                await runtime.release(task)


def mesh_proxy(container: ContainerSpec, agent: Agent, bootstrap: bytes) -> ProxySpec:
    """The Envoy that stands for a container."""
    settings = agent.settings
    return ProxySpec(
        task=container.task,
        name=container.name,
        bootstrap=bootstrap,
        stop_timeout=container.stop_timeout,
        log_level=settings.log_level,
        held_output=container.held_output,
        container=container,
        concurrency=settings.concurrency,
        admin_port=settings.admin.port,
    )


def needing(effect: Effect) -> TaskId | None:
    """The task that can't go on when this effect fails; None for those that end something."""
    match effect:
        case Prepare(sandbox):
            return sandbox.task
        case Start(container) | StartMeshProxy(container):
            return container.task
        case StartProxy(task):
            return task
        case _:
            return None
