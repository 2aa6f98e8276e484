"""A service's events: their texts, their order, and which of them would only repeat.

Promise: the texts are AWS's to the letter (``(service front) has started 1 tasks: (task …).``). Events are strictly
ordered to the millisecond, newest first, and the last hundred are kept. A problem that persists is reported again only
after six hours, or after the service was steady in between.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.service import ServiceEvent, ServiceLog
from moyai.domain.ecs.task import Task
from moyai.domain.sandbox.pull import PullProgress
from moyai.domain.sandbox.state import ExpectedListener
from moyai.domain.world import Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DeploymentId, Ids, ServiceArn, TargetGroupArn


class TaskSetEvent(NamedTuple):
    """An event about one of a service's task sets."""

    task_set: DeploymentId
    text: str


class UrlsEvent(NamedTuple):
    """An event about the URLs of a target group."""

    group: TargetGroupArn
    text: str


REPEAT_AFTER = 6 * 3600
"""Seconds until an event that is still true is repeated."""

_MAX_EVENTS = 100
_MAX_REPORTED_GROUPS = 20
"""Twice the number of target groups, alternate ones included, that a service may have."""
_MAX_NAMED = 10
"""Tasks, or names, in one event."""
_STEP = 0.001


def tasks_started(tasks: Sequence[Task], unhealthy: int = 0) -> str:
    """Tasks were started, ``unhealthy`` of them in place of unhealthy ones."""
    text = f"has started {len(tasks)} tasks: {_task_list(tasks)}."
    return f"{text} Amazon ECS replaced {unhealthy} tasks due to an unhealthy status." if unhealthy else text


def tasks_stopped(tasks: Sequence[Task]) -> str:
    """Running tasks were stopped."""
    return f"has stopped {len(tasks)} running tasks: {_task_list(tasks)}."


def task_started_in_zone(task: Task) -> str:
    """A task was started in the zone where its service has fewest."""
    return f"has started 1 tasks in {task.availability_zone} to AZ Rebalance: {_task_list([task])}."


def task_stopped_in_zone(task: Task) -> str:
    """A task was stopped in the zone where its service has most."""
    return f"has stopped 1 running tasks in {task.availability_zone} due to AZ rebalancing: {_task_list([task])}."


def pending_tasks_stopped(count: int) -> str:
    """Tasks that were not running yet were stopped."""
    return f"stopped {count} pending tasks."


def health_checks_failed(task: Task) -> str:
    """The health check of one of the task's containers fails."""
    return f"(task {task.id}) failed container health checks."


def target_unhealthy(task: Task, port: int, group: TargetGroupArn, reason: str) -> str:
    """A load balancer's health check of the task fails."""
    return f"(task {task.id}) (port {port}) is unhealthy in (target-group {group}) due to (reason {reason})."


def targets_registered(groups: Iterable[TargetGroupArn]) -> tuple[str, ...]:
    """A task was registered in these target groups."""
    return tuple(f"registered 1 targets in (target-group {group})" for group in groups)


def callable_at(group: TargetGroupArn, urls: Sequence[str]) -> UrlsEvent:
    """A target group's load balancers have these URLs. AWS has no such event."""
    return UrlsEvent(group, f"can be called at {_some(urls, 'URLs')} through (target-group {group}).")


def targets_deregistered(
    groups: Iterable[TargetGroupArn], task_set: DeploymentId | None
) -> tuple[str | TaskSetEvent, ...]:
    """A task was deregistered from these target groups, and drains."""
    texts = tuple(f"deregistered 1 targets in (target-group {group})" for group in groups)
    draining = "has begun draining connections on 1 tasks."
    return (*texts, draining if task_set is None else TaskSetEvent(task_set, draining))


UNPLACED = "was unable to place a task."
HOW_TO_SEE_NAMES = (
    "Deploy the service again (aws ecs update-service --force-new-deployment), or give its cluster the tag "
    "moyai:live-endpoints with the value on."
)


def task_unplaced(reason: str) -> str:
    """A task could not be placed or started; AWS uses the same text for both."""
    return f"{UNPLACED} Reason: {reason.rstrip('.')}."


def image_pulled(image: str, progress: PullProgress) -> str:
    """An image was pulled for a task. AWS has no such event."""
    return f"has pulled the image {image} {progress.text(is_complete=True)}."


def image_pull_slow(image: str, progress: PullProgress) -> str:
    """A task waits for an image. The text has no changing part, so that it is not repeated. AWS has no such event."""
    return f"is pulling the image {image} from {progress.source}; its tasks are PENDING until then."


def runs_without_user_namespaces(reason: str) -> str:
    """The machine can't give tasks user namespaces. AWS has no such event."""
    return (
        f"runs its tasks without user namespaces, because {reason}: root in a container is root of this machine with"
        " fewer privileges."
    )


def names_unreachable(tasks: Sequence[Task], names: Sequence[str]) -> str:
    """Running tasks can't call names that are newer than their deployment. AWS has no such event."""
    callers = _some([f"(task {t.id})" for t in tasks], "tasks")
    return (
        f"{callers} can't call {_some(names, 'names')}: their deployment is older, and it froze the names they see."
        f" {HOW_TO_SEE_NAMES}"
    )


NOT_LISTENING = "does not listen on"


def not_listening(task: Task, missing: Sequence[ExpectedListener], seconds: float) -> str:
    """A task without a health check gets traffic although it does not listen. AWS has no such event."""
    ports = _some([listener.label for listener in missing], "ports")
    at = ", ".join(sorted({address for listener in missing for address in listener.addresses}))
    return (
        f"(task {task.id}) {NOT_LISTENING} {ports} at {at} after {seconds:g} seconds. It receives traffic from now"
        " on, as on AWS; a container health check would hold the traffic back."
    )


STEADY = "has reached a steady state."
INCONSISTENT = "is unable to consistently start tasks successfully."
STUCK = (
    "was unable to stop or start tasks during a deployment because of the service deployment configuration. "
    "Update the minimumHealthyPercent or maximumPercent value and try again."
)


def tasks_awaited(tasks: Sequence[Task]) -> str:
    """A service that has one task at a time waits for these to end. AWS has no such event."""
    names = _some([f"(task {t.id})" for t in tasks], "tasks")
    return f"is waiting for {names} to be STOPPED before it starts a task."


def tasks_protected(deployment: DeploymentId, tasks: int) -> str:
    """Tasks that should stop are protected."""
    return (
        f"was unable to reach steady state because (taskSet {deployment}) was unable to scale in due to"
        f" (reason {tasks} tasks under protection)"
    )


def deployment_completed(deployment: DeploymentId) -> str:
    """A deployment has completed."""
    return f"(deployment {deployment}) deployment completed."


def announce(
    world: World, service: ServiceArn, texts: Iterable[str | TaskSetEvent | UrlsEvent], now: Instant, ids: Ids
) -> tuple[Put, ...]:
    """The change that adds these texts to the service's events; none without texts."""
    stored_log = world.service_logs.get(service) or ServiceLog(service)
    name = service.rpartition("/")[2]
    log = stored_log
    for text in texts:
        if isinstance(text, TaskSetEvent):
            message = f"(service {name}, taskSet {text.task_set}) {text.text}"
        elif isinstance(text, UrlsEvent):
            message, log = f"(service {name}) {text.text}", _with_reported_urls(log, text)
        else:
            message = f"(service {name}) {text}"
        log = _append(log, message, now, ids)
    return () if log is stored_log else (Put(log),)


def should_report(world: World, service: ServiceArn, text: str, now: Instant) -> bool:
    """Whether a problem is to be reported: not within REPEAT_AFTER after the last report, unless steady in between."""
    log = world.service_logs.get(service)
    for event in () if log is None else log.events:
        if event.message.endswith(STEADY) or event.created_at <= now - REPEAT_AFTER:
            return True
        if event.message.endswith(text):
            return False
    return True


def is_reported(world: World, service: ServiceArn, event: UrlsEvent) -> bool:
    """Whether the service's last event about the URLs of the target group was this one."""
    log = world.service_logs.get(service)
    return log is not None and log.reported_urls.get(event.group) == event.text


def _with_reported_urls(log: ServiceLog, event: UrlsEvent) -> ServiceLog:
    others = [(group, text) for group, text in log.reported_urls.items() if group != event.group]
    return replace(log, reported_urls=dict([*others, (event.group, event.text)][-_MAX_REPORTED_GROUPS:]))


def _append(log: ServiceLog, message: str, now: Instant, ids: Ids) -> ServiceLog:
    newest = log.events[0].created_at + _STEP if log.events else 0.0
    event = ServiceEvent(ids.uuid(), Instant(round(max(now, newest), 3)), message)
    return replace(log, events=(event, *log.events)[:_MAX_EVENTS])


def _some(items: Sequence[str], noun: str) -> str:
    more = f" and {len(items) - _MAX_NAMED} more {noun}" if len(items) > _MAX_NAMED else ""
    return ", ".join(items[:_MAX_NAMED]) + more


def _task_list(tasks: Sequence[Task]) -> str:
    return " ".join(f"(task {t.id})" for t in tasks)
