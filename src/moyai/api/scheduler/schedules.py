"""Schedules: create, get, update, list, delete.

Promise: the target is an ECS cluster, in which tasks are run; other targets are refused by name. An update replaces all
settings, as on AWS.
Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.idempotency import fingerprint
from moyai.api.operation import Context
from moyai.api.scheduler.lookup import LONGEST_PAGE, group_of, schedule_of
from moyai.domain.keys import scope_key
from moyai.domain.paging import page
from moyai.domain.scheduler.errors import InvalidScheduleRequest, ScheduleConflict, ScheduleQuotaExceeded
from moyai.domain.scheduler.schedule import Schedule, ScheduleTarget, schedule_arn
from moyai.domain.world import Delete, Put
from moyai.expressions.cron import InvalidSchedule
from moyai.expressions.schedule import next_time
from moyai.expressions.task_overrides import overrides_problem
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant

MAX_SCHEDULES: Final = 10_000
"""The most schedules of an account and region."""
_FLEXIBLE: Final = "FLEXIBLE"
_ENABLED, _DISABLED = "ENABLED", "DISABLED"


class FlexibleWindowRequest(msgspec.Struct, frozen=True):
    mode: str
    maximum_window_in_minutes: int | None = None


class ScheduleRequest(msgspec.Struct, frozen=True):
    name: str
    schedule_expression: str
    target: ScheduleTarget
    flexible_time_window: FlexibleWindowRequest
    group_name: str | None = None
    start_date: Instant | None = None
    end_date: Instant | None = None
    description: str | None = None
    schedule_expression_timezone: str | None = None
    state: str = _ENABLED
    kms_key_arn: str | None = None
    client_token: str | None = None
    action_after_completion: str = "NONE"


class NamedScheduleRequest(msgspec.Struct, frozen=True):
    name: str
    group_name: str | None = None


class DeleteScheduleRequest(msgspec.Struct, frozen=True):
    name: str
    group_name: str | None = None
    client_token: str | None = None


class ListSchedulesRequest(msgspec.Struct, frozen=True):
    group_name: str | None = None
    name_prefix: str = ""
    state: str | None = None
    next_token: str | None = None
    max_results: int = LONGEST_PAGE


def create_schedule(ctx: Context, request: ScheduleRequest) -> dict[str, object]:
    """Create a schedule; a repeated request gets the one that the first created."""
    world, group = ctx.store.world, group_of(ctx, request.group_name)
    schedule = _schedule(ctx, request, group.name)
    present = world.schedules.get(schedule.arn)
    if present is not None and schedule.fingerprint is not None and present.fingerprint == schedule.fingerprint:
        return {"schedule_arn": present.arn}
    if present is not None:
        raise ScheduleConflict(f"Schedule {request.name} already exists.")
    if world.schedules.count("scope", scope_key(ctx.scope)) >= MAX_SCHEDULES:
        raise ScheduleQuotaExceeded(f"There may be {MAX_SCHEDULES} schedules. Delete one that is not used.")
    ctx.store.apply([Put(schedule)])
    return {"schedule_arn": schedule.arn}


def get_schedule(ctx: Context, request: NamedScheduleRequest) -> dict[str, object]:
    """A schedule with its target."""
    schedule = schedule_of(ctx, request.group_name, request.name)
    window = schedule.window_minutes
    return {
        **_summary(schedule),
        "schedule_expression": schedule.schedule,
        "schedule_expression_timezone": schedule.timezone or "UTC",
        "start_date": schedule.start_at,
        "end_date": schedule.end_at,
        "description": schedule.description,
        "kms_key_arn": schedule.kms_key,
        "target": schedule.target,
        "flexible_time_window": (
            {"mode": _FLEXIBLE, "maximum_window_in_minutes": window} if window else {"mode": "OFF"}
        ),
        "action_after_completion": "DELETE" if schedule.delete_after_completion else "NONE",
    }


def update_schedule(ctx: Context, request: ScheduleRequest) -> dict[str, object]:
    """Replace the settings of a schedule; those that the request leaves out get their defaults."""
    present = schedule_of(ctx, request.group_name, request.name)
    schedule = _schedule(ctx, request, present.group, present)
    ctx.store.apply([Put(schedule)])
    return {"schedule_arn": schedule.arn}


def list_schedules(ctx: Context, request: ListSchedulesRequest) -> dict[str, object]:
    """The schedules of a group or of all groups, in pages."""
    table = ctx.store.world.schedules
    if request.group_name is None:
        schedules = table.each("scope", scope_key(ctx.scope))
    else:
        schedules = table.each("group", group_of(ctx, request.group_name).arn)
    arns = [
        schedule.arn
        for schedule in schedules
        if schedule.name.startswith(request.name_prefix) and request.state in {None, _state(schedule)}
    ]
    listing = ("ListSchedules", request.group_name, request.name_prefix, request.state)
    on_page = page(arns, listing, request.next_token, request.max_results, fault=InvalidScheduleRequest)
    summaries = [{**_summary(table[arn]), "target": {"arn": table[arn].target.arn}} for arn in on_page.keys]
    return {"schedules": summaries, "next_token": on_page.next_token}


def delete_schedule(ctx: Context, request: DeleteScheduleRequest) -> dict[str, object]:
    """Delete a schedule; tasks that it has run go on."""
    ctx.store.apply([Delete(Schedule, schedule_of(ctx, request.group_name, request.name).arn)])
    return {}


def _schedule(ctx: Context, request: ScheduleRequest, group: str, present: Schedule | None = None) -> Schedule:
    """The schedule that a request describes, which replaces the present one. An invocation that is due, or waits to be
    tried again, stays unless a member that decides its time changes. Raises InvalidScheduleRequest.
    """
    _check_target(request.target)
    schedule = Schedule(
        arn=schedule_arn(ctx.scope, group, request.name),
        scope=ctx.scope,
        name=request.name,
        group=group,
        schedule=request.schedule_expression,
        target=request.target,
        created_at=ctx.now if present is None else present.created_at,
        modified_at=ctx.now,
        timezone=request.schedule_expression_timezone,
        start_at=request.start_date,
        end_at=request.end_date,
        description=request.description,
        kms_key=request.kms_key_arn,
        enabled=request.state == _ENABLED,
        window_minutes=_window(request.flexible_time_window),
        delete_after_completion=request.action_after_completion == "DELETE",
        fingerprint=fingerprint(request.client_token, request) if present is None else present.fingerprint,
    )
    if schedule.start_at is not None and schedule.end_at is not None and schedule.end_at <= schedule.start_at:
        raise InvalidScheduleRequest("The EndDate you specify must come after the StartDate.")
    if present is not None and _times(schedule) == _times(present):
        return replace(schedule, next_at=present.next_at, failures=present.failures, retry_at=present.retry_at)
    try:
        return replace(schedule, next_at=next_time(schedule, ctx.now))
    except InvalidSchedule as problem:
        raise InvalidScheduleRequest(f"Invalid Schedule Expression {schedule.schedule}. {problem}") from problem


def _times(schedule: Schedule) -> tuple[object, ...]:
    """The fields that decide when a schedule is due. Enabled again, a schedule skips the times that it missed."""
    return schedule.schedule, schedule.timezone, schedule.start_at, schedule.end_at, schedule.enabled


def _window(request: FlexibleWindowRequest) -> int:
    if request.mode != _FLEXIBLE:
        if request.maximum_window_in_minutes is not None:
            raise InvalidScheduleRequest("MaximumWindowInMinutes is for the mode FLEXIBLE only.")
        return 0
    if request.maximum_window_in_minutes is None:
        raise InvalidScheduleRequest("The mode FLEXIBLE needs MaximumWindowInMinutes.")
    return request.maximum_window_in_minutes


def _check_target(target: ScheduleTarget) -> None:
    """Raise InvalidScheduleRequest for a target other than a cluster with its task definition."""
    parsed = parse_arn(target.arn)
    if parsed is None or (parsed.service, parsed.kind) != ("ecs", "cluster"):
        raise InvalidScheduleRequest(
            f"moyai's schedules run ECS tasks: the target is the ARN of a cluster, and '{target.arn[:200]}' is not."
        )
    if target.ecs_parameters is None:
        raise InvalidScheduleRequest("EcsParameters is required for a target that is an ECS cluster.")
    problem = None if target.input is None else overrides_problem(target.input)
    if problem is not None:
        raise InvalidScheduleRequest(problem)


def _state(schedule: Schedule) -> str:
    return _ENABLED if schedule.enabled else _DISABLED


def _summary(schedule: Schedule) -> dict[str, object]:
    return {
        "arn": schedule.arn,
        "name": schedule.name,
        "group_name": schedule.group,
        "state": _state(schedule),
        "creation_date": schedule.created_at,
        "last_modification_date": schedule.modified_at,
    }
