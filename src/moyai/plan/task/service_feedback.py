"""Changes to a service that follow from a task's start, health and end: failure counts, the back-off, events.

Promise: each failure is counted once, in the same change as the task's own stop. The wait before the next attempt
doubles up to AWS's documented 27 minutes; it is reset when a task of the deployment reaches RUNNING, or by a new
deployment. A task that ran and ended is replaced without back-off, but after one that ended within seconds of its start
the deployment waits for QUICK_RESTART_DELAY seconds.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, Service
from moyai.domain.ecs.task import StopCode, Task
from moyai.domain.world import Put, World
from moyai.kernel.clock import Instant, later
from moyai.plan import events
from moyai.plan.strategy.monitors import record_failed_task, record_healthy_task
from moyai.plan.task.health import is_healthy

_FIRST_WAIT = 5.0
_LONGEST_WAIT = 27 * 60.0
_LAST_DOUBLING = 12
_INCONSISTENT_FROM = 3
"""Failures in a row before AWS's warning that tasks don't start consistently."""

SHORT_LIFE = 10.0
"""Seconds; a task that ends sooner after its start counts as short-lived."""

QUICK_RESTART_DELAY = 2.0
"""Seconds before the replacement of a task that ended within SHORT_LIFE seconds of its start."""


class StopReport(NamedTuple):
    """The changes to the service of a task that ended by itself, and the texts of its events."""

    changes: tuple[Put, ...] = ()
    texts: tuple[str, ...] = ()


def report_stop(world: World, task: Task, now: Instant) -> StopReport:
    """Report a task that ended by itself to its service."""
    service = world.services.get(task.service)
    if service is None:
        return StopReport()
    if task.started_at is not None:
        short_lived = now - task.started_at < SHORT_LIFE
        return StopReport(_with_back_off(service, task, 0, later(now, QUICK_RESTART_DELAY)) if short_lived else ())
    deployment = _deployment(service, task)
    failures = 1 if deployment is None else deployment.failed_tasks + 1
    texts = [events.task_unplaced(task.stopped_reason or "")] if task.stop_code is StopCode.TASK_FAILED_TO_START else []
    if failures >= _INCONSISTENT_FROM:
        texts.append(events.INCONSISTENT)
    new_texts = tuple(t for t in texts if events.should_report(world, service.arn, t, now))
    back_off = _with_back_off(service, task, failures, later(now, retry_wait(failures)))
    return StopReport((*back_off, *record_failed_task(world, service, task)), new_texts)


def report_start(world: World, task: Task) -> tuple[Put, ...]:
    """Changes to the service of a task that reached RUNNING: its deployment has no failures in a row any more."""
    service = world.services.get(task.service)
    deployment = None if service is None else _deployment(service, task)
    if service is None or deployment is None or deployment.failed_tasks == 0:
        return ()
    return _with_back_off(service, task, 0, Instant(0))


def report_health(world: World, before: Task, task: Task) -> tuple[Put, ...]:
    """Changes to the deployment of a task that has just become healthy."""
    service = world.services.get(task.service)
    definition = world.task_definitions[task.task_definition]
    if service is None or is_healthy(before, definition) or not is_healthy(task, definition):
        return ()
    return record_healthy_task(world, service, task)


def retry_wait(failures: int) -> float:
    """Seconds from a failed start until the next attempt, after so many failures in a row."""
    return min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(failures - 1, _LAST_DOUBLING))


def _deployment(service: Service, task: Task) -> Deployment | None:
    return next((d for d in service.deployments if d.id == task.deployment), None)


def _with_back_off(service: Service, task: Task, failures: int, wait_until: Instant) -> tuple[Put, ...]:
    deployments = tuple(
        replace(d, failed_tasks=failures, retry_at=wait_until) if d.id == task.deployment else d
        for d in service.deployments
    )
    return () if deployments == service.deployments else (Put(replace(service, deployments=deployments)),)
