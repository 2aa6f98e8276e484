"""Finds the schedule or the group that a request names.

Promise: the group ``default`` exists in every account and region, whether it is stored or not.
Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-group.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.operation import Context
from moyai.domain.scheduler.errors import ScheduleNotFound
from moyai.domain.scheduler.schedule import DEFAULT_GROUP, Schedule, ScheduleGroup, schedule_arn, schedule_group_arn
from moyai.kernel.clock import Instant

LONGEST_PAGE: Final = 100


def group_of(ctx: Context, name: str | None) -> ScheduleGroup:
    """The group with this name; the default group without one. Raises ScheduleNotFound."""
    arn = schedule_group_arn(ctx.scope, name or DEFAULT_GROUP)
    stored = ctx.store.world.schedule_groups.get(arn)
    if stored is not None:
        return stored
    if (name or DEFAULT_GROUP) != DEFAULT_GROUP:
        raise ScheduleNotFound(f"Schedule group {name} does not exist.")
    return ScheduleGroup(arn, ctx.scope, DEFAULT_GROUP, Instant(0.0))


def schedule_of(ctx: Context, group: str | None, name: str) -> Schedule:
    """The schedule of this name in a group. Raises ScheduleNotFound."""
    schedule = ctx.store.world.schedules.get(schedule_arn(ctx.scope, group_of(ctx, group).name, name))
    if schedule is None:
        raise ScheduleNotFound(f"Schedule {name} does not exist.")
    return schedule


def group_with_arn(ctx: Context, arn: str) -> ScheduleGroup:
    """The group with this ARN; only groups have tags. Raises ScheduleNotFound."""
    prefix, _, name = arn.rpartition("/")
    if f"{prefix}/" != schedule_group_arn(ctx.scope, ""):
        raise ScheduleNotFound(f"The schedule group {arn[:200]} does not exist.")
    return group_of(ctx, name)
