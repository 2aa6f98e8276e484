"""A service's events: their wording, their order, and which of them would only repeat.

Promise: AWS's sentences to the letter (``(service front) has started 1 tasks: (task …).``); strictly
ordered to the millisecond, newest first, the last hundred kept. A problem that persists is told again
only after six hours or after the service was steady in between.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.service import ServiceEvent, ServiceLog
from moyai.domain.ecs.task import Task
from moyai.domain.sandbox.listener import ExpectedListener
from moyai.domain.world import Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DeploymentId, Ids, ServiceArn


class OfTaskSet(NamedTuple):
    """What a service says of one of its task sets."""

    task_set: DeploymentId
    text: str


REPEAT_AFTER = 6 * 3600
"""Seconds until what is still true is said again."""

_KEPT = 100
_SHOWN = 10
"""Tasks, or names, in one sentence."""
_STEP = 0.001


def started(tasks: Sequence[Task], unhealthy: int = 0) -> str:
    """A batch was started, ``unhealthy`` of it in place of unhealthy tasks."""
    text = f"has started {len(tasks)} tasks: {_named(tasks)}."
    return f"{text} Amazon ECS replaced {unhealthy} tasks due to an unhealthy status." if unhealthy else text


def stopped(tasks: Sequence[Task]) -> str:
    """Running tasks were told to stop."""
    return f"has stopped {len(tasks)} running tasks: {_named(tasks)}."


def started_in(task: Task) -> str:
    """A task was started where its service has fewest."""
    return f"has started 1 tasks in {task.availability_zone} to AZ Rebalance: {_named([task])}."


def stopped_in(task: Task) -> str:
    """A task was stopped where its service has most."""
    return f"has stopped 1 running tasks in {task.availability_zone} due to AZ rebalancing: {_named([task])}."


def stopped_pending(count: int) -> str:
    """Tasks that were not running yet were told to stop."""
    return f"stopped {count} pending tasks."


def failed_health_checks(task: Task) -> str:
    """A container's own check fails."""
    return f"(task {task.id}) failed container health checks."


UNPLACED = "was unable to place a task."
SEE_THEM = (
    "Deploy the service again (aws ecs update-service --force-new-deployment), or give its cluster the tag "
    "moyai:live-endpoints with the value on."
)


def unplaced(reason: str) -> str:
    """A task could not be had; AWS words its own start errors so, too."""
    return f"{UNPLACED} Reason: {reason.rstrip('.')}."


def unseen(tasks: Sequence[Task], names: Sequence[str]) -> str:
    """Running tasks can't call names that came after their deployment. AWS says nothing of this."""
    who = _some([f"(task {t.id})" for t in tasks], "tasks")
    which = _some(list(names), "names")
    return f"{who} can't call {which}: their deployment is older, and it froze the names they see. {SEE_THEM}"


def not_listening(task: Task, missing: Sequence[ExpectedListener], waited: float) -> str:
    """A task without a health check is used although nothing answers at its ports. AWS says nothing of this."""
    ports = _some([listener.label for listener in missing], "ports")
    at = ", ".join(sorted({address for listener in missing for address in listener.addresses}))
    return (
        f"(task {task.id}) does not listen on {ports} at {at} after {waited:g} seconds. It receives traffic from now"
        " on, as on AWS; a container health check would hold the traffic back."
    )


STEADY = "has reached a steady state."
INCONSISTENT = "is unable to consistently start tasks successfully."
STUCK = (
    "was unable to stop or start tasks during a deployment because of the service deployment configuration. "
    "Update the minimumHealthyPercent or maximumPercent value and try again."
)


def protected(deployment: DeploymentId, tasks: int) -> str:
    """Tasks that should go can't."""
    return (
        f"was unable to reach steady state because (taskSet {deployment}) was unable to scale in due to"
        f" (reason {tasks} tasks under protection)"
    )


def completed(deployment: DeploymentId) -> str:
    """A rollout is through."""
    return f"(deployment {deployment}) deployment completed."


def announce(
    world: World, service: ServiceArn, texts: Iterable[str | OfTaskSet], now: Instant, ids: Ids
) -> tuple[Put, ...]:
    """The change that adds these to the service's events; none when there is nothing new to say."""
    log = world.service_logs.get(service) or ServiceLog(service)
    name = service.rpartition("/")[2]
    told = log
    for text in texts:
        said = (
            f"(service {name}, taskSet {text[0]}) {text[1]}"
            if isinstance(text, OfTaskSet)
            else f"(service {name}) {text}"
        )
        told = _append(told, said, now, ids)
    return () if told is log else (Put(told),)


def worth_saying(world: World, service: ServiceArn, text: str, now: Instant) -> bool:
    """Whether a problem is new: not said within REPEAT_AFTER, or steady since."""
    log = world.service_logs.get(service)
    for event in () if log is None else log.events:
        if event.message.endswith(STEADY) or event.created_at <= now - REPEAT_AFTER:
            return True
        if event.message.endswith(text):
            return False
    return True


def _append(log: ServiceLog, message: str, now: Instant, ids: Ids) -> ServiceLog:
    newest = log.events[0].created_at + _STEP if log.events else 0.0
    event = ServiceEvent(ids.uuid(), Instant(round(max(now, newest), 3)), message)
    return replace(log, events=(event, *log.events)[:_KEPT])


def _some(found: Sequence[str], what: str) -> str:
    more = f" and {len(found) - _SHOWN} more {what}" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _named(tasks: Sequence[Task]) -> str:
    return " ".join(f"(task {t.id})" for t in tasks)
