"""A metric's identity, and the sums that its statistics are made from.

Promise: ``Summary`` adds up: the summary of two periods together is the sum of their summaries, exactly for
count and sum, and to the width of a histogram's bucket for what lies between.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_StatisticSet.html
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

import msgspec


class MetricId(NamedTuple):
    """A metric. ``dimensions`` are (name, value) pairs in the order of their names."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    def dimension(self, name: str) -> str | None:
        """The value of one dimension."""
        return next((value for key, value in self.dimensions if key == name), None)


def metric_id(namespace: str, name: str, dimensions: Iterable[tuple[str, str]]) -> MetricId:
    """The metric of that name, whatever order its dimensions come in."""
    return MetricId(namespace, name, tuple(sorted(dimensions)))


class Histogram(NamedTuple):
    """How many values fell into each bucket: ``counts[i]`` of them in (``bounds[i-1]``, ``bounds[i]``].

    There is one count more than there are bounds: what was above the last.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.counts)

    def edges(self, bucket: int) -> tuple[float, float]:
        """The least and the greatest value that the bucket can hold; above the last bound nothing is known."""
        lower = self.bounds[bucket - 1] if bucket else 0.0
        return lower, self.bounds[bucket] if bucket < len(self.bounds) else lower

    def plus(self, other: Histogram) -> Histogram:
        """Both together, in this one's buckets."""
        if self.bounds == other.bounds:
            return Histogram(self.bounds, tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)))
        counts = list(self.counts)
        for bucket, count in enumerate(other.counts):
            upper = other.edges(bucket)[1] if bucket < len(other.bounds) else float("inf")
            counts[bisect_left(self.bounds, upper)] += count
        return Histogram(self.bounds, tuple(counts))


class Summary(msgspec.Struct, frozen=True):
    """A metric over some time. ``count`` is what CloudWatch calls SampleCount."""

    count: float
    sum: float
    minimum: float
    maximum: float
    histogram: Histogram | None = None

    def plus(self, other: Summary) -> Summary:
        """Both together."""
        mine, theirs = self.histogram, other.histogram
        return Summary(
            self.count + other.count,
            self.sum + other.sum,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            mine.plus(theirs) if mine is not None and theirs is not None else None,
        )


def of_histogram(histogram: Histogram, total: float) -> Summary:
    """The summary of values whose histogram and sum are known; minimum and maximum to a bucket's edge."""
    filled = [bucket for bucket, count in enumerate(histogram.counts) if count]
    lowest = histogram.edges(filled[0])[0] if filled else 0.0
    highest = histogram.edges(filled[-1])[1] if filled else 0.0
    return Summary(histogram.total, total, lowest, highest, histogram)
