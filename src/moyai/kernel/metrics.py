"""Metrics of this process: counters and histograms of its packages' own work.

Promise: values only grow. They serve to observe this process; no decision depends on them. One thread adds to each
metric; any thread may read it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets of durations, in seconds."""


class Counter:
    """Counts events by the values of their labels."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], int] = {}

    def add(self, *label_values: str) -> None:
        """Count an event with these values of its labels, in their order."""
        self._counts[label_values] = self._counts.get(label_values, 0) + 1

    def items(self) -> Sequence[tuple[tuple[str, ...], int]]:
        """The values of the labels with their counts, sorted."""
        return sorted(self._counts.items())


class HistogramSnapshot(NamedTuple):
    """Counts by bucket: ``counts[i]`` is for values above ``bounds[i - 1]``, up to ``bounds[i]``; the last is
    unbounded.
    """

    bounds: Sequence[float]
    counts: Sequence[int]
    sum: float


class DurationHistogram:
    """Counts durations by bucket."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count a duration in its bucket, and add it to the sum."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self._sum += seconds

    def snapshot(self) -> HistogramSnapshot:
        """All durations so far."""
        return HistogramSnapshot(BOUNDS, tuple(self._counts), self._sum)
