"""The identity of a metric, and the summaries that its statistics are computed from.

Promise: summaries add up: the summary of two periods is the sum of their summaries, exactly for count and sum, and to
the width of a histogram's bucket for the distribution of values.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_StatisticSet.html
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final, NamedTuple

import msgspec

_WIDTH: Final = 1.02
"""The ratio of two successive bounds of PutMetricData's values."""
_LEAST: Final = 1e-12
_MOST_TIMES: Final = 2.0**32
"""The greatest count of a value in a histogram, so that sums of counts fit in 64 bits."""


_SIZES: Final = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes")
_BITS: Final = ("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits")
_UNITS: Final = (
    *("Seconds", "Microseconds", "Milliseconds", *_SIZES, *_BITS, "Percent", "Count"),
    *(f"{unit}/Second" for unit in (*_SIZES, *_BITS, "Count")),
    "None",
)
"""The units in CloudWatch's order."""


def unit_order(unit: str) -> int:
    """The position of a unit in CloudWatch's list; the last for an unknown unit."""
    return _UNITS.index(unit) if unit in _UNITS else len(_UNITS)


class MetricId(NamedTuple):
    """A metric. ``dimensions`` are (name, value) pairs in the order of their names."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    def dimension(self, name: str) -> str | None:
        """The value of one dimension."""
        return next((value for key, value in self.dimensions if key == name), None)


def metric_id(namespace: str, name: str, dimensions: Iterable[tuple[str, str]]) -> MetricId:
    """The identity of a metric; the order of its dimensions is ignored."""
    return MetricId(namespace, name, tuple(sorted(dimensions)))


class Histogram(NamedTuple):
    """The number of values in each bucket: ``counts[i]`` of them in (``bounds[i-1]``, ``bounds[i]``].

    There is one more count than there are bounds: that of values above the last.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """The number of values."""
        return sum(self.counts)

    def edges(self, bucket: int) -> tuple[float, float]:
        """The bounds of a bucket; the last bucket has only a lower one."""
        lower = self.bounds[bucket - 1] if bucket else 0.0
        return lower, self.bounds[bucket] if bucket < len(self.bounds) else lower

    def plus(self, other: Histogram) -> Histogram:
        """The sum of both, in the buckets of both; if a bound of one divides a bucket of the other, in this one's."""
        if self.bounds == other.bounds:
            return Histogram(self.bounds, tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)))
        merged = _sum_in_all_buckets((self, other))
        if merged is not None:
            return merged
        counts = list(self.counts)
        for bucket, count in enumerate(other.counts):
            upper = other.edges(bucket)[1] if bucket < len(other.bounds) else float("inf")
            counts[bisect_left(self.bounds, upper)] += count
        return Histogram(self.bounds, tuple(counts))


def _sum_in_all_buckets(histograms: Sequence[Histogram]) -> Histogram | None:
    """The sum in the buckets of all; None if a bound of one divides a bucket of another that has values."""
    bounds = tuple(sorted({bound for histogram in histograms for bound in histogram.bounds}))
    places = {bound: place for place, bound in enumerate(bounds)}
    counts = [0] * (len(bounds) + 1)
    for histogram in histograms:
        for bucket, count in enumerate(histogram.counts):
            if not count:
                continue
            place = places[histogram.bounds[bucket]] if bucket < len(histogram.bounds) else len(bounds)
            if place and (not bucket or bounds[place - 1] != histogram.bounds[bucket - 1]):
                return None
            counts[place] += count
    return Histogram(bounds, tuple(counts))


class Summary(msgspec.Struct, frozen=True):
    """The summary of a metric's values in a period. ``count``: CloudWatch's SampleCount."""

    count: float
    sum: float
    minimum: float
    maximum: float
    histogram: Histogram | None = None

    def plus(self, other: Summary) -> Summary:
        """The sum of both."""
        own, others = self.histogram, other.histogram
        return Summary(
            self.count + other.count,
            self.sum + other.sum,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            own.plus(others) if own is not None and others is not None else None,
        )


def sum_of(summaries: Sequence[Summary]) -> Summary:
    """The sum of one or more summaries, as by ``Summary.plus``, but much faster for many histograms."""
    if len(summaries) == 1:
        return summaries[0]
    histograms = [summary.histogram for summary in summaries if summary.histogram is not None]
    if len(histograms) == len(summaries) and any(h.bounds != histograms[0].bounds for h in histograms):
        merged = _sum_in_all_buckets(histograms)
        if merged is not None:
            total = sum_of([Summary(s.count, s.sum, s.minimum, s.maximum) for s in summaries])
            return Summary(total.count, total.sum, total.minimum, total.maximum, merged)
    return reduce(Summary.plus, summaries)


def summary_of_histogram(histogram: Histogram, total: float) -> Summary:
    """The summary of a histogram and a sum; minimum and maximum are bounds of buckets."""
    filled = [bucket for bucket, count in enumerate(histogram.counts) if count]
    lowest = histogram.edges(filled[0])[0] if filled else 0.0
    highest = histogram.edges(filled[-1])[1] if filled else 0.0
    return Summary(histogram.total, total, lowest, highest, histogram)


def summary_of_values(values: Sequence[tuple[float, float]]) -> Summary:
    """The summary of (value, count) pairs. The histogram has buckets that are two percent wide; there is none if a
    value is negative, or a count is not a whole number or is above 2^32.
    """
    numbers = [value for value, _ in values]
    count, total = sum(times for _, times in values), sum(value * times for value, times in values)
    return Summary(count, total, min(numbers), max(numbers), _histogram(values))


def _histogram(values: Sequence[tuple[float, float]]) -> Histogram | None:
    buckets: dict[int | None, int] = {}
    for value, times in values:
        if value < 0 or times > _MOST_TIMES or times != int(times):
            return None
        step = _step(value)
        buckets[step] = buckets.get(step, 0) + int(times)
    edges = {None: (0.0, 0.0)} | {step: (_WIDTH ** (step - 1), _WIDTH**step) for step in buckets if step is not None}
    bounds = tuple(sorted({edge for step in buckets for edge in edges[step]}))
    counts = [0] * (len(bounds) + 1)
    for step, times in buckets.items():
        counts[bisect_left(bounds, edges[step][1])] += times
    return Histogram(bounds, tuple(counts))


def _step(value: float) -> int | None:
    """The number of a value's bucket; None for 0 and tiny values."""
    return math.ceil(math.log(value, _WIDTH)) if value > _LEAST else None
