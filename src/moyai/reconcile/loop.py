"""The reconciler of tasks, services, daemons and container instances; front proxies have their own, in ``fronts.py``.

Promise: level-triggered, not edge-triggered. Notifications (of the store, the runtime, the feed and the clock) only say
which key to reconcile. Each reconciliation observes the World and the runtime anew, so a lost notification costs at
most RESYNC seconds. One worker at a time works on a key, and nothing is awaited between a plan and the record of its
changes. A failure does not block other keys: it is logged, and the key is tried again later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Final

from moyai.domain.derived import Derived
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.sandbox.host_proxy import HOST_PROXY, HOST_SANDBOX
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant, Seconds
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import ContainerInstanceArn, DaemonArn, ServiceArn, TaskArn
from moyai.mesh.app_mesh import AppMeshOptions
from moyai.plan.action import Plan
from moyai.plan.capacity.container_instance import plan_instance, sandbox_of
from moyai.plan.daemon.scheduler import plan_daemon
from moyai.plan.service.scheduler import plan_service
from moyai.plan.task.lifecycle import plan_task
from moyai.ports.runtime import NotStopped
from moyai.ports.store import Key
from moyai.reconcile.affected import affected_keys
from moyai.reconcile.derived_values import (
    attempt,
    draining_tasks,
    publish_changes,
    recompute,
    shifting_services,
    workload_meshes,
)
from moyai.reconcile.execute import Executor
from moyai.reconcile.file_systems import FileSystemLoop
from moyai.reconcile.fronts import FrontLoop
from moyai.reconcile.host_proxy import HostProxyLoop, sharing_tasks
from moyai.reconcile.names import NameChanges
from moyai.reconcile.namespace_meshes import NamespaceMeshes
from moyai.reconcile.networks import NetworkSync, PublishedPortSync
from moyai.reconcile.observe import Observer, observe_service
from moyai.reconcile.operations import OperationLoop
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.retention import GarbageCollector
from moyai.reconcile.work_queue import WorkQueue

WORKERS = 16
"""Keys worked on at the same time."""

RESYNC = 30.0
"""Seconds between two reconciliations of everything."""

NAME_DELAY = Seconds(2.0)
"""From a change of names until services are reconciled for it."""

_DEFAULTS: Final = AppMeshOptions()
_log = logging.getLogger(__name__)


class Reconciler:
    """Reconciles tasks, services, daemons and container instances, and publishes the mesh. ``run`` it once."""

    def __init__(self, ports: ReconcilerPorts, app_mesh: AppMeshOptions = _DEFAULTS) -> None:
        self._ports = ports
        self.queue = WorkQueue(ports.clock)
        self._observer = Observer(ports)
        self._networks = NetworkSync(ports)
        self._executor = Executor(ports, self._observer, self._networks)
        self._fronts = FrontLoop(ports, self._observer, self._executor)
        self._host_proxy = HostProxyLoop(ports, self._observer, self._executor)
        world = ports.store.world
        self._namespace_meshes = NamespaceMeshes(world, ports.feed)
        self._workload_meshes = workload_meshes(world, ports.feed, app_mesh)
        self._names = NameChanges(world)
        self.published_ports = PublishedPortSync(ports)
        self._networks_changed, self._public_ports_changed = asyncio.Event(), asyncio.Event()
        self._draining, self._shifting = draining_tasks(world), shifting_services(world)
        self._derived: tuple[Derived[Any, Any], ...] = (
            *(self._workload_meshes, self._draining, self._shifting),
            *(self._namespace_meshes, *self._names.derived_values),
            self._fronts.meshes,
            *(*self._networks.derived_values, *self.published_ports.derived_values),
        )

    async def run(self) -> None:
        """Remove the sandboxes that no task uses, and reconcile until cancelled."""
        world = self._ports.store.world
        tasks = world.tasks.by("alive", "yes")
        in_use = {
            *(instance.arn for instance in world.container_instances.by("alive", "yes")),
            *(task.container_instance for task in tasks),
        }
        instances = (sandbox_of(instance) for instance in in_use if instance is not None)
        own = self._fronts.sandboxes | self._host_proxy.sandboxes
        try:
            await self._ports.runtime.sweep(frozenset((*(t.id for t in tasks), *instances, *own)))
        except NotStopped as fault:  # a process that is left of an ended task does not block other tasks
            _log.warning("%s", fault)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._publish_workload_meshes())
            group.create_task(self.queue.run_timers())
            group.create_task(self._follow_store())
            group.create_task(self._follow_runtime())
            group.create_task(self._follow_feed())
            group.create_task(_run_when_set(self._networks_changed, self._networks.sync, "networks"))
            group.create_task(_run_when_set(self._public_ports_changed, self.published_ports.sync, "public ports"))
            group.create_task(self._follow_names())
            group.create_task(self._resync())
            group.create_task(self._fronts.run())
            group.create_task(self._host_proxy.run_timers())
            group.create_task(self._host_proxy.run())
            group.create_task(OperationLoop(self._ports).run())
            group.create_task(GarbageCollector(self._ports).run())
            group.create_task(FileSystemLoop(self._ports).run())
            for _ in range(WORKERS):
                group.create_task(self.queue.run_worker(self._reconcile, "reconciling"))

    async def _reconcile(self, key: str) -> Instant | None:
        return await self._executor.carry_out(partial(self._plan, key))

    async def _plan(self, key: str) -> Plan:
        """The plan for a key. Its changes are recorded already: nothing is awaited between plan and record."""
        ports, arn = self._ports, parse_arn(key)
        if arn is not None and arn.kind == "task":
            task = TaskArn(key)
            observed = await self._observer.observe_task(task)
            plan = plan_task(ports.store.world, observed, task, ports.clock.now(), ports.ids)
        elif arn is not None and arn.kind == "container-instance":
            instance = ContainerInstanceArn(key)
            observed = await self._observer.observe_instance(instance)
            plan = plan_instance(ports.store.world, observed, instance, ports.clock.now())
        elif arn is not None and arn.kind == "daemon":
            plan = plan_daemon(ports.store.world, DaemonArn(key), ports.clock.now(), ports.ids)
        else:
            service = ServiceArn(key)
            observed = observe_service(ports, service)
            plan = plan_service(ports.store.world, observed, service, ports.clock.now(), ports.ids)
        if plan.changes:
            ports.store.apply(plan.changes)
        return plan

    async def _follow_store(self) -> None:
        async for keys in self._ports.store.watch():
            attempt(partial(self._draining.follow, keys), "draining tasks")
            attempt(partial(self._shifting.follow, keys), "services with shifting traffic")
            self._queue_affected(keys)
            attempt(partial(self.published_ports.follow, keys), "public ports")
            self._public_ports_changed.set()
            publish_changes(self._namespace_meshes, keys)
            self._ports.feed.serve_host()  # the first keys are all: every workload is published now
            attempt(partial(self._fronts.follow, keys), "front proxies")
            attempt(partial(self._host_proxy.follow, keys), "the host's proxy")
            attempt(partial(self._networks.follow, keys), "the networks")
            self._networks_changed.set()

    async def _publish_workload_meshes(self) -> None:
        """Publish App Mesh's shards. A change of a virtual node that all others call concerns many of them, so other
        tasks run in between, except at the start: a draining task may stop only when all shards have been published.
        """
        at_start = True
        async for keys in self._ports.store.watch():
            for workload in self._workload_meshes.invalidate(keys):
                attempt(partial(self._workload_meshes.update, workload), workload)
                if not at_start:
                    await self._ports.clock.sleep(Seconds(0))
            at_start = False

    def _queue_affected(self, keys: Iterable[Key]) -> None:
        """Queue everything that these changes may concern."""
        attempt(partial(self._queue_tasks_of_names, keys), "names")
        for key in sorted(keys):
            attempt(partial(self._queue_affected_by, key), f"what the change of {key.table} {key.key} concerns")

    def _queue_affected_by(self, key: Key) -> None:
        for affected in affected_keys(self._ports.store.world, key):
            self.queue.add(affected)

    def _queue_tasks_of_names(self, keys: Iterable[Key]) -> None:
        for task in self._names.follow(keys):
            self.queue.add(task)

    async def _follow_runtime(self) -> None:
        async for task_id in self._ports.runtime.changes():
            if not task_id:
                self._reapply_networks()
            if task_id == HOST_SANDBOX:
                self._host_proxy.add()
            world = self._ports.store.world
            for task in world.tasks.by("id", task_id):
                self.queue.add(task.arn)
            for instance in world.container_instances.by("id", task_id):
                self.queue.add(instance.arn)

    async def _follow_feed(self) -> None:
        """Queue the tasks and services that may wait for a proxy's acknowledgement, and the proxy's own task, which may
        wait for its last export of statistics, or for its removal from a shared proxy.
        """
        async for proxy in self._ports.feed.changes():
            world = self._ports.store.world
            own = world.tasks.get(proxy)
            for task in sharing_tasks(world) if proxy == HOST_PROXY else () if own is None else (own,):
                waits = task.last_status is TaskStatus.STOPPING or self._observer.awaits_routes(task.arn)
                if waits or (task.shares_proxy and task.last_status is TaskStatus.PENDING):
                    self.queue.add(task.arn)
            for arn in sorted((*self._draining.values, *self._shifting.values)):
                self.queue.add(arn)

    async def _follow_names(self) -> None:
        """Queue services that report names which their tasks can't call, a moment after names have changed."""
        while True:
            await self._names.service_changes.wait()
            await self._ports.clock.sleep(NAME_DELAY)
            for service in self._names.take_services():
                self.queue.add(service)

    async def _resync(self) -> None:
        while True:
            await self._ports.clock.sleep(Seconds(RESYNC))
            world = self._ports.store.world
            for task in world.tasks.by("alive", "yes"):
                self.queue.add(task.arn)
            for instance in world.container_instances.by("alive", "yes"):
                self.queue.add(instance.arn)
            for service in world.services:
                if service.status is not ServiceStatus.INACTIVE:
                    self.queue.add(service.arn)
            for daemon in world.daemons:
                self.queue.add(daemon.arn)
            self._fronts.add_all()
            self._host_proxy.add()
            await recompute(self._derived, self._ports.clock)
            self.published_ports.invalidate()
            self._public_ports_changed.set()
            attempt(partial(self._networks.follow, ()), "the networks")
            self._reapply_networks()

    def _reapply_networks(self) -> None:
        self._networks.invalidate()
        self._networks_changed.set()


async def _run_when_set(event: asyncio.Event, sync: Callable[[], Awaitable[None]], subject: str) -> None:
    """Call ``sync`` each time the event is set."""
    while True:
        await event.wait()
        event.clear()
        try:
            await sync()
        except MoyaiError as fault:
            _log.warning("%s could not be set up, will be tried again: %s", subject, fault)
