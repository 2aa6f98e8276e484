"""A power cut after any action that one likes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from moyai.domain.sandbox.network import AwsvpcNetwork, HostName, SubnetAddress
from moyai.domain.sandbox.network_spec import NetworkSpec
from moyai.domain.sandbox.spec import ContainerSpec, ProxySpec, SandboxSpec
from moyai.domain.sandbox.state import SandboxState
from moyai.domain.world import Change
from moyai.kernel.clock import Clock
from moyai.kernel.ids import TaskId
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore


class Fuse:
    """Lets ``actions`` more pass; from the next one on everything stands still until it is mended."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.passed = 0

    @property
    def blown(self) -> bool:
        return self.left == 0

    def set(self, actions: int) -> None:
        self.left = actions

    def mend(self) -> None:
        self.left = None

    async def count(self) -> None:
        if self.left:
            self.left -= 1
        if self.blown:
            await asyncio.Event().wait()
        self.passed += 1


class FusedStore(MemoryStore):
    """The cut comes before anything is on disk."""

    fuse: Fuse
    written = 0
    """How many changes there were to records."""

    def apply(self, changes: Sequence[Change]) -> None:
        super().apply(changes)
        self.written += len(changes)

    async def durable(self, rollbacks: int | None = None) -> None:
        await self.fuse.count()
        await super().durable(rollbacks)

    async def acknowledge(self) -> None:
        """Make a change durable, as the gateway does before it answers, without a cut."""
        await super().durable()


class FusedRuntime(SimRuntime):
    """The cut comes after the verb has acted and before its result is seen."""

    def __init__(self, clock: Clock, fuse: Fuse) -> None:
        super().__init__(clock)
        self._fuse = fuse
        self._seen = self.network_spec
        self._standing: frozenset[TaskId] = frozenset()
        """The tasks in ``_seen``, the networks as they were last looked at."""
        self.strangers: list[TaskId] = []
        """Those with an interface of their own whose sandbox was made before the networks knew them."""
        self.looks = 0
        """How often a task was looked at."""

    async def inspect(self, task: TaskId) -> SandboxState | None:
        self.looks += 1
        return await super().inspect(task)

    async def apply_network(self, spec: NetworkSpec) -> None:
        await self._do(super().apply_network(spec))

    async def prepare(self, sandbox: SandboxSpec) -> None:
        if self.network_spec is not self._seen:
            self._seen = self.network_spec
            self._standing = frozenset(i.task for vpc in self.network_spec.vpcs for i in vpc.interfaces)
        if isinstance(sandbox.network, AwsvpcNetwork) and sandbox.task not in self._standing:
            self.strangers.append(sandbox.task)
        await self._do(super().prepare(sandbox))

    async def start(self, container: ContainerSpec) -> None:
        await self._do(super().start(container))

    async def start_proxy(self, proxy: ProxySpec) -> None:
        await self._do(super().start_proxy(proxy))

    async def set_hosts(self, task: TaskId, hosts: Sequence[HostName]) -> None:
        await self._do(super().set_hosts(task, hosts))

    async def set_addresses(self, task: TaskId, addresses: Sequence[SubnetAddress]) -> None:
        await self._do(super().set_addresses(task, addresses))

    async def stop(self, task: TaskId, container: str) -> None:
        await self._do(super().stop(task, container))

    async def release(self, task: TaskId) -> None:
        await self._do(super().release(task))

    async def _do(self, verb: Any) -> None:
        if self._fuse.blown:
            verb.close()
            await asyncio.Event().wait()
        await verb
        await self._fuse.count()
