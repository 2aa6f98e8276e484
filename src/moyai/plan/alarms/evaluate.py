"""The state of a metric alarm, from its datapoints.

Promise: more periods are read than are evaluated (the evaluation range), and the newest existing datapoints are
evaluated; missing ones are treated as the alarm says. Where the others are missing, breaching datapoints set ALARM only
if the oldest of them is at least DatapointsToAlarm periods old. An alarm keeps its state when datapoints may exist that
this process can't know because it started later: a restart does not change a state.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from moyai.domain.cloudwatch.alarm import AlarmState, ComparisonOperator, MetricCondition, MissingData
from moyai.domain.cloudwatch.statistic import percentile_of
from moyai.kernel.clock import Instant
from moyai.plan.alarms import wording

_EXTRA_PERIODS: Final = 2
"""Periods that are read beyond those that are evaluated; AWS's example reads as many."""
_MINUTE: Final = 60
_SIGNIFICANT_SAMPLES: Final = 10
"""Samples that a percentile needs on its rarer side to be significant."""
_BREACHES: Mapping[ComparisonOperator, Callable[[float, float], bool]] = MappingProxyType(
    {
        ComparisonOperator.AT_LEAST: ge,
        ComparisonOperator.ABOVE: gt,
        ComparisonOperator.BELOW: lt,
        ComparisonOperator.AT_MOST: le,
    }
)


class AlarmDatapoint(NamedTuple):
    """The datapoint of one period. ``value``: None without samples; ``is_complete``: whether this process ran then."""

    start: Instant
    value: float | None
    samples: float | None = None
    is_complete: bool = True


class AlarmVerdict(msgspec.Struct, frozen=True):
    """The new state of an alarm, its reason in words and in JSON, and the evaluated datapoints, oldest first."""

    state: AlarmState
    reason: str
    data: str
    recent: tuple[float, ...] = ()


def evaluation_step(condition: MetricCondition) -> int:
    """Seconds from one evaluation to the next."""
    return min(condition.period, _MINUTE)


def evaluation_range(condition: MetricCondition, now: Instant) -> tuple[Instant, Instant]:
    """The time range in which datapoints are read: whole periods that are over."""
    end = now - now % evaluation_step(condition)
    return Instant(end - (condition.evaluation_periods + _EXTRA_PERIODS) * condition.period), Instant(end)


def evaluate(
    condition: MetricCondition, state: AlarmState, points: Sequence[AlarmDatapoint], now: Instant
) -> AlarmVerdict | None:
    """The verdict on the datapoints of the evaluation range, oldest first; None when the alarm keeps its ``state``."""
    real = [point for point in points if point.value is not None][-condition.evaluation_periods :]
    lacking = condition.evaluation_periods - len(real)
    if lacking and state is not AlarmState.INSUFFICIENT_DATA and not all(point.is_complete for point in points):
        return None
    if real and _too_few_samples(condition, real):
        return None
    breaching = [point for point in real if _breaches(condition, point)]
    new_state = _state(condition, points, real, breaching)
    if new_state is None:
        return None
    reason = wording.AlarmReason(condition, state, new_state, real, breaching, _missing(points, lacking))
    return AlarmVerdict(new_state, reason.text, reason.data(now), tuple(p.value for p in real if p.value is not None))


def _state(
    condition: MetricCondition,
    points: Sequence[AlarmDatapoint],
    real: Sequence[AlarmDatapoint],
    breaching: Sequence[AlarmDatapoint],
) -> AlarmState | None:
    datapoints_to_alarm = condition.datapoints_to_alarm or condition.evaluation_periods
    lacking = condition.evaluation_periods - len(real)
    treat = condition.treat_missing_data or MissingData.MISSING
    filler_count = lacking if treat is MissingData.BREACHING else 0
    if len(breaching) + filler_count >= datapoints_to_alarm:
        return AlarmState.ALARM
    if not lacking or len(breaching) < len(real) or treat in {MissingData.BREACHING, MissingData.NOT_BREACHING}:
        return AlarmState.OK
    if treat is MissingData.IGNORE:
        return None
    if real and len(points) - points.index(real[0]) >= datapoints_to_alarm:
        return AlarmState.ALARM
    return AlarmState.INSUFFICIENT_DATA


def _breaches(condition: MetricCondition, point: AlarmDatapoint) -> bool:
    return point.value is not None and _BREACHES[condition.comparison](point.value, condition.threshold)


def _missing(points: Sequence[AlarmDatapoint], lacking: int) -> Sequence[AlarmDatapoint]:
    missing = [point for point in points if point.value is None]
    return missing[-lacking:] if lacking else []


def _too_few_samples(condition: MetricCondition, real: Sequence[AlarmDatapoint]) -> bool:
    """Whether a percentile has too few samples to be significant, and the alarm is set to ignore such datapoints."""
    percentage = percentile_of(condition.stat.stat) if condition.stat is not None else None
    if condition.low_samples != "ignore" or percentage is None:
        return False
    share = min(percentage / 100, 1 - percentage / 100)
    return share > 0 and sum(point.samples or 0 for point in real) < _SIGNIFICANT_SAMPLES / share
