"""The loop that makes the world so.

Promise: level, not edge. Doorbells (the store's, the runtime's, the feed's, the clock's) only say
which key to look at; every look reads the world and the runtime afresh, so a lost bell costs at most
RESYNC seconds. One key is worked on by one worker at a time; plan and record are one step that nothing
can come between. A failure stays with its key: it is logged and the key comes again later.
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
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant, Seconds, later
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import ContainerInstanceArn, ServiceArn, TaskArn
from moyai.mesh.app_mesh import Settings
from moyai.plan.action import Effect, Plan
from moyai.plan.instances import plan_instance, sandbox_of
from moyai.plan.life import plan_task
from moyai.plan.scheduler import plan_service
from moyai.ports.runtime import NotStopped
from moyai.ports.store import Key
from moyai.reconcile.derived_values import draining_tasks, shifting_services
from moyai.reconcile.broadcast import FabricBroadcast, PortBroadcast
from moyai.reconcile.execute import Executor
from moyai.reconcile.garbage_collection import Janitor
from moyai.reconcile.derived_values import namespace_meshes, workload_meshes
from moyai.reconcile.names import NameChanges
from moyai.reconcile.observe import Observer
from moyai.reconcile.work_queue import WorkQueue
from moyai.reconcile.operations import OperationLoop
from moyai.reconcile.repair import attempt, repair
from moyai.reconcile.observe import look
from moyai.reconcile.ports import Surroundings

WORKERS = 16
"""Keys worked on at the same time."""

RESYNC = 30.0
"""Seconds between two looks at everything."""

TELL_AFTER = Seconds(2.0)
"""From a name's move until services are asked what they have to say about it."""

_STEPS_AT_ONCE = 20
"""Plans for one key in one go; a longer chain lets others have their turn."""

_DEFAULTS: Final = Settings()
_log = logging.getLogger(__name__)


class Reconciler:
    """Brings tasks, and Cloud Map's operations, to where the world wants them. ``run`` it once."""

    def __init__(self, around: Surroundings, app_mesh: Settings = _DEFAULTS) -> None:
        self._around = around
        self.queue = WorkQueue(around.clock)
        self._observer = Observer(around)
        self._fabric = FabricBroadcast(around)
        self._executor = Executor(around, self._observer, self._fabric)
        world = around.store.world
        self._mesh = namespace_meshes(world, around.feed)
        self._app_mesh = workload_meshes(world, around.feed, app_mesh)
        self._names = NameChanges(world)
        self._ports = PortBroadcast(around)
        self._ports_bell, self._fabric_bell = asyncio.Event(), asyncio.Event()
        self._draining, self._moving = draining_tasks(world), shifting_services(world)
        self._derived: tuple[Derived[Any, Any], ...] = (
            *(self._mesh, self._app_mesh, self._draining, self._moving),
            *(*self._names.derived, *self._fabric.derived, *self._ports.derived),
        )

    async def run(self) -> None:
        """Reconcile until cancelled."""
        world = self._around.store.world
        tasks = world.tasks.by("alive", "yes")
        held = {*(i.arn for i in world.container_instances.by("alive", "yes")), *(t.container_instance for t in tasks)}
        instances = (sandbox_of(instance) for instance in held if instance is not None)
        try:
            await self._around.runtime.sweep(frozenset((*(t.id for t in tasks), *instances)))
        except NotStopped as fault:  # what is left of a task that has ended holds up no other
            _log.warning("%s", fault)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lead())
            group.create_task(self.queue.run_timers())
            group.create_task(self._follow_store())
            group.create_task(self._follow_runtime())
            group.create_task(self._follow_feed())
            group.create_task(_keep_up(self._fabric_bell, self._fabric.follow, "networks"))
            group.create_task(_keep_up(self._ports_bell, self._ports.follow, "public ports"))
            group.create_task(self._tell())
            group.create_task(self._resync())
            group.create_task(OperationLoop(self._around).run())
            group.create_task(Janitor(self._around).run())
            for _ in range(WORKERS):
                group.create_task(self.queue.work(self._bring_on, "reconciling"))

    async def _bring_on(self, key: str) -> Instant | None:
        """Plan, record and act until there is nothing to do now; when to come again.

        A plan that asks for what was just done means that its outcome can't be seen yet: it is waited for.
        """
        acted: tuple[Effect, ...] = ()
        for _ in range(_STEPS_AT_ONCE):
            plan = await self._decide(key)
            if plan.effects and plan.effects != acted:
                await self._executor.perform(plan.effects)
                acted = plan.effects
            elif not plan.changes:
                return plan.wake_at
        return later(self._around.clock.now(), 0.1)

    async def _decide(self, key: str) -> Plan:
        """The plan for a key, its record already written: nothing is awaited between the two."""
        around = self._around
        arn = parse_arn(key)
        if arn is not None and arn.kind == "task":
            task = TaskArn(key)
            seen = await self._observer.look(task)
            plan = plan_task(around.store.world, seen, task, around.clock.now(), around.ids)
        elif arn is not None and arn.kind == "container-instance":
            instance = ContainerInstanceArn(key)
            seen = await self._observer.look_at_instance(instance)
            plan = plan_instance(around.store.world, seen, instance, around.clock.now())
        else:
            service = ServiceArn(key)
            plan = plan_service(around.store.world, look(around, service), service, around.clock.now(), around.ids)
        if plan.changes:
            around.store.apply(plan.changes)
        return plan

    async def _follow_store(self) -> None:
        async for keys in self._around.store.watch():
            attempt(partial(self._draining.follow, keys), "draining tasks")
            attempt(partial(self._moving.follow, keys), "moving services")
            self._ring(keys)
            attempt(partial(self._ports.note, keys), "public ports")
            self._ports_bell.set()
            for namespace in self._mesh.invalidate(keys):
                attempt(partial(self._mesh.update, namespace), namespace)
            attempt(partial(self._fabric.note, keys), "the networks")
            self._fabric_bell.set()

    async def _lead(self) -> None:
        """Have proxies follow App Mesh. A virtual node that all others call makes many parts anew, so between any two
        others have their turn; but not at first, because who leaves may only go once all parts have been asked.
        """
        at_first = True
        async for keys in self._around.store.watch():
            for workload in self._app_mesh.invalidate(keys):
                attempt(partial(self._app_mesh.update, workload), workload)
                if not at_first:
                    await self._around.clock.sleep(Seconds(0))
            at_first = False

    def _ring(self, keys: Iterable[Key]) -> None:
        """Have everything looked at that these changes may concern."""
        attempt(partial(self._ring_renamed, keys), "names")
        for key in sorted(keys):
            for service in self._services_of(key):
                self.queue.add(service)
            self._ring_one(key)

    def _ring_renamed(self, keys: Iterable[Key]) -> None:
        for task in self._names.follow(keys):
            self.queue.add(task)

    def _ring_one(self, key: Key) -> None:
        match key.table:
            case "task":
                self._ring_task(TaskArn(key.key))
            case "container_instance":
                self.queue.add(key.key)
            case "server_certificate":
                self._ring_starting(key.key)
            case _:
                pass

    def _services_of(self, key: Key) -> Iterable[ServiceArn]:
        """The services that a record's change concerns at once; of an instance, those that have tasks on it or want
        one on every instance.
        """
        world = self._around.store.world
        match key.table:
            case "service":
                return [ServiceArn(key.key)]
            case "service_deployment":
                record = world.service_deployments.get(key.key)
                return [] if record is None else [record.service]
            case "alarm":
                return [watched.service for watched in world.service_deployments.by("alarm", key.key)]
            case "container_instance":
                owners = {t.service for t in world.tasks.by("instance", key.key) if t.service is not None}
                return sorted(owners | self._daemons_at(key.key))
            case _:
                return []

    def _ring_task(self, arn: TaskArn) -> None:
        task = self._around.store.world.tasks.get(arn)
        if task is None:
            return
        self.queue.add(arn)
        if task.service is not None:
            self.queue.add(task.service)
        if task.container_instance is not None and task.stopped:
            self.queue.add(task.container_instance)
            for service in sorted(self._daemons_at(task.container_instance)):
                self.queue.add(service)

    def _daemons_at(self, instance: str) -> set[ServiceArn]:
        """The DAEMON services of the instance's cluster."""
        world = self._around.store.world
        known = world.container_instances.get(instance)
        return set() if known is None else {service.arn for service in world.services.by("daemon", known.cluster)}

    def _ring_starting(self, certificate: str) -> None:
        """Tasks whose proxy can't be started before it has this certificate."""
        world = self._around.store.world
        made = world.server_certificates.get(certificate)
        for task in () if made is None else world.tasks.by("service", made.service):
            if task.last_status is TaskStatus.PENDING:
                self.queue.add(task.arn)

    async def _follow_runtime(self) -> None:
        async for task_id in self._around.runtime.changes():
            if not task_id:
                self._doubt_fabric()
            world = self._around.store.world
            for task in world.tasks.by("id", task_id):
                self.queue.add(task.arn)
            for instance in world.container_instances.by("id", task_id):
                self.queue.add(instance.arn)

    async def _follow_feed(self) -> None:
        """A proxy's acknowledgement may be what a drain or a move of traffic waits for; its report, its own task."""
        async for proxy in self._around.feed.changes():
            task = self._around.store.world.tasks.get(proxy)
            stopping = task is not None and task.last_status is TaskStatus.STOPPING
            if task is not None and (stopping or self._observer.awaits_its_proxy(task.arn)):
                self.queue.add(task.arn)
            for arn in sorted((*self._draining.values, *self._moving.values)):
                self.queue.add(arn)

    async def _tell(self) -> None:
        """Let services say what their tasks can't call, once names have stopped moving for a moment."""
        while True:
            await self._names.moved.wait()
            await self._around.clock.sleep(TELL_AFTER)
            for service in self._names.untold():
                self.queue.add(service)

    async def _resync(self) -> None:
        while True:
            await self._around.clock.sleep(Seconds(RESYNC))
            world = self._around.store.world
            for task in world.tasks.by("alive", "yes"):
                self.queue.add(task.arn)
            for instance in world.container_instances.by("alive", "yes"):
                self.queue.add(instance.arn)
            for service in world.services:
                if service.status is not ServiceStatus.INACTIVE:
                    self.queue.add(service.arn)
            await repair(self._derived, self._around.clock)
            self._ports.doubt()
            self._ports_bell.set()
            attempt(partial(self._fabric.note, ()), "the networks")
            self._doubt_fabric()

    def _doubt_fabric(self) -> None:
        self._fabric.doubt()
        self._fabric_bell.set()


async def _keep_up(bell: asyncio.Event, follow: Callable[[], Awaitable[None]], what: str) -> None:
    """Follow at each ring."""
    while True:
        await bell.wait()
        bell.clear()
        try:
            await follow()
        except MoyaiError as fault:
            _log.warning("%s could not be set up, will be tried again: %s", what, fault)
