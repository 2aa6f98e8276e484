"""Keeps the runtime's networks and published ports in sync with the World.

Promise: both are derived from the World, and a change recomputes only the parts that it concerns. The runtime is called
when the result has changed, or when the runtime's state may have been lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from moyai.domain.derived import Derived
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import Task
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.sandbox.network_spec import NetworkSpec, PublishedPort
from moyai.domain.world import table_name
from moyai.kernel.ids import TaskId, VpcId
from moyai.plan.network.network_spec import NetworkSpecTracker
from moyai.plan.network.published_ports import published_ports_of, sort_ports
from moyai.ports.runtime import NetworksFailed
from moyai.ports.store import Key
from moyai.reconcile.ports import ReconcilerPorts


class NetworkSync:
    """Keeps the runtime's networks in sync with the World."""

    def __init__(self, ports: ReconcilerPorts) -> None:
        self._ports = ports
        self._networks = NetworkSpecTracker(ports.store.world)
        self._spec = NetworkSpec()
        self._applied_spec: NetworkSpec | None = None
        self._is_computed = asyncio.Event()
        self._lock = asyncio.Lock()

    @property
    def derived_values(self) -> tuple[Derived[Any, Any], ...]:
        """The values from which the networks are computed. ``note`` must be called after an update of one of them."""
        return self._networks.derived

    def follow(self, keys: Iterable[Key]) -> None:
        """Compute the networks after these changes. The first call must have all keys."""
        self._spec = self._networks.follow(keys)
        self._is_computed.set()

    def invalidate(self) -> None:
        """Have the networks applied again: the runtime may have lost some of them."""
        self._applied_spec = None

    async def sync(self) -> None:
        """Apply the networks if they have changed. Raises RuntimeFault; the next call tries again."""
        await self._is_computed.wait()
        async with self._lock:
            spec = self._spec
            if spec != self._applied_spec:
                await self._ports.store.durable()
                await self._ports.runtime.apply_network(spec)
                self._applied_spec = spec

    async def include(self, sandbox: TaskId) -> None:
        """Return when the networks have the rules of this sandbox. A fault of other VPCs is left to ``sync``. Raises
        RuntimeFault.
        """
        await self._is_computed.wait()
        world = self._ports.store.world
        tasks = (Key("task", task.arn) for task in world.tasks.by("id", sandbox))
        instances = (
            Key("container_instance", instance.arn) for instance in world.container_instances.by("id", sandbox)
        )
        balancers = (
            Key(table_name(LoadBalancer), balancer.arn) for balancer in world.load_balancers.by("front", sandbox)
        )
        self.follow([*tasks, *instances, *balancers])
        try:
            await self.sync()
        except NetworksFailed as fault:
            if not fault.vpcs.isdisjoint(_vpcs_of(sandbox, self._spec)):
                raise


def _vpcs_of(sandbox: TaskId, spec: NetworkSpec) -> frozenset[VpcId]:
    return frozenset(vpc.vpc for vpc in spec.vpcs if any(i.task == sandbox for i in vpc.interfaces))


class PublishedPortSync:
    """Keeps the runtime's published ports in sync with the World."""

    def __init__(self, ports: ReconcilerPorts) -> None:
        self._ports = ports
        self._published_ports = Derived(
            ports.store.world,
            published_ports_of,
            tuple[PublishedPort, ...](),
            Task,
            ContainerInstance,
            LoadBalancer,
            publish=self._on_change,
        )
        self._current_ports: tuple[PublishedPort, ...] | None = None
        """The published ports, sorted; None after a change, until ``sync`` computes them again."""
        self._applied_ports: tuple[PublishedPort, ...] | None = None
        self.gateway_ports: Mapping[PublishedPort, int] = {}
        """The runtime's gateway port of each published port that has one."""

    @property
    def derived_values(self) -> tuple[Derived[Any, Any], ...]:
        """The published ports, by task, container instance or load balancer."""
        return (self._published_ports,)

    def follow(self, keys: Iterable[Key]) -> None:
        """Compute the ports after these changes. The first call must have all keys."""
        self._published_ports.follow(keys)

    def invalidate(self) -> None:
        """Have the ports published again: their process may have ended, or a port that was in use may be free."""
        self._applied_ports = None

    async def sync(self) -> None:
        """Publish the ports if they have changed. Raises RuntimeFault; the next call tries again."""
        ports = self._current_ports
        if ports is None:
            ports = self._current_ports = sort_ports(chain.from_iterable(self._published_ports.values.values()))
        if ports != self._applied_ports:
            await self._ports.store.durable()
            self.gateway_ports = await self._ports.runtime.publish(ports)
            self._applied_ports = ports

    def _on_change(self, _key: str, _before: object, _now: object) -> None:
        self._current_ports = None
