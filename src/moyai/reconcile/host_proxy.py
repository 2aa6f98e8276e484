"""The reconciler of the host's proxy, and the tasks that wait for it.

Promise: like the reconciler of tasks, it is level-triggered: it plans again when a task that shares the proxy is
started or removed, and when the proxy's sandbox changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from moyai.domain.ecs.task import Task
from moyai.domain.sandbox.host_proxy import HOST_SANDBOX
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskId
from moyai.plan.action import Plan
from moyai.plan.host_proxy import needs_host_proxy, plan_host_proxy
from moyai.ports.store import Key
from moyai.reconcile.execute import Executor
from moyai.reconcile.observe import Observer
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.work_queue import WorkQueue


class HostProxyLoop:
    """Reconciles the host's proxy. ``run`` it once."""

    def __init__(self, ports: ReconcilerPorts, observer: Observer, executor: Executor) -> None:
        self._ports, self._observer, self._executor = ports, observer, executor
        self._queue = WorkQueue(ports.clock)

    @property
    def sandboxes(self) -> frozenset[TaskId]:
        """The sandbox of the proxy, if it is needed."""
        return frozenset({HOST_SANDBOX} if needs_host_proxy(self._ports.store.world) else ())

    async def run_timers(self) -> None:
        """Queue the proxy when its next step is due, until cancelled."""
        await self._queue.run_timers()

    async def run(self) -> None:
        """Reconcile until cancelled."""
        await self._queue.run_worker(self._reconcile, "the proxy of this host:")

    def follow(self, keys: Iterable[Key]) -> None:
        """Queue the proxy if these changes may concern it."""
        tasks = self._ports.store.world.tasks
        records = (tasks.get(key.key) for key in keys if key.table == "task")
        if any(task is None or task.shares_proxy for task in records):
            self.add()

    def add(self) -> None:
        """Queue the proxy."""
        self._queue.add(HOST_SANDBOX)

    async def _reconcile(self, _key: str) -> Instant | None:
        return await self._executor.carry_out(self._plan)

    async def _plan(self) -> Plan:
        ports = self._ports
        observed = await self._observer.observe_host_proxy()
        return plan_host_proxy(ports.store.world, observed, ports.clock.now())


def sharing_tasks(world: World) -> Iterator[Task]:
    """The tasks that share the host's proxy."""
    return (task for task in world.tasks.by("alive", "yes") if task.shares_proxy)
