"""Dimensions and time ranges in requests and answers.

Promise: periods start with the time range, rounded down to the minute (or, for shorter periods, to the period). A
period is 5, 10, 20 or 30 seconds or whole minutes; proxies report every few seconds, so nothing finer is known, and a
period of one second is answered with periods of five.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.clock import Instant

_MINUTE = 60
_SECOND, _FINEST = 1, 5
_FINE_PERIODS = frozenset({_FINEST, 10, 20, 30})
PERIODS = "Use 1, 5, 10, 20, 30 or a multiple of 60 seconds."


class PeriodSpan(NamedTuple):
    """A time range from the first period's start to the end (excluded), in periods of so many seconds."""

    start: Instant
    end: Instant
    period: int

    @property
    def datapoints(self) -> int:
        """The number of periods."""
        return -int(-(self.end - self.start) // self.period)


def dimensions_of(metric: MetricId) -> list[dict[str, str]]:
    """A metric's dimensions as answers list them."""
    return [{"name": name, "value": value} for name, value in metric.dimensions]


def span_of(start: Instant, end: Instant, period: int) -> PeriodSpan | None:
    """The time range in periods; None for an invalid period."""
    period = _FINEST if period == _SECOND else period
    if period not in _FINE_PERIODS and period % _MINUTE:
        return None
    step = min(period, _MINUTE)
    return PeriodSpan(Instant(start - start % step), end, period)
