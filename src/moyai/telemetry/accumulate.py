"""How the samples of one slot of time become its summary, one way for each kind of metric.

Promise: the sum is always exact. What counts as one sample is what gives Average, Minimum and Maximum their meaning:
a task's count in the slot, one look at a level, one request's time, one target's share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from operator import add
from types import MappingProxyType
from typing import NamedTuple, Protocol

from moyai.domain.cloudwatch.metric import Histogram, Summary, of_histogram
from moyai.kernel.ids import ProxyId
from moyai.telemetry.envoy_stats import Timed
from moyai.telemetry.names import Kind

_NOBODY: Mapping[ProxyId, float] = MappingProxyType({})


class Sample(NamedTuple):
    """What is added to one metric at once. ``values``: of each task what it counted, or how much it has; ``targets``:
    over how many that is spread.
    """

    values: Mapping[ProxyId, float] = _NOBODY
    targets: int = 0
    levels: Sequence[float] = ()
    time: Timed | None = None
    summary: Summary | None = None


NOTHING = Summary(0, 0, 0, 0)
"""No sample."""


class Accumulator(Protocol):
    """One metric in one slot of time."""

    def add(self, sample: Sample) -> None:
        """Take it in as well."""

    def summary(self) -> Summary:
        """What it comes to so far; asked only after the first sample."""


class Counts:
    """A sample is what one task counted in the whole slot."""

    __slots__ = ("_counted",)

    def __init__(self) -> None:
        self._counted: dict[ProxyId, float] = {}

    def add(self, sample: Sample) -> None:
        """See Accumulator."""
        counted = self._counted
        if not counted:
            counted.update(sample.values)
            return
        for whose, value in sample.values.items():
            counted[whose] = counted.get(whose, 0) + value

    def summary(self) -> Summary:
        """See Accumulator."""
        counts = self._counted.values()
        return Summary(len(counts), sum(counts), min(counts), max(counts)) if counts else NOTHING


class Levels:
    """A sample is one report's look at a level."""

    __slots__ = ("_count", "_least", "_most", "_sum")

    def __init__(self) -> None:
        self._count = 0
        self._sum = 0.0
        self._least, self._most = inf, -inf

    def add(self, sample: Sample) -> None:
        """See Accumulator."""
        levels = sample.levels
        self._count += len(levels)
        self._sum += sum(levels)
        self._least = min(self._least, *levels)
        self._most = max(self._most, *levels)

    def summary(self) -> Summary:
        """See Accumulator."""
        return Summary(self._count, self._sum, self._least, self._most) if self._count else NOTHING


class Times:
    """A sample is one request."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self) -> None:
        self._bounds: tuple[float, ...] = ()
        self._counts: Sequence[int] = ()
        self._sum = 0.0

    def add(self, sample: Sample) -> None:
        """See Accumulator."""
        if sample.time is None:
            return
        bounds, counts = sample.time.histogram
        if self._counts and bounds != self._bounds:
            bounds, counts = Histogram(self._bounds, (0,) * len(self._counts)).plus(sample.time.histogram)
        self._counts = list(map(add, self._counts, counts)) if self._counts else counts
        self._bounds = bounds
        self._sum += sample.time.sum

    def summary(self) -> Summary:
        """See Accumulator."""
        return of_histogram(Histogram(self._bounds, tuple(self._counts)), self._sum)


class Shares:
    """A sample is one target: all that was counted, spread over as many targets as there were."""

    __slots__ = ("_targets", "_total")

    def __init__(self) -> None:
        self._total = 0.0
        self._targets = 1

    def add(self, sample: Sample) -> None:
        """See Accumulator."""
        self._total += sum(sample.values.values())
        self._targets = max(self._targets, sample.targets)

    def summary(self) -> Summary:
        """See Accumulator."""
        each = self._total / self._targets
        return Summary(self._targets, self._total, each, each)


class Means:
    """A sample is one task's average over the slot."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[ProxyId, list[float]] = {}

    def add(self, sample: Sample) -> None:
        """See Accumulator."""
        for whose, value in sample.values.items():
            self._seen.setdefault(whose, []).append(value)

    def summary(self) -> Summary:
        """See Accumulator."""
        means = [sum(values) / len(values) for values in self._seen.values()]
        return Summary(len(means), sum(means), min(means), max(means))


class Given:
    """A sample is a summary already."""

    __slots__ = ("_summary",)

    def __init__(self) -> None:
        self._summary: Summary | None = None

    def add(self, sample: Sample) -> None:
        """See Accumulator."""
        if sample.summary is not None:
            self._summary = sample.summary if self._summary is None else self._summary.plus(sample.summary)

    def summary(self) -> Summary:
        """See Accumulator."""
        return self._summary or NOTHING


def accumulators(kind: Kind) -> Callable[[], Accumulator]:
    """What makes an empty accumulator of this kind."""
    return _KINDS[kind]


_KINDS: Mapping[Kind, Callable[[], Accumulator]] = MappingProxyType(
    {
        Kind.COUNT: Counts,
        Kind.LEVEL: Levels,
        Kind.TIME: Times,
        Kind.SHARE: Shares,
        Kind.MEAN: Means,
        Kind.GIVEN: Given,
    }
)
