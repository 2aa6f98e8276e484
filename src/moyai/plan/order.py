"""In which order a task's containers start and stop.

Promise: Service Connect's proxy first, App Mesh's in its place among the others, either of them last; between,
``dependsOn``. A container starts when each of its conditions is met; a condition that can't be met any more, or not
within the other container's ``startTimeout`` (but START, which has none), ends the task, in the words of AWS's agent.
Containers stop in the opposite order.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html,
https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/dependencygraph/graph.go (the words)
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
    """Containers of the definition that have not run and whose conditions are all met."""
    waiting = (c for c in case.own if c.last_status is ContainerStatus.PENDING and c.restart_count == 0)
    return tuple(c for c in waiting if all(_verdict(case, d) is Verdict.MET for d in case.defined(c).depends_on or ()))


def hopeless(case: Case) -> str | None:
    """Why a container of this task will never start; None while all still may."""
    for container in case.own:
        if container.last_status is not ContainerStatus.PENDING:
            continue
        for dependency in case.defined(container).depends_on or ():
            if _verdict(case, dependency) is Verdict.HOPELESS:
                return f"CannotStartContainerError: dependency graph: {_why(case, container, dependency)}"
    return None


def _why(case: Case, container: Container, dependency: ContainerDependency) -> str:
    other = _awaited(case, dependency)
    both = f"container ordering dependency [{_shown(case, other)}] for target [{_shown(case, container)}]"
    if other.last_status is not ContainerStatus.STOPPED:
        return f"{both} has timed out."
    if dependency.condition is Condition.SUCCESS:
        return f"failed to resolve {both} as dependency did not exit successfully."
    return f"failed to resolve {both}"


def _shown(case: Case, container: Container) -> str:
    """A container as the agent shows it: image, state and goal, and how it ended."""
    known = "NONE" if container.last_status is ContainerStatus.PENDING else container.last_status.value
    ended = "" if container.exit_code is None else f" - Exit: {container.exit_code}"
    return f"{container.name}({case.defined(container).image}) ({known}->{ContainerStatus.RUNNING.value}){ended}"


def patience_ends(case: Case) -> Instant | None:
    """When the next ``startTimeout`` runs out."""
    names = {
        d.container_name
        for c in case.own
        if c.last_status is ContainerStatus.PENDING
        for d in case.defined(c).depends_on or ()
        if d.condition is not Condition.START and _verdict(case, d) is Verdict.OPEN
    }
    ends = (_timeout_at(case, c) for c in case.own if c.name in names)
    return min((e for e in ends if e is not None), default=None)


def stoppable(case: Case) -> tuple[Container, ...]:
    """Running application containers that no running one depends on."""
    running = [c for c in case.apps if c.last_status is ContainerStatus.RUNNING]
    needed = {d.container_name for c in running for d in case.defined(c).depends_on or ()}
    return tuple(c for c in running if c.name not in needed)


def _verdict(case: Case, dependency: ContainerDependency) -> Verdict:
    other = _awaited(case, dependency)
    ended = other.last_status is ContainerStatus.STOPPED
    met = {
        Condition.START: other.last_status is not ContainerStatus.PENDING,
        Condition.COMPLETE: ended,
        Condition.SUCCESS: ended and other.exit_code == 0,
        Condition.HEALTHY: not ended and other.health_status is Health.HEALTHY,
    }[dependency.condition]
    if met:
        return Verdict.MET
    timeout = None if dependency.condition is Condition.START else _timeout_at(case, other)
    return Verdict.HOPELESS if ended or (timeout is not None and case.now >= timeout) else Verdict.OPEN


def _awaited(case: Case, dependency: ContainerDependency) -> Container:
    return next(c for c in case.own if c.name == dependency.container_name)


def _timeout_at(case: Case, other: Container) -> Instant | None:
    limit = case.defined(other).start_timeout
    if other.started_at is None or limit == 0:  # the agent's way to say never
        return None
    return later(other.started_at, START_TIMEOUT if limit is None else limit)
