"""How the samples of one slot of time become its summary, one way for each kind of metric.

Promise: the sum is always exact. What counts as one sample is what gives Average, Minimum and Maximum their meaning:
a task's count in the slot, one look at a level, one request's time, one target's share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add
from types import MappingProxyType
from typing import NamedTuple, Protocol

from moyai.domain.cloudwatch.metric import Histogram, Summary, of_histogram
from moyai.kernel.ids import ProxyId
from moyai.telemetry.envoy_stats import Timed
from moyai.telemetry.names import Kind

_NOBODY: Mapping[ProxyId, float] = MappingProxyType({})


class Sample(NamedTuple):
    """What is added to one metric at once. ``values``: of each task what it counted, or how much it has. ``part``: what
    all the tasks of one who counts them himself have come to by now, in the place of what he said before. ``shared``:
    what is spread over as many ``targets``.
    """

    values: Mapping[ProxyId, float] = _NOBODY
    part: tuple[object, Summary] | None = None
    shared: float = 0
    targets: int = 0
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

    __slots__ = ("_counted", "_part", "_parts", "_whose")

    def __init__(self) -> None:
        self._counted: dict[ProxyId, float] | None = None
        self._whose: object = None
        self._part: Summary | None = None
        """Of the first who counts his tasks himself: most metrics have one, and a dictionary for each is much."""
        self._parts: dict[object, Summary] | None = None
        """Of all others."""

    def add(self, sample: Sample) -> None:
        """See Accumulator."""
        if sample.part is not None:
            self._replace(*sample.part)
        if sample.values:
            if self._counted is None:
                self._counted = {}
            for task, value in sample.values.items():
                self._counted[task] = self._counted.get(task, 0) + value

    def summary(self) -> Summary:
        """See Accumulator."""
        parts = [] if self._part is None else [self._part]
        if self._parts is not None:
            parts += self._parts.values()
        if self._counted is not None:
            counts = self._counted.values()
            parts.append(Summary(len(counts), sum(counts), min(counts), max(counts)))
        return reduce(Summary.plus, parts) if parts else NOTHING

    def _replace(self, whose: object, part: Summary) -> None:
        if self._part is None or self._whose is whose:
            self._whose, self._part = whose, part
        elif self._parts is None:
            self._parts = {whose: part}
        else:
            self._parts[whose] = part


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
        self._total += sample.shared
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
    """A sample is a summary already: what was put, or many looks at a level."""

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
        Kind.LEVEL: Given,
        Kind.TIME: Times,
        Kind.SHARE: Shares,
        Kind.MEAN: Means,
        Kind.GIVEN: Given,
    }
)
