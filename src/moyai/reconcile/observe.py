"""What can be seen of one task right now.

Promise: nothing is remembered that can be looked at again. Four things can't, and are kept here while
the process lives: why a sandbox or a container could not be had, since when nobody holds a draining
task's endpoints, whose ports were closed, and which tasks wait for their proxy to acknowledge a name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from moyai.domain.ecs.task import ContainerStatus, Task, TaskStatus
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.sandbox.listener import ExpectedListener
from moyai.domain.sandbox.spec import HostName
from moyai.domain.world import Drain, Observed, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ContainerInstanceArn, DiscoveryServiceArn, ProxyId, TaskArn, TaskId
from moyai.plan.doors import is_draining, known_at
from moyai.plan.instances import sandbox_of
from moyai.plan.live import hidden
from moyai.plan.readiness import awaits_readiness, expected_listeners
from moyai.ports.runtime import RuntimeFault
from moyai.reconcile.ports import Surroundings

_log = logging.getLogger(__name__)


class Observer:
    """Looks at tasks."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._faults: dict[TaskId, str] = {}
        self._forgotten: dict[TaskId, Instant] = {}
        self._closed: set[TaskId] = set()
        self._hidden: set[TaskArn] = set()

    def fault(self, task: TaskId, fault: RuntimeFault) -> None:
        """Remember why something of this task can't be had."""
        self._faults[task] = fault.reason

    def closed(self, task: TaskId) -> None:
        """Remember that the task's ports take no new connections."""
        self._closed.add(task)

    async def look(self, arn: TaskArn) -> Observed:
        """The part of the world that the task's next step depends on."""
        task = self._around.store.world.tasks.get(arn)
        if task is None or task.stopped:
            if task is not None:
                self._faults.pop(task.id, None)
                self._forgotten.pop(task.id, None)
                self._closed.discard(task.id)
                self._hidden.discard(arn)
            return Observed()
        sandbox = await self._around.runtime.inspect(task.id)
        listeners = await self._listeners(task)
        drain = await self._drain(task) if is_draining(self._around.store.world, task) else None
        fault = self._faults.get(task.id)
        proxy = self._around.feed.state(ProxyId(task.arn)) if task.last_status is TaskStatus.STOPPING else None
        carried = self._carries(task, () if sandbox is None else sandbox.hosts)
        return Observed(
            sandboxes={} if sandbox is None else {task.id: sandbox},
            faults={} if fault is None else {task.id: fault},
            proxies={} if proxy is None else {ProxyId(task.arn): proxy},
            drains={} if drain is None else {task.id: drain},
            carried=frozenset({task.id}) if carried else frozenset(),
            listeners={task.id: listeners},
        )

    async def _listeners(self, task: Task) -> frozenset[ExpectedListener]:
        """Where the task listens, of what it is expected to before it is ready."""
        if not awaits_readiness(task):
            return frozenset()
        world = self._around.store.world
        expected = expected_listeners(world, task, world.task_definitions[task.task_definition])
        try:
            return await self._around.runtime.open_listeners(task.id, expected) if expected else frozenset()
        except RuntimeFault as fault:
            _log.warning("the listeners of %s can't be read, will be tried again: %s", task.arn, fault)
            return frozenset()

    async def look_at_instance(self, arn: ContainerInstanceArn) -> Observed:
        """The part of the world that a container instance's next step depends on. A fault is told once."""
        identity = sandbox_of(arn)
        fault = self._faults.pop(identity, None)
        if fault is not None:
            _log.warning("the container instance %s can't be made, will be tried again: %s", arn, fault)
        sandbox = await self._around.runtime.inspect(identity)
        return Observed(
            sandboxes={} if sandbox is None else {identity: sandbox},
            faults={} if fault is None else {identity: fault},
        )

    def awaits_its_proxy(self, arn: TaskArn) -> bool:
        """Whether the task, when it was last looked at, had names that its proxy was yet to acknowledge."""
        return arn in self._hidden

    def _carries(self, task: Task, hosts: tuple[HostName, ...]) -> bool:
        """Whether there are names that the task is yet to find, and its proxy has acknowledged them all."""
        places = hidden(self._around.store.world, task, hosts)
        carries = bool(places) and self._around.feed.has_acked_routes_to(ProxyId(task.arn), places)
        if places and not carries:
            self._hidden.add(task.arn)
        else:
            self._hidden.discard(task.arn)
        return carries

    async def _drain(self, task: Task) -> Drain:
        feed = self._around.feed
        ports = known_at(task, self._around.store.world.task_definitions[task.task_definition])
        holders = {proxy for port in ports for proxy in feed.holders(task.interface.address, port)}
        waiting = {proxy for proxy in holders if self._runs(proxy)} | self._silent(task)
        if waiting:
            self._forgotten.pop(task.id, None)
            return Drain(frozenset(waiting))
        forgotten = self._forgotten.setdefault(task.id, self._around.clock.now())
        closed = task.id in self._closed
        try:
            in_flight = await self._around.runtime.in_flight(task.id)
        except RuntimeFault:
            in_flight = None
        return Drain(forgotten_at=forgotten, in_flight=in_flight, closed=closed)

    def _runs(self, proxy: ProxyId) -> bool:
        """Whether there is a proxy to act on what it knows: one that has ended sends and acknowledges nothing. Of one
        that is no task's, its stream is all that can be seen.
        """
        task = self._around.store.world.tasks.get(proxy)
        return self._around.feed.is_connected(proxy) if task is None else _has_proxy(task)

    def _silent(self, leaving: Task) -> set[ProxyId]:
        """Running proxies that call the task and have no stream (after a restart of this process, say): what
        they know can't be seen, so it must be assumed.
        """
        callers = (t for t in _callers(self._around.store.world, leaving) if t != leaving)
        return {p for t in callers if not self._around.feed.is_connected(p := ProxyId(t.arn))}


def _callers(world: World, leaving: Task) -> Iterator[Task]:
    """The tasks with a running proxy that may call this one: of its namespace, of the mesh that it stands in, or of any
    where it may be found in Cloud Map.
    """
    if leaving.view is not None:
        targets = {o.discovery_service for o in leaving.view.offers}
        yield from (t for t in world.tasks.by("namespace", leaving.view.namespace) if _calls(t, targets))
    meshes = {mesh.arn for mesh in world.meshes.by("scope", scope_key(scope_of(leaving.arn)))}
    if leaving.identity is not None:
        meshes = {leaving.identity.mesh}
    for mesh in meshes:
        yield from (t for t in world.tasks.by("mesh", mesh) if _has_proxy(t))


def _calls(task: Task, targets: set[DiscoveryServiceArn]) -> bool:
    return _has_proxy(task) and task.view is not None and any(n.target in targets for n in task.view.names)


def _has_proxy(task: Task) -> bool:
    return task.proxy is not None and task.proxy.last_status is ContainerStatus.RUNNING
