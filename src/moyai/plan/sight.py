"""What was seen of a task, copied onto its record.

Promise: exit codes, reasons and health come from what a runtime saw, never from what it was told; a
container without a health check stays UNKNOWN; the proxy's health is Envoy's own. A task's health
regards its essential containers that have a check: one UNHEALTHY makes it so, else one UNKNOWN does.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.task import Container, ContainerStatus, Task
from moyai.domain.ecs.task_definition import ContainerDefinition, TaskDefinition
from moyai.domain.sandbox.listener import ExpectedListener
from moyai.domain.sandbox.state import ContainerPhase, ContainerState, Health, SandboxState
from moyai.domain.world import Drain, ProxyState, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids

LOST = "ContainerRuntimeError: The container is gone with the host's processes (restart or reset)"


class Case(msgspec.Struct, frozen=True):
    """One task with everything that its next step depends on. ``task`` has what was seen in it."""

    world: World
    task: Task
    definition: TaskDefinition
    sandbox: SandboxState | None
    fault: str | None
    proxy: ProxyState | None
    drain: Drain | None
    listeners: frozenset[ExpectedListener]
    now: Instant
    ids: Ids

    @property
    def own(self) -> tuple[Container, ...]:
        """The containers that the task definition has."""
        connect = self.task.connect_proxy
        return tuple(c for c in self.task.containers if c != connect)

    @property
    def apps(self) -> tuple[Container, ...]:
        """The task's containers without its proxy."""
        return tuple(c for c in self.task.containers if not c.is_proxy)

    def defined(self, container: Container) -> ContainerDefinition:
        """The definition that one of its containers was made from."""
        return next(c for c in self.definition.container_definitions if c.name == container.name)

    def exited(self) -> Container | None:
        """An essential container that has ended; Service Connect's proxy is essential."""
        connect = self.task.connect_proxy
        ended = (c for c in self.task.containers if c.last_status is ContainerStatus.STOPPED)
        return next((c for c in ended if c == connect or self.defined(c).essential), None)

    def moved(self, **changes: object) -> Task:
        """The task with these members changed."""
        return replace(self.task, **changes)


def has_health_check(definition: TaskDefinition) -> bool:
    """Whether the task's health can ever be anything but UNKNOWN."""
    return any(True for _ in checked(definition))


def checked(definition: TaskDefinition) -> Iterable[ContainerDefinition]:
    """The essential containers with a health check."""
    return (c for c in definition.container_definitions if c.essential and c.health_check is not None)


def look(task: Task, definition: TaskDefinition, sandbox: SandboxState | None, now: Instant) -> Task:
    """The task as it is seen now."""
    checks = {c.name for c in definition.container_definitions if c.health_check is not None}
    containers = tuple(_seen(c, sandbox, now, measured=c.is_proxy or c.name in checks) for c in task.containers)
    decisive = {c.name for c in checked(definition)}
    return replace(
        task,
        containers=containers,
        health_status=_overall(c.health_status for c in containers if c.name in decisive),
    )


def _seen(container: Container, sandbox: SandboxState | None, now: Instant, *, measured: bool) -> Container:
    state = None if sandbox is None else sandbox.containers.get(container.name)
    if state is not None and state.attempt < container.restart_count:
        return container  # what is there is the run before the one that was decided
    if state is not None:
        return _copied(container, state, measured=measured)
    if container.last_status is ContainerStatus.RUNNING:
        return replace(container, last_status=ContainerStatus.STOPPED, finished_at=now, reason=LOST)
    return container


def _copied(container: Container, state: ContainerState, *, measured: bool) -> Container:
    running = state.phase is ContainerPhase.RUNNING
    return replace(
        container,
        last_status=ContainerStatus.RUNNING if running else ContainerStatus.STOPPED,
        health_status=state.health if measured else Health.UNKNOWN,
        exit_code=state.exit_code,
        reason=state.reason,
        runtime_id=runtime_id(container.arn),
        started_at=state.started_at,
        finished_at=state.finished_at,
    )


def _overall(healths: Iterable[Health]) -> Health:
    found = set(healths)
    for worst in (Health.UNHEALTHY, Health.UNKNOWN):
        if worst in found:
            return worst
    return Health.HEALTHY if found else Health.UNKNOWN
