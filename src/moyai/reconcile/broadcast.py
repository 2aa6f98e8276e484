"""The networks that tasks stand in, and the ports on the host's loopback: what a runtime is told of the world as a
whole.

Promise: both are projections of the world, of which only what a change touches is made anew; a runtime is told when
they are others than last time, or may have died there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import chain
from typing import Any

from moyai.domain.derived import Derived
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import Task
from moyai.domain.sandbox.fabric import Fabric
from moyai.domain.sandbox.spec import PublishedPort
from moyai.kernel.ids import TaskId
from moyai.plan.fabric import Fabrics
from moyai.plan.publish import in_order, ports_of
from moyai.ports.store import Key
from moyai.reconcile.ports import Surroundings


class FabricBroadcast:
    """Keeps the runtime's networks those of the world."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._fabrics = Fabrics(around.store.world)
        self._wanted = Fabric()
        self._shaped: Fabric | None = None
        self._told = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    @property
    def derived(self) -> tuple[Derived[Any, Any], ...]:
        """What the networks are made from; whoever updates one of these calls ``note`` after that."""
        return self._fabrics.derived

    def note(self, keys: Iterable[Key]) -> None:
        """See what these changes come to. The first time it must be told of everything there is."""
        self._wanted = self._fabrics.follow(keys)
        self._told.set()

    def doubt(self) -> None:
        """Shape again next time: something may have died since."""
        self._shaped = None

    async def follow(self) -> None:
        """Shape when anything differs from last time. Raises RuntimeFault; then it is tried again."""
        await self._told.wait()
        async with self._one_at_a_time:
            wanted = self._wanted
            if wanted != self._shaped:
                await self._around.store.durable()
                await self._around.runtime.apply_network(wanted)
                self._shaped = wanted

    async def cover(self, sandbox: TaskId) -> None:
        """Return when the networks know whose sandbox it is: its rules are there before it. Raises RuntimeFault."""
        await self._told.wait()
        world = self._around.store.world
        tasks = (Key("task", task.arn) for task in world.tasks.by("id", sandbox))
        instances = (Key("container_instance", one.arn) for one in world.container_instances.by("id", sandbox))
        self.note([*tasks, *instances])
        await self.follow()


class PortBroadcast:
    """Keeps the runtime's public ports those of the world."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._ports = Derived(
            around.store.world, ports_of, tuple[PublishedPort, ...](), Task, ContainerInstance, publish=self._change
        )
        self._wanted: tuple[PublishedPort, ...] | None = None
        """None: the ports of some task or instance are others than when this was put together."""
        self._published: tuple[PublishedPort, ...] | None = None

    @property
    def derived(self) -> tuple[Derived[Any, Any], ...]:
        """What is published, by the task or container instance."""
        return (self._ports,)

    def note(self, keys: Iterable[Key]) -> None:
        """See what these changes come to. The first time it must be told of everything there is."""
        self._ports.follow(keys)

    def doubt(self) -> None:
        """Publish again next time: what answered may have died since, and a port that was taken may be free."""
        self._published = None

    async def follow(self) -> None:
        """Publish when anything differs from last time. Raises RuntimeFault; then it is tried again."""
        ports = self._wanted
        if ports is None:
            ports = self._wanted = in_order(chain.from_iterable(self._ports.values.values()))
        if ports != self._published:
            await self._around.store.durable()
            await self._around.runtime.publish(ports)
            self._published = ports

    def _change(self, _key: str, _before: object, _now: object) -> None:
        self._wanted = None
