"""What requests and answers have in common: dimensions and spans of time.

Promise: periods are counted from the start of the span, rounded down to the minute (or, below a minute, to the period).
A period is 5, 10, 20 or 30 seconds or whole minutes; the proxies report every few seconds, so nothing finer is known.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.clock import Instant

_MINUTE = 60
_FINE_PERIODS = frozenset({5, 10, 20, 30})
PERIODS = "Use 5, 10, 20, 30 or a multiple of 60 seconds."


class Span(NamedTuple):
    """From the first period's start to the end (excluded), in periods of so many seconds."""

    start: Instant
    end: Instant
    period: int

    @property
    def datapoints(self) -> int:
        """How many periods there are."""
        return -int(-(self.end - self.start) // self.period)


def dimensions_of(metric: MetricId) -> list[dict[str, str]]:
    """A metric's dimensions as answers have them."""
    return [{"name": name, "value": value} for name, value in metric.dimensions]


def span_of(start: Instant, end: Instant, period: int) -> Span | None:
    """The span in periods; None when there is no such period."""
    if period not in _FINE_PERIODS and period % _MINUTE:
        return None
    step = min(period, _MINUTE)
    return Span(Instant(start - start % step), end, period)
