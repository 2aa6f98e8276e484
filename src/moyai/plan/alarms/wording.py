"""Why an alarm is in its state, in AWS's words and in AWS's JSON.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import msgspec

from moyai.domain.cloudwatch.alarm import AlarmState, Comparison, MetricCondition, MissingData
from moyai.kernel.clock import Instant

_SHOWN: Final = 5
"""Datapoints that one sentence names."""
_IN_DATA: Final = 30
"""Datapoints that the JSON holds, so that it stays below its 4,000 characters."""
_COMPARED: Mapping[Comparison, str] = MappingProxyType(
    {
        Comparison.AT_LEAST: "greater than or equal to",
        Comparison.ABOVE: "greater than",
        Comparison.BELOW: "less than",
        Comparison.AT_MOST: "less than or equal to",
    }
)


class Seen(Protocol):
    """A datapoint, as far as it is told of."""

    @property
    def start(self) -> Instant:
        """Where its period begins."""

    @property
    def value(self) -> float | None:
        """None when it is missing."""

    @property
    def samples(self) -> float | None:
        """How many samples it is made of; None for an expression."""


class Told(NamedTuple):
    """One evaluation, from ``old`` to ``new``: the ``real`` datapoints, those of them that breach, those missing."""

    condition: MetricCondition
    old: AlarmState
    new: AlarmState
    real: Sequence[Seen]
    breaching: Sequence[Seen]
    missing: Sequence[Seen]

    @property
    def reason(self) -> str:
        """In words."""
        if self.new is AlarmState.INSUFFICIENT_DATA:
            return f"Insufficient Data: {_count(len(self.missing), 'datapoint')} {_were(len(self.missing))} unknown."
        treat = self.condition.treat_missing_data
        if self.missing and treat in {MissingData.BREACHING, MissingData.NOT_BREACHING}:
            how = "Breaching" if treat is MissingData.BREACHING else "NonBreaching"
            there, periods, lacking = len(self.real), self.condition.evaluation_periods, len(self.missing)
            received = f"{_count(there, 'datapoint') if there else 'no datapoints'} {_were(there)} received"
            filled = f"{_count(lacking, 'missing datapoint')} {_were(lacking)} treated as [{how}]"
            return f"Threshold Crossed: {received} for {_count(periods, 'period')} and {filled}."
        return f"Threshold Crossed: {self._crossed}"

    @property
    def _crossed(self) -> str:
        alarm = self.new is AlarmState.ALARM
        breaching = frozenset(self.breaching)
        which = [one for one in self.real if (one in breaching) is alarm]
        number, points = len(which), ", ".join(map(_point, which[::-1][:_SHOWN]))
        compared = f"{_were(number)}{'' if alarm else ' not'} {_COMPARED[self.condition.comparison]} the threshold"
        against = f"{compared} ({self.condition.threshold})"
        needed = self.condition.datapoints_to_alarm
        if number > _SHOWN:
            recent = "The most recent datapoints which crossed the threshold" if alarm else "The most recent datapoints"
            return f"{number} datapoints {against}. {recent}: [{points}]."
        if needed is None or self.old is AlarmState.INSUFFICIENT_DATA:
            return f"{_count(number, 'datapoint')} [{points}] {against}."
        minimum = needed if alarm else self.condition.evaluation_periods - needed + 1
        way = "OK -> ALARM" if alarm else "ALARM -> OK"
        last = f"{number} out of the last {len(self.real)} datapoints"
        return f"{last} [{points}] {against} (minimum {_count(minimum, 'datapoint')} for {way} transition)."

    def data(self, now: Instant) -> str:
        """In JSON."""
        evaluated = sorted((*self.real, *self.missing), key=lambda one: one.start, reverse=True)[:_IN_DATA]
        known: dict[str, object] = {"version": "1.0", "queryDate": stamp(now)}
        if self.real:
            known["startDate"] = stamp(self.real[0].start)
        if self.condition.stat is not None:
            known["statistic"] = self.condition.stat.stat
        known["period"] = self.condition.period
        known["recentDatapoints"] = [one.value for one in self.real[-_IN_DATA:]]
        known["threshold"] = self.condition.threshold
        known["evaluatedDatapoints"] = [_datapoint(one) for one in evaluated]
        return msgspec.json.encode(known).decode()


def stamp(at: Instant) -> str:
    """A time as the JSON has it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def long_date(at: Instant) -> str:
    """A time as the sentence on a composite alarm has it."""
    return datetime.fromtimestamp(at, UTC).strftime("%A %d %B, %Y %H:%M:%S UTC")


def _datapoint(one: Seen) -> Mapping[str, object]:
    known = {"timestamp": stamp(one.start), "sampleCount": one.samples, "value": one.value}
    return {name: value for name, value in known.items() if value is not None}


def _point(one: Seen) -> str:
    return f"{one.value} ({datetime.fromtimestamp(one.start, UTC).strftime('%d/%m/%y %H:%M:%S')})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
