"""The reason of an alarm's state, in AWS's words and in AWS's JSON.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import msgspec

from moyai.domain.cloudwatch.alarm import AlarmState, ComparisonOperator, MetricCondition, MissingData
from moyai.kernel.clock import Instant

_MAX_NAMED: Final = 5
"""The most datapoints that one sentence names."""
_MAX_IN_DATA: Final = 30
"""The most datapoints in the JSON, so that it stays below AWS's limit of 4,000 characters."""
_COMPARISONS: Mapping[ComparisonOperator, str] = MappingProxyType(
    {
        ComparisonOperator.AT_LEAST: "greater than or equal to",
        ComparisonOperator.ABOVE: "greater than",
        ComparisonOperator.BELOW: "less than",
        ComparisonOperator.AT_MOST: "less than or equal to",
    }
)


class EvaluatedDatapoint(Protocol):
    """The members of a datapoint that a reason contains."""

    @property
    def start(self) -> Instant:
        """The start of its period."""

    @property
    def value(self) -> float | None:
        """None when it is missing."""

    @property
    def samples(self) -> float | None:
        """The number of its samples; None for an expression."""


class AlarmReason(NamedTuple):
    """Why one evaluation changed an alarm's state from ``old`` to ``new``. ``real``: the datapoints that exist;
    ``breaching``: those of them that breach the threshold; ``missing``: the datapoints that do not exist.
    """

    condition: MetricCondition
    old: AlarmState
    new: AlarmState
    real: Sequence[EvaluatedDatapoint]
    breaching: Sequence[EvaluatedDatapoint]
    missing: Sequence[EvaluatedDatapoint]

    @property
    def text(self) -> str:
        """The reason in words."""
        if self.new is AlarmState.INSUFFICIENT_DATA:
            return f"Insufficient Data: {_count(len(self.missing), 'datapoint')} {_were(len(self.missing))} unknown."
        treat = self.condition.treat_missing_data
        if self.missing and treat in {MissingData.BREACHING, MissingData.NOT_BREACHING}:
            how = "Breaching" if treat is MissingData.BREACHING else "NonBreaching"
            real, missing, periods = len(self.real), len(self.missing), self.condition.evaluation_periods
            received = f"{_count(real, 'datapoint') if real else 'no datapoints'} {_were(real)} received"
            treated = f"{_count(missing, 'missing datapoint')} {_were(missing)} treated as [{how}]"
            return f"Threshold Crossed: {received} for {_count(periods, 'period')} and {treated}."
        return f"Threshold Crossed: {self._threshold_text}"

    @property
    def _threshold_text(self) -> str:
        alarm = self.new is AlarmState.ALARM
        breaching = frozenset(self.breaching)
        crossing_points = [point for point in self.real if (point in breaching) is alarm]
        number, points = len(crossing_points), ", ".join(map(_point, crossing_points[::-1][:_MAX_NAMED]))
        comparison = f"{_were(number)}{'' if alarm else ' not'} {_COMPARISONS[self.condition.comparison]} the threshold"
        against = f"{comparison} ({self.condition.threshold})"
        datapoints_to_alarm = self.condition.datapoints_to_alarm
        if number > _MAX_NAMED:
            recent = "The most recent datapoints which crossed the threshold" if alarm else "The most recent datapoints"
            return f"{number} datapoints {against}. {recent}: [{points}]."
        if datapoints_to_alarm is None or self.old is AlarmState.INSUFFICIENT_DATA:
            return f"{_count(number, 'datapoint')} [{points}] {against}."
        minimum = datapoints_to_alarm if alarm else self.condition.evaluation_periods - datapoints_to_alarm + 1
        way = "OK -> ALARM" if alarm else "ALARM -> OK"
        last = f"{number} out of the last {len(self.real)} datapoints"
        return f"{last} [{points}] {against} (minimum {_count(minimum, 'datapoint')} for {way} transition)."

    def data(self, now: Instant) -> str:
        """The reason in JSON."""
        evaluated_points = sorted((*self.real, *self.missing), key=lambda point: point.start, reverse=True)[
            :_MAX_IN_DATA
        ]
        values: dict[str, object] = {"version": "1.0", "queryDate": stamp(now)}
        if self.real:
            values["startDate"] = stamp(self.real[0].start)
        if self.condition.stat is not None:
            values["statistic"] = self.condition.stat.stat
        values["period"] = self.condition.period
        values["recentDatapoints"] = [point.value for point in self.real[-_MAX_IN_DATA:]]
        values["threshold"] = self.condition.threshold
        values["evaluatedDatapoints"] = [_datapoint(point) for point in evaluated_points]
        return msgspec.json.encode(values).decode()


def stamp(at: Instant) -> str:
    """A time in the format of the JSON."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def long_date(at: Instant) -> str:
    """A time in the format of the reason of a composite alarm."""
    return datetime.fromtimestamp(at, UTC).strftime("%A %d %B, %Y %H:%M:%S UTC")


def _datapoint(point: EvaluatedDatapoint) -> Mapping[str, object]:
    values = {"timestamp": stamp(point.start), "sampleCount": point.samples, "value": point.value}
    return {name: value for name, value in values.items() if value is not None}


def _point(point: EvaluatedDatapoint) -> str:
    return f"{point.value} ({datetime.fromtimestamp(point.start, UTC).strftime('%d/%m/%y %H:%M:%S')})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
