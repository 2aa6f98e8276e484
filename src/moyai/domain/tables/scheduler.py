"""The tables of EventBridge Scheduler."""

from __future__ import annotations

from moyai.domain.scheduler.schedule import Schedule, ScheduleGroup, schedule_group_arn
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import own_scope


class SchedulerTables:
    """Schedules and their groups."""

    schedules = TableSpec(Schedule, scope=own_scope, group=lambda s: (schedule_group_arn(s.scope, s.group),))
    """``group``: the group's ARN."""
    schedule_groups = TableSpec(ScheduleGroup, scope=own_scope)
