"""Carries out the effects of a plan.

Promise: an effect is carried out only when the changes that led to it are durable, and effects keep their order. A
task's sandbox is made after the networks have its rules, so it is never open to more than its security groups allow.
When the runtime can't make something, the fault is recorded for the planner to decide about; any other failure is
raised.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from moyai.domain.appmesh.agent_settings import Agent
from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import TaskId
from moyai.plan.action import (
    Effect,
    Plan,
    PrepareSandbox,
    PullImages,
    RejectNewConnections,
    ReleaseSandbox,
    SetAddresses,
    StartContainer,
    StartMeshProxy,
    StartProxy,
    StopContainer,
    WriteHosts,
)
from moyai.ports.runtime import RuntimeFault
from moyai.reconcile.networks import NetworkSync
from moyai.reconcile.observe import Observer
from moyai.reconcile.ports import ReconcilerPorts

_MAX_STEPS: Final = 20
"""The most plans for one key in a row; then the key is queued again, behind others."""


class Executor:
    """Carries out a plan's effects by calls of the runtime."""

    def __init__(self, ports: ReconcilerPorts, observer: Observer, networks: NetworkSync) -> None:
        self._ports = ports
        self._observer = observer
        self._networks = networks

    async def carry_out(self, next_plan: Callable[[], Awaitable[Plan]]) -> Instant | None:
        """Plan and act until there is nothing to do now; returns when to plan again. ``next_plan`` observes, plans and
        records the changes.

        A plan with the effects that were just carried out means that their outcome can't be observed yet.
        """
        last_effects: tuple[Effect, ...] = ()
        for _ in range(_MAX_STEPS):
            plan = await next_plan()
            if plan.effects and plan.effects != last_effects:
                await self.perform(plan.effects)
                last_effects = plan.effects
            elif not plan.changes:
                return plan.wake_at
        return later(self._ports.clock.now(), 0.1)

    async def perform(self, effects: Sequence[Effect]) -> None:
        """Carry out these effects in turn. After a fault, the next plan decides about the rest.

        Raises RuntimeFault when something can't be stopped or released, and StoreFault.
        """
        await self._ports.store.durable()
        for effect in effects:
            try:
                await self._perform(effect)
            except RuntimeFault as fault:
                task = failing_task(effect)
                if task is None:
                    raise
                self._observer.record_fault(task, fault)
                return

    async def _perform(self, effect: Effect) -> None:
        runtime = self._ports.runtime
        match effect:
            case PrepareSandbox(sandbox):
                await self._networks.include(sandbox.task)
                await runtime.prepare(sandbox)
            case SetAddresses(task, addresses):
                await self._networks.include(task)
                await runtime.set_addresses(task, addresses)
            case PullImages(task, images):
                await runtime.pull(task, images)
            case StartContainer(container):
                await runtime.start(container)
            case StartProxy() | StartMeshProxy():
                await runtime.start_proxy(self._proxy(effect))
            case WriteHosts(task, hosts):
                await runtime.set_hosts(task, hosts)
            case RejectNewConnections(task, ports):
                await runtime.reject_new_connections(task, ports)
                self._observer.record_rejecting(task)
            case StopContainer(task, container):
                await runtime.stop(task, container)
            case ReleaseSandbox(task):
                await runtime.release(task)

    def _proxy(self, effect: StartProxy | StartMeshProxy) -> ProxySpec:
        feed = self._ports.feed
        if isinstance(effect, StartProxy):
            return own_proxy(effect, feed.bootstrap(effect.proxy))
        return mesh_proxy(effect.container, effect.agent, feed.agent_bootstrap(effect.agent))


def own_proxy(start: StartProxy, bootstrap: bytes) -> ProxySpec:
    """The Envoy that moyai itself adds to a sandbox."""
    return ProxySpec(
        task=start.task,
        name=start.name,
        bootstrap=bootstrap,
        stop_timeout=start.stop_timeout,
        log_level=start.log_level,
        held_output=start.held_output,
        concurrency=start.concurrency,
        flush_interval=start.flush_interval,
        attempt=start.attempt,
        serves_host=start.serves_host,
    )


def mesh_proxy(container: ContainerSpec, agent: Agent, bootstrap: bytes) -> ProxySpec:
    """The Envoy that replaces a container with App Mesh's image."""
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


def failing_task(effect: Effect) -> TaskId | None:
    """The task that fails with this effect; None for effects that stop or release something."""
    match effect:
        case PrepareSandbox(sandbox):
            return sandbox.task
        case StartContainer(container) | StartMeshProxy(container):
            return container.task
        case PullImages(task) | StartProxy(task) | SetAddresses(task):
            return task
        case _:
            return None
