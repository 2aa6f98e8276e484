"""In which order a task's containers start and stop.

Promise: the proxy first and last; between, ``dependsOn``. A container starts when each of its
conditions is met; a condition that can't be met any more, or not within the other container's
``startTimeout``, ends the task. Containers stop in the opposite order.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
"""

from __future__ import annotations

from enum import Enum

from moyai.domain.ecs.task import Container, ContainerStatus
from moyai.domain.ecs.task_definition import Condition, ContainerDependency
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant, later
from moyai.plan.sight import Case

START_TIMEOUT = 180
"""Seconds; Fargate's default for ``startTimeout``."""


class Verdict(Enum):
    """How a condition stands."""

    MET = "met"
    OPEN = "open"
    HOPELESS = "hopeless"


def startable(case: Case) -> tuple[Container, ...]:
    """Application containers that have not run and whose conditions are all met."""
    waiting = (c for c in case.apps if c.last_status is ContainerStatus.PENDING and c.restart_count == 0)
    return tuple(c for c in waiting if all(_verdict(case, d) is Verdict.MET for d in case.defined(c).depends_on or ()))


def hopeless(case: Case) -> str | None:
    """Why a container of this task will never start; None while all still may."""
    for container in case.apps:
        if container.last_status is not ContainerStatus.PENDING:
            continue
        for dependency in case.defined(container).depends_on or ():
            if _verdict(case, dependency) is Verdict.HOPELESS:
                return (
                    f"CannotStartContainerError: container {container.name} waits for {dependency.container_name} "
                    f"to reach {dependency.condition.value}, which can't happen any more"
                )
    return None


def patience_ends(case: Case) -> Instant | None:
    """When the next ``startTimeout`` runs out."""
    names = {
        d.container_name
        for c in case.apps
        if c.last_status is ContainerStatus.PENDING
        for d in case.defined(c).depends_on or ()
        if _verdict(case, d) is Verdict.OPEN
    }
    ends = (_timeout_at(case, c) for c in case.apps if c.name in names)
    return min((e for e in ends if e is not None), default=None)


def stoppable(case: Case) -> tuple[Container, ...]:
    """Running application containers that no running one depends on."""
    running = [c for c in case.apps if c.last_status is ContainerStatus.RUNNING]
    needed = {d.container_name for c in running for d in case.defined(c).depends_on or ()}
    return tuple(c for c in running if c.name not in needed)


def _verdict(case: Case, dependency: ContainerDependency) -> Verdict:
    other = next(c for c in case.apps if c.name == dependency.container_name)
    ended = other.last_status is ContainerStatus.STOPPED
    met = {
        Condition.START: other.last_status is not ContainerStatus.PENDING,
        Condition.COMPLETE: ended,
        Condition.SUCCESS: ended and other.exit_code == 0,
        Condition.HEALTHY: not ended and other.health_status is Health.HEALTHY,
    }[dependency.condition]
    if met:
        return Verdict.MET
    timeout = _timeout_at(case, other)
    return Verdict.HOPELESS if ended or (timeout is not None and case.now >= timeout) else Verdict.OPEN


def _timeout_at(case: Case, other: Container) -> Instant | None:
    if other.started_at is None:
        return None
    limit = case.defined(other).start_timeout
    return later(other.started_at, START_TIMEOUT if limit is None else limit)
