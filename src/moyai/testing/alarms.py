"""CloudWatch alarms for tests."""

from __future__ import annotations

from moyai.domain.cloudwatch.alarm import Alarm, AlarmState, ComparisonOperator, MetricCondition, alarm_arn
from moyai.domain.world import Put
from moyai.testing.world import SCOPE, Builder


def put_alarm(build: Builder, name: str, state: AlarmState) -> None:
    """Record an alarm with two evaluation periods in this state."""
    now = build.clock.now()
    condition = MetricCondition(threshold=1, comparison=ComparisonOperator.ABOVE, evaluation_periods=2)
    build.book.apply([Put(Alarm(alarm_arn(SCOPE, name), name, condition, now, now, now, state))])
