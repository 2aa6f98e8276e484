"""In which order a task's containers start and stop.

Promise: Service Connect's proxy starts before all others; an App Mesh proxy starts in its dependency order; both stop
last. ``dependsOn`` orders the others, and containers that use the log router depend on it: a container starts when its
conditions are met. A condition that can't be met any more, or not within the other container's ``startTimeout`` (START
has none), ends the task, with the message of AWS's agent. Containers stop in the opposite order.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html,
https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/dependencygraph/graph.go (the messages)
"""

from __future__ import annotations

from enum import Enum

from moyai.domain.ecs.task import Container, ContainerStatus
from moyai.domain.ecs.task_definition import ContainerDependency, DependencyCondition
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant, later
from moyai.plan.task.context import TaskContext
from moyai.plan.task.log_router import router_dependency

START_TIMEOUT = 180
"""Seconds; Fargate's default for ``startTimeout``."""


class DependencyState(Enum):
    """Whether a condition is met, may still be met, or can't be."""

    MET = "met"
    OPEN = "open"
    HOPELESS = "hopeless"


def startable_containers(context: TaskContext) -> tuple[Container, ...]:
    """Containers of the definition that have not run and whose conditions are all met."""
    waiting = (c for c in _pending(context) if c.restart_count == 0)
    return tuple(c for c in waiting if all(_state(context, d) is DependencyState.MET for d in _needs(context, c)))


def hopeless_reason(context: TaskContext) -> str | None:
    """Why a container of this task will never start; None while all still may."""
    for container in _pending(context):
        for dependency in _needs(context, container):
            if _state(context, dependency) is DependencyState.HOPELESS:
                reason = _reason(context, container, dependency)
                return f"CannotStartContainerError: dependency graph: {reason}"
    return None


def next_timeout_at(context: TaskContext) -> Instant | None:
    """When the first ``startTimeout`` ends of a container that another container waits for."""
    names = {
        dependency.container_name
        for container in _pending(context)
        for dependency in _needs(context, container)
        if dependency.condition is not DependencyCondition.START and _state(context, dependency) is DependencyState.OPEN
    }
    ends = (_timeout_at(context, c) for c in context.defined_containers if c.name in names)
    return min((end for end in ends if end is not None), default=None)


def stoppable_containers(context: TaskContext) -> tuple[Container, ...]:
    """Running application containers on which no running one depends."""
    running = [c for c in context.applications if c.last_status is ContainerStatus.RUNNING]
    needed = {dependency.container_name for c in running for dependency in _needs(context, c)}
    return tuple(c for c in running if c.name not in needed)


def _pending(context: TaskContext) -> list[Container]:
    return [c for c in context.defined_containers if c.last_status is ContainerStatus.PENDING]


def _needs(context: TaskContext, container: Container) -> tuple[ContainerDependency, ...]:
    container_definition = context.definition_of(container)
    return (*(container_definition.depends_on or ()), *router_dependency(context.definition, container_definition))


def _state(context: TaskContext, dependency: ContainerDependency) -> DependencyState:
    needed_container = _dependency_container(context, dependency)
    has_ended = needed_container.last_status is ContainerStatus.STOPPED
    is_met = {
        DependencyCondition.START: needed_container.last_status is not ContainerStatus.PENDING,
        DependencyCondition.COMPLETE: has_ended,
        DependencyCondition.SUCCESS: has_ended and needed_container.exit_code == 0,
        DependencyCondition.HEALTHY: not has_ended and needed_container.health_status is Health.HEALTHY,
    }[dependency.condition]
    if is_met:
        return DependencyState.MET
    timeout = None if dependency.condition is DependencyCondition.START else _timeout_at(context, needed_container)
    timed_out = timeout is not None and context.now >= timeout
    return DependencyState.HOPELESS if has_ended or timed_out else DependencyState.OPEN


def _reason(context: TaskContext, container: Container, dependency: ContainerDependency) -> str:
    needed_container = _dependency_container(context, dependency)
    needed, target = _describe(context, needed_container), _describe(context, container)
    pair = f"container ordering dependency [{needed}] for target [{target}]"
    if needed_container.last_status is not ContainerStatus.STOPPED:
        return f"{pair} has timed out."
    if dependency.condition is DependencyCondition.SUCCESS:
        return f"failed to resolve {pair} as dependency did not exit successfully."
    return f"failed to resolve {pair}"


def _describe(context: TaskContext, container: Container) -> str:
    """The container as the agent shows it: image, present and desired status, and its exit code."""
    status = "NONE" if container.last_status is ContainerStatus.PENDING else container.last_status.value
    ended = "" if container.exit_code is None else f" - Exit: {container.exit_code}"
    image = context.definition_of(container).image
    return f"{container.name}({image}) ({status}->{ContainerStatus.RUNNING.value}){ended}"


def _dependency_container(context: TaskContext, dependency: ContainerDependency) -> Container:
    return next(c for c in context.defined_containers if c.name == dependency.container_name)


def _timeout_at(context: TaskContext, container: Container) -> Instant | None:
    limit = context.definition_of(container).start_timeout
    if container.started_at is None or limit == 0:  # 0 means no time-out to the agent
        return None
    return later(container.started_at, START_TIMEOUT if limit is None else limit)
