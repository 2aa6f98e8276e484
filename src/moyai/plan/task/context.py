"""A task with everything on which its next step depends, and the result of one step.

Promise: exit codes, reasons and health in the task's record come from what the runtime observed, never from what it was
told to do. The health of a proxy is Envoy's own.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.task import Container, ContainerStatus, Task
from moyai.domain.ecs.task_definition import ContainerDefinition, TaskDefinition
from moyai.domain.sandbox.pull import PullPhase, PullProgress
from moyai.domain.sandbox.state import ContainerPhase, ContainerState, ExpectedListener, Health, SandboxState
from moyai.domain.world import Change, Drain, ProxyState, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids
from moyai.plan.action import Effect
from moyai.plan.events import TaskSetEvent, UrlsEvent
from moyai.plan.task.health import health_checked_containers, worst_health
from moyai.plan.task.shared_proxy import observe_shared_proxy

LOST = "ContainerRuntimeError: The container is gone with the host's processes (restart or reset)"


class TaskContext(msgspec.Struct, frozen=True):
    """A task with everything on which its next step depends. ``task`` includes what was observed."""

    world: World
    task: Task
    definition: TaskDefinition
    sandbox: SandboxState | None
    fault: str | None
    """Why the runtime could not do the last step."""
    proxy: ProxyState | None
    drain: Drain | None
    listeners: frozenset[ExpectedListener]
    now: Instant
    ids: Ids

    @property
    def defined_containers(self) -> tuple[Container, ...]:
        """The containers of the task definition, without Service Connect's proxy."""
        connect_proxy = self.task.connect_proxy
        return tuple(c for c in self.task.containers if c != connect_proxy)

    @property
    def applications(self) -> tuple[Container, ...]:
        """The containers without any proxy."""
        return tuple(c for c in self.task.containers if not c.is_proxy)

    def definition_of(self, container: Container) -> ContainerDefinition:
        """The definition of one of the task's containers."""
        return next(c for c in self.definition.container_definitions if c.name == container.name)

    def exited_essential(self) -> Container | None:
        """An essential container that has ended; Service Connect's proxy is essential."""
        connect_proxy = self.task.connect_proxy
        ended = (c for c in self.task.containers if c.last_status is ContainerStatus.STOPPED)
        return next((c for c in ended if c == connect_proxy or self.definition_of(c).essential), None)

    def updated_task(self, **changes: object) -> Task:
        """The task with these members changed."""
        return replace(self.task, **changes)


class TaskStep(msgspec.Struct, frozen=True):
    """The result of one step: the task's new record, changes of other records, effects, the texts of its service's
    events, and when to plan again.
    """

    task: Task
    changes: tuple[Change, ...] = ()
    effects: tuple[Effect, ...] = ()
    wake_at: Instant | None = None
    texts: tuple[str | TaskSetEvent | UrlsEvent, ...] = ()


def observe_task(
    task: Task, definition: TaskDefinition, sandbox: SandboxState | None, proxy: ProxyState | None, now: Instant
) -> Task:
    """The task with its containers' states and its health as they are observed now."""
    with_check = {c.name for c in definition.container_definitions if c.health_check is not None}
    shared = task.connect_proxy if task.shares_proxy else None
    containers = tuple(
        observe_shared_proxy(task, c, proxy, now)
        if c == shared
        else _observe_container(c, sandbox, now, has_health=c.is_proxy or c.name in with_check)
        for c in task.containers
    )
    decisive = {c.name for c in health_checked_containers(definition)}
    health = worst_health(c.health_status for c in containers if c.name in decisive)
    return replace(task, containers=containers, health_status=health)


def _observe_container(
    container: Container, sandbox: SandboxState | None, now: Instant, *, has_health: bool
) -> Container:
    state = None if sandbox is None else sandbox.containers.get(container.name)
    if state is not None and state.attempt < container.restart_count:
        return container  # a restart has been decided since: this is the state of the run before it
    if state is not None:
        return _with_state(container, state, has_health=has_health)
    if container.last_status is ContainerStatus.RUNNING:
        return replace(container, last_status=ContainerStatus.STOPPED, finished_at=now, reason=LOST)
    return replace(container, pull=_pull_progress(sandbox, container.name))


def _pull_progress(sandbox: SandboxState | None, container: str) -> PullProgress | None:
    pull = None if sandbox is None else sandbox.pulls.get(container)
    return None if pull is None or pull.phase is not PullPhase.PULLING else pull.progress


def _with_state(container: Container, state: ContainerState, *, has_health: bool) -> Container:
    running = state.phase is ContainerPhase.RUNNING
    return replace(
        container,
        last_status=ContainerStatus.RUNNING if running else ContainerStatus.STOPPED,
        health_status=state.health if has_health else Health.UNKNOWN,
        exit_code=state.exit_code,
        reason=state.reason,
        runtime_id=runtime_id(container.arn),
        started_at=state.started_at,
        finished_at=state.finished_at,
        pull=None,
    )
