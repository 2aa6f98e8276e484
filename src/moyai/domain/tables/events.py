"""The tables of EventBridge and of EventBridge Scheduler."""

from __future__ import annotations

from moyai.domain.eventbridge.rule import EventBus, EventDelivery, EventRule, event_bus_arn
from moyai.domain.scheduler.schedule import Schedule, ScheduleGroup, schedule_group_arn
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import own_scope


class EventTables:
    """Event buses, rules, and events on their way; schedules and their groups."""

    event_buses = TableSpec(EventBus, scope=own_scope)
    event_rules = TableSpec(
        EventRule,
        scope=own_scope,
        bus=lambda r: (event_bus_arn(r.scope, r.bus),),
        target=lambda r: tuple({target.arn for target in r.targets}),
    )
    """``bus``: the bus's ARN; ``target``: the targets' ARNs."""
    event_deliveries = TableSpec(EventDelivery, scope=own_scope)

    schedules = TableSpec(Schedule, scope=own_scope, group=lambda s: (schedule_group_arn(s.scope, s.group),))
    """``group``: the group's ARN."""
    schedule_groups = TableSpec(ScheduleGroup, scope=own_scope)
