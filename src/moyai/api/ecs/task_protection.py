"""Task protection: a service's tasks that neither a scale-in nor a deployment stops.

Promise: a protection that was answered holds until it expires, is taken back, or the task is stopped for another
reason: by its user, for its health, with its service. One that comes too late, for a task that is already told to
stop, is refused.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.lookup import active_cluster, task_arn
from moyai.api.operation import Context
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.task import DesiredStatus, Task
from moyai.domain.world import Put
from moyai.kernel.clock import Instant, later

DEFAULT_MINUTES = 120
MAX_MINUTES = 2880
_MOST = 10
_MINUTE = 60.0

NO_SERVICE = "TASK_NOT_VALID"
LEAVING = "DEPLOYMENT_BLOCKED"
MISSING = "MISSING"


class GetTaskProtectionRequest(msgspec.Struct, frozen=True):
    """Input of GetTaskProtection."""

    cluster: str
    tasks: tuple[str, ...] = ()


class UpdateTaskProtectionRequest(msgspec.Struct, frozen=True):
    """Input of UpdateTaskProtection."""

    cluster: str
    tasks: tuple[str, ...]
    protection_enabled: bool
    expires_in_minutes: int | None = None


def get_task_protection(ctx: Context, request: GetTaskProtectionRequest) -> dict[str, object]:
    """Whether each of the tasks is protected; all of the cluster's that are when none is named."""
    cluster = active_cluster(ctx, request.cluster)
    if not request.tasks:
        every = ctx.store.world.tasks.by("cluster", cluster.arn)
        return {"protected_tasks": [_view(t, ctx.now) for t in every if t.is_protected(ctx.now)], "failures": []}
    found = {arn: _protectable(ctx, cluster, arn) for arn in _named(cluster, request.tasks)}
    return _answer(ctx, found)


def update_task_protection(ctx: Context, request: UpdateTaskProtectionRequest) -> dict[str, object]:
    """Protect the tasks, or take their protection back; those that can't have it are failures."""
    cluster = active_cluster(ctx, request.cluster)
    if not request.tasks:
        raise InvalidParameter("Tasks cannot be empty.")
    check_minutes(request.expires_in_minutes)
    until = expiry(ctx.now, request.expires_in_minutes) if request.protection_enabled else None
    found = {arn: _updated(ctx, cluster, arn, until) for arn in _named(cluster, request.tasks)}
    ctx.store.apply([Put(task) for task in found.values() if not isinstance(task, str)])
    return _answer(ctx, found)


def check_minutes(minutes: int | None) -> None:
    """Raises InvalidParameter."""
    if minutes is not None and not 1 <= minutes <= MAX_MINUTES:
        raise InvalidParameter(f"expiresInMinutes must be between 1 and {MAX_MINUTES}.")


def expiry(now: Instant, minutes: int | None) -> Instant:
    """When a protection that begins now ends."""
    return later(now, (minutes or DEFAULT_MINUTES) * _MINUTE)


def protected(task: Task, until: Instant | None) -> Task | str:
    """The task with this protection, or why it can't have it."""
    if task.service is None:
        return NO_SERVICE
    if until is not None and task.desired_status is DesiredStatus.STOPPED:
        return LEAVING
    return replace(task, protected_until=until, version=task.version + 1)


def _updated(ctx: Context, cluster: Cluster, arn: str, until: Instant | None) -> Task | str:
    task = _protectable(ctx, cluster, arn)
    return task if isinstance(task, str) else protected(task, until)


def _protectable(ctx: Context, cluster: Cluster, arn: str) -> Task | str:
    """The task, or why it is none to protect."""
    task = ctx.store.world.tasks.get(arn)
    if task is None or task.cluster != cluster.arn or task.stopped:
        return MISSING
    return NO_SERVICE if task.service is None else task


def _named(cluster: Cluster, tasks: tuple[str, ...]) -> dict[str, None]:
    if len(tasks) > _MOST:
        raise InvalidParameter(f"Tasks can have at most {_MOST} items.")
    return dict.fromkeys(task_arn(cluster, task) for task in tasks)


def _answer(ctx: Context, found: dict[str, Task | str]) -> dict[str, object]:
    return {
        "protected_tasks": [_view(task, ctx.now) for task in found.values() if not isinstance(task, str)],
        "failures": [{"arn": arn, "reason": why} for arn, why in found.items() if isinstance(why, str)],
    }


def _view(task: Task, now: Instant) -> dict[str, object]:
    holds = task.is_protected(now)
    return {
        "task_arn": task.arn,
        "protection_enabled": holds,
        "expiration_date": task.protected_until if holds else None,
    }
