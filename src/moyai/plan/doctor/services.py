"""Findings about services whose tasks do not start or stop, are unhealthy, do not listen, or can't call a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.ecs.service import Deployment, Service, ServiceStatus
from moyai.domain.ecs.task import DesiredStatus, StopCode, Task, TaskStatus
from moyai.domain.world import World
from moyai.plan import events
from moyai.plan.doctor.finding import Finding, Severity
from moyai.plan.service.rollout_counts import task_bounds
from moyai.plan.service_connect.unreachable_names import unreachable_names
from moyai.plan.task.health import is_healthy
from moyai.plan.task.readiness import LISTEN_LIMIT
from moyai.plan.task.stop import FAILED_HEALTH_CHECKS, FAILED_TARGET_HEALTH_CHECKS

_UNHEALTHY: Final = (FAILED_HEALTH_CHECKS, FAILED_TARGET_HEALTH_CHECKS)
"""The beginnings of the reasons for which tasks are stopped because they are unhealthy."""
_SHORT_LIFE: Final = 60.0
"""Seconds that a program runs at least which does what its service is for."""
_MANY_ENDS: Final = 3


def of_services(world: World) -> Iterator[Finding]:
    """The findings about all active services."""
    for service in world.services:
        yield from service_findings(world, service)


def service_findings(world: World, service: Service) -> Iterator[Finding]:
    """The findings about a service; none about one that is not active."""
    if service.status is ServiceStatus.ACTIVE:
        yield from _failed_starts(world, service)
        yield from _short_lived_tasks(world, service)
        yield from _awaited_tasks(world, service)
        yield from _unhealthy_tasks(world, service)
        yield from _not_listening_tasks(world, service)
        yield from _unreachable_names(world, service)


def _failed_starts(world: World, service: Service) -> Iterator[Finding]:
    failing = max(_starting_deployments(service), key=lambda d: d.failed_tasks, default=None)
    if failing is not None and (failed := failing.failed_tasks):
        stopped = [t for t in world.tasks.by("service", service.arn) if t.stopped and t.deployment == failing.id]
        last = max(stopped, key=lambda t: t.stopped_at or 0, default=None)
        why = "" if last is None else f" The last one: {_reason(last)}."
        message = f"{failed} tasks in a row did not start; the next try waits longer each time.{why}"
        has_run = last is not None and any(container.started_at for container in last.containers)
        look = f"moyai logs {last.id}" if last is not None and has_run else f"moyai status {service.name}"
        remedy = f"Look at {look}, fix the cause and deploy again; a new deployment starts tasks at once."
        yield Finding(Severity.PROBLEM, "tasks-do-not-start", service.arn, message, remedy)
    elif (trouble := _trouble(world, service)) is not None:
        remedy = "The event says what prevents it; the deployment continues when that is resolved."
        yield Finding(Severity.PROBLEM, "service-stuck", service.arn, trouble, remedy)


def _short_lived_tasks(world: World, service: Service) -> Iterator[Finding]:
    """The finding about a service whose tasks run and soon end by themselves, which ECS counts as no failed start."""
    deployments = {deployment.id for deployment in _starting_deployments(service)}
    ended = [
        task
        for task in world.tasks.by("service", service.arn)
        if task.deployment in deployments
        and task.stop_code is StopCode.ESSENTIAL_CONTAINER_EXITED
        and task.started_at is not None
        and task.stopped_at is not None
        and task.stopped_at - task.started_at < _SHORT_LIFE
    ]
    if len(ended) >= _MANY_ENDS:
        last = max(ended, key=lambda task: task.stopped_at or 0)
        message = (
            f"{len(ended)} of its tasks ended by themselves less than {_SHORT_LIFE:g} s after their start, within an"
            f" hour. Last: {_reason(last)}."
        )
        remedy = f"Look at moyai logs {last.id}, fix the cause and deploy again."
        yield Finding(Severity.WARNING, "tasks-end-early", service.arn, message, remedy)


def _awaited_tasks(world: World, service: Service) -> Iterator[Finding]:
    """The findings about the tasks that have to be STOPPED before a service that has one task at a time starts one."""
    if service.is_daemon or not task_bounds(service).one_at_a_time or service.primary.halted:
        return
    tasks = [task for task in world.tasks.by("service", service.arn) if not task.stopped]
    if all(task.desired_status is DesiredStatus.STOPPED for task in tasks):
        for task in tasks:
            message = f"waits until task {task.id} has stopped; it is {task.last_status}."
            remedy = (
                "This passes when its connections have drained and its containers have ended, by stopTimeout at the"
                " latest. If it stays, the server's log names the process that does not end."
            )
            yield Finding(Severity.WARNING, "task-not-stopped", service.arn, message, remedy)


def _unhealthy_tasks(world: World, service: Service) -> Iterator[Finding]:
    """The finding about a service whose tasks are replaced again and again, and none of which gets healthy. A task runs
    while its checks fail, and one replica may begin before the other ends.
    """
    tasks = world.tasks.by("service", service.arn)
    stopped = [task for task in tasks if (task.stopped_reason or "").startswith(_UNHEALTHY)]
    if len(stopped) > 1 and not any(is_healthy(task, world.task_definitions[task.task_definition]) for task in tasks):
        last = max(stopped, key=lambda task: task.stopped_at or 0)
        message = (
            f"{len(stopped)} of its tasks were stopped within an hour, and none is healthy. Last: {_reason(last)}."
        )
        remedy = f"Run the check in a task (moyai exec), and see moyai logs {last.id}. A startPeriod gives more time."
        yield Finding(Severity.PROBLEM, "tasks-unhealthy", service.arn, message, remedy)


def _not_listening_tasks(world: World, service: Service) -> Iterator[Finding]:
    """The findings about running tasks that did not listen when they began to get traffic."""
    running = {task.id for task in world.tasks.by("service", service.arn) if task.last_status is TaskStatus.RUNNING}
    log = world.service_logs.get(service.arn)
    for event in () if log is None else log.events:
        if events.NOT_LISTENING in event.message and any(f"(task {identity})" in event.message for identity in running):
            remedy = f"Compare the port with what the program listens on: moyai exec {service.name} -- ss -ltn"
            message = (
                f"a task did not listen within {LISTEN_LIMIT:g} seconds of its start; it may listen by now."
                f" The event of that time: {event.message}"
            )
            yield Finding(Severity.WARNING, "not-listening", service.arn, message, remedy)


def _reason(task: Task) -> str:
    """Why a task stopped, with the exit codes of its containers."""
    codes = (f"{c.name}: exit code {c.exit_code}" for c in task.containers if c.exit_code)
    return "; ".join(((task.stopped_reason or task.stop_code or "").rstrip("."), *codes))


def _starting_deployments(service: Service) -> tuple[Deployment, ...]:
    """The deployments whose tasks are to start: every task set, or else the newest deployment."""
    return service.deployments if service.is_external else service.deployments[:1]


def _trouble(world: World, service: Service) -> str | None:
    """The service's last event about being stuck, unless it was steady since."""
    log = world.service_logs.get(service.arn)
    for event in () if log is None else log.events:
        if event.message.endswith(events.STEADY):
            return None
        if event.message.endswith((events.STUCK, events.INCONSISTENT)) or events.UNPLACED in event.message:
            return event.message
    return None


def _unreachable_names(world: World, service: Service) -> Iterator[Finding]:
    unreachable = unreachable_names(world, service)
    if unreachable.names:
        tasks = ", ".join(t.id for t in unreachable.tasks)
        message = f"running tasks {tasks} can't call {', '.join(unreachable.names)}: their deployment is older."
        yield Finding(Severity.NOTE, "names-not-seen", service.arn, message, events.HOW_TO_SEE_NAMES)
