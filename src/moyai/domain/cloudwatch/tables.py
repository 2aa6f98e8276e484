"""The tables of alarms, their history and of dashboards, each with the indexes that its readers need."""

from __future__ import annotations

from moyai.domain.cloudwatch.alarm import Alarm, AlarmEvent, CompositeCondition
from moyai.domain.cloudwatch.dashboard import Dashboard
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.table import Table


def alarms() -> Table[Alarm]:
    """By scope, by an action of any state (``action``), and composite ones by the alarms that they name (``child``)."""
    return Table(
        {
            "scope": lambda a: (scope_key(scope_of(a.arn)),),
            "action": lambda a: a.actions.all,
            "child": lambda a: a.condition.alarms if isinstance(a.condition, CompositeCondition) else (),
        }
    )


def alarm_history() -> Table[AlarmEvent]:
    """By scope and alarm."""
    return Table({"scope": lambda e: (scope_key(scope_of(e.arn)),), "alarm": lambda e: (e.arn,)})


def dashboards() -> Table[Dashboard]:
    """By account."""
    return Table({"account": lambda d: (scope_of(d.arn).account,)})
