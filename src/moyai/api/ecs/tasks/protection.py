"""Task protection: neither a scale-in nor a deployment stops a service's protected tasks.

Promise: an acknowledged protection lasts until it expires or is removed, or the task is stopped for another reason: by
a user, for its health, with its service. Protecting a task that is already being stopped is refused.
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
_MAX_TASKS = 10
_MINUTE = 60.0

NO_SERVICE = "TASK_NOT_VALID"
BEING_STOPPED = "DEPLOYMENT_BLOCKED"
MISSING = "MISSING"


class GetTaskProtectionRequest(msgspec.Struct, frozen=True):
    cluster: str
    tasks: tuple[str, ...] = ()


class UpdateTaskProtectionRequest(msgspec.Struct, frozen=True):
    cluster: str
    tasks: tuple[str, ...]
    protection_enabled: bool
    expires_in_minutes: int | None = None


def get_task_protection(ctx: Context, request: GetTaskProtectionRequest) -> dict[str, object]:
    """The protection of these tasks; by default, of all protected tasks of the cluster."""
    cluster = active_cluster(ctx, request.cluster)
    if not request.tasks:
        every = ctx.store.world.tasks.by("cluster", cluster.arn)
        return {"protected_tasks": [_view(t, ctx.now) for t in every if t.is_protected(ctx.now)], "failures": []}
    results = {arn: _task_or_reason(ctx, cluster, arn) for arn in _task_arns(cluster, request.tasks)}
    return _response(ctx, results)


def update_task_protection(ctx: Context, request: UpdateTaskProtectionRequest) -> dict[str, object]:
    """Protect tasks, or remove their protection; tasks that cannot be protected are failures."""
    cluster = active_cluster(ctx, request.cluster)
    if not request.tasks:
        raise InvalidParameter("Tasks cannot be empty.")
    check_minutes(request.expires_in_minutes)
    until = expiry(ctx.now, request.expires_in_minutes) if request.protection_enabled else None
    results = {arn: _updated_or_reason(ctx, cluster, arn, until) for arn in _task_arns(cluster, request.tasks)}
    ctx.store.apply([Put(task) for task in results.values() if not isinstance(task, str)])
    return _response(ctx, results)


def check_minutes(minutes: int | None) -> None:
    """Raises InvalidParameter for a duration out of range."""
    if minutes is not None and not 1 <= minutes <= MAX_MINUTES:
        raise InvalidParameter(f"expiresInMinutes must be between 1 and {MAX_MINUTES}.")


def expiry(now: Instant, minutes: int | None) -> Instant:
    """The end of a protection that begins now; by default two hours later."""
    return later(now, (minutes or DEFAULT_MINUTES) * _MINUTE)


def with_protection(task: Task, until: Instant | None) -> Task | str:
    """The task with this protection, or the reason why it cannot be protected."""
    if task.service is None:
        return NO_SERVICE
    if until is not None and task.desired_status is DesiredStatus.STOPPED:
        return BEING_STOPPED
    return replace(task, protected_until=until, version=task.version + 1)


def _updated_or_reason(ctx: Context, cluster: Cluster, arn: str, until: Instant | None) -> Task | str:
    task = _task_or_reason(ctx, cluster, arn)
    return task if isinstance(task, str) else with_protection(task, until)


def _task_or_reason(ctx: Context, cluster: Cluster, arn: str) -> Task | str:
    """The task, or the reason why it cannot be protected."""
    task = ctx.store.world.tasks.get(arn)
    if task is None or task.cluster != cluster.arn or task.stopped:
        return MISSING
    return NO_SERVICE if task.service is None else task


def _task_arns(cluster: Cluster, tasks: tuple[str, ...]) -> dict[str, None]:
    if len(tasks) > _MAX_TASKS:
        raise InvalidParameter(f"Tasks can have at most {_MAX_TASKS} items.")
    return dict.fromkeys(task_arn(cluster, task) for task in tasks)


def _response(ctx: Context, results: dict[str, Task | str]) -> dict[str, object]:
    return {
        "protected_tasks": [_view(task, ctx.now) for task in results.values() if not isinstance(task, str)],
        "failures": [{"arn": arn, "reason": why} for arn, why in results.items() if isinstance(why, str)],
    }


def _view(task: Task, now: Instant) -> dict[str, object]:
    is_protected = task.is_protected(now)
    return {
        "task_arn": task.arn,
        "protection_enabled": is_protected,
        "expiration_date": task.protected_until if is_protected else None,
    }
