"""Alarms, with their conditions, states and history.

Promise: metric and composite alarms have one type of record, since they share names, states and actions; only
``condition`` differs.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from moyai.domain.cloudwatch.query import MetricDataQuery, MetricStat
from moyai.domain.record import ArnRecord, StoredRecord
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AlarmArn
from moyai.kernel.scope import Scope

UNCHECKED = "Unchecked: Initial alarm creation"
"""An alarm's reason before it was evaluated for the first time."""


class AlarmState(StrEnum):
    """The state of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class ComparisonOperator(StrEnum):
    """How a breaching datapoint compares with the threshold."""

    AT_LEAST = "GreaterThanOrEqualToThreshold"
    ABOVE = "GreaterThanThreshold"
    BELOW = "LessThanThreshold"
    AT_MOST = "LessThanOrEqualToThreshold"


class MissingData(StrEnum):
    """How a missing datapoint is treated."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


class MetricCondition(msgspec.Struct, frozen=True, tag="metric"):
    """A metric's statistic, or an expression (``queries``, of which one returns data), against a threshold.

    ``datapoints_to_alarm``: M of the N ``evaluation_periods``; None is all of them. ``low_samples``: whether a
    percentile of few samples is evaluated or ignored.
    """

    threshold: float
    comparison: ComparisonOperator
    evaluation_periods: int
    stat: MetricStat | None = None
    queries: tuple[MetricDataQuery, ...] = ()
    datapoints_to_alarm: int | None = None
    treat_missing_data: MissingData | None = None
    low_samples: str | None = None

    @property
    def period(self) -> int:
        """The seconds of a datapoint."""
        return next((stat.period for stat in self.stats), 60)

    @property
    def stats(self) -> tuple[MetricStat, ...]:
        """All statistics that are read to evaluate the condition."""
        if self.stat is not None:
            return (self.stat,)
        return tuple(query.metric_stat for query in self.queries if query.metric_stat is not None)


class CompositeCondition(msgspec.Struct, frozen=True, tag="composite"):
    """A rule on the states of other alarms; ``alarms``: those that it names."""

    rule: str
    alarms: tuple[AlarmArn, ...] = ()


class AlarmActions(msgspec.Struct, frozen=True):
    """The actions for each state: ARNs, as they were given."""

    enabled: bool = True
    ok: tuple[str, ...] = ()
    alarm: tuple[str, ...] = ()
    insufficient_data: tuple[str, ...] = ()

    def of(self, state: AlarmState) -> tuple[str, ...]:
        """The actions of this state."""
        match state:
            case AlarmState.OK:
                return self.ok
            case AlarmState.ALARM:
                return self.alarm
            case AlarmState.INSUFFICIENT_DATA:
                return self.insufficient_data

    @property
    def all(self) -> tuple[str, ...]:
        """The actions of every state."""
        return (*self.ok, *self.alarm, *self.insufficient_data)


class Alarm(ArnRecord, frozen=True, tag="alarm"):
    """An alarm and its state. ``recent``: the datapoints that it was last evaluated on, oldest first; kept up to date
    only while a scaling policy acts on them.
    """

    arn: AlarmArn
    name: str
    condition: MetricCondition | CompositeCondition
    configured_at: Instant
    updated_at: Instant
    transitioned_at: Instant
    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    reason: str = UNCHECKED
    reason_data: str | None = None
    actions: AlarmActions = AlarmActions()
    description: str | None = None
    tags: Mapping[str, str] = {}
    recent: tuple[float, ...] = ()

    @property
    def type(self) -> str:
        """AWS's name for the alarm's type."""
        return "MetricAlarm" if isinstance(self.condition, MetricCondition) else "CompositeAlarm"


class HistoryType(StrEnum):
    """The types of entries in an alarm's history."""

    CONFIGURATION = "ConfigurationUpdate"
    STATE = "StateUpdate"
    ACTION = "Action"


class AlarmEvent(StoredRecord, frozen=True, tag="alarm_history"):
    """One entry of an alarm's history, which outlives the alarm. ``data`` is JSON."""

    arn: AlarmArn
    id: str
    name: str
    alarm_type: str
    type: HistoryType
    at: Instant
    summary: str
    data: str

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return f"{self.arn}/{self.id}"


def alarm_arn(scope: Scope, name: str) -> AlarmArn:
    """The ARN of the alarm with this name."""
    return AlarmArn(arn("cloudwatch", scope, f"alarm:{name}"))
