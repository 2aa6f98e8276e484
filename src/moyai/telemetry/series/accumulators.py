"""How the samples of one slot of time become its summary: one accumulator for each kind of metric.

Promise: the sum is always exact. Average, Minimum and Maximum are those of the samples, and the kind of the metric
determines what one sample is: a task's count in the slot, a gauge's value in one report, the time of one request, or
one target's share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add
from types import MappingProxyType
from typing import NamedTuple, Protocol

from typing_extensions import override

from moyai.domain.cloudwatch.metric import Histogram, Summary, summary_of_histogram
from moyai.kernel.ids import ProxyId
from moyai.telemetry.values import ResponseTimes, SampleKind

_NO_VALUES: Mapping[ProxyId, float] = MappingProxyType({})


class Sample(NamedTuple):
    """An addition to one metric; which field is set depends on the metric's kind.

    ``values``: each task's new count (COUNT) or measured value (MEAN). ``subtotal``: a source that adds up the counts
    of several tasks, and their summary for the whole slot so far, which replaces the source's last one (COUNT).
    ``total`` and ``targets``: a count, and the number of targets that it is divided by (SHARE, QUOTIENT). ``times``:
    response times (TIME). ``summary``: samples that are summarized already (LEVEL, SUMMARY).
    """

    values: Mapping[ProxyId, float] = _NO_VALUES
    subtotal: tuple[object, Summary] | None = None
    total: float = 0
    targets: int = 0
    times: ResponseTimes | None = None
    summary: Summary | None = None


EMPTY = Summary(0, 0, 0, 0)
"""The summary of no samples."""


class Accumulator(Protocol):
    """The samples of one metric in one slot of time."""

    __slots__ = ()

    def add(self, sample: Sample) -> None:
        """Include a sample in the summary."""

    def summary(self) -> Summary:
        """The summary of all samples so far; called only after the first."""


class CountAccumulator(Accumulator):
    """Counts by task: one sample is what one task counted in the whole slot."""

    __slots__ = ("_by_task", "_first_source", "_first_subtotal", "_other_subtotals")

    def __init__(self) -> None:
        self._by_task: dict[ProxyId, float] | None = None
        self._first_source: object = None
        self._first_subtotal: Summary | None = None
        """Most metrics have one source of subtotals, which needs no dictionary."""
        self._other_subtotals: dict[object, Summary] | None = None

    @override
    def add(self, sample: Sample) -> None:
        if sample.subtotal is not None:
            self._replace(*sample.subtotal)
        if sample.values:
            if self._by_task is None:
                self._by_task = {}
            for task, value in sample.values.items():
                self._by_task[task] = self._by_task.get(task, 0) + value

    @override
    def summary(self) -> Summary:
        parts = [] if self._first_subtotal is None else [self._first_subtotal]
        if self._other_subtotals is not None:
            parts += self._other_subtotals.values()
        if self._by_task is not None:
            counts = self._by_task.values()
            parts.append(Summary(len(counts), sum(counts), min(counts), max(counts)))
        return reduce(Summary.plus, parts) if parts else EMPTY

    def _replace(self, source: object, subtotal: Summary) -> None:
        if self._first_subtotal is None or self._first_source is source:
            self._first_source, self._first_subtotal = source, subtotal
        elif self._other_subtotals is None:
            self._other_subtotals = {source: subtotal}
        else:
            self._other_subtotals[source] = subtotal


class TimeAccumulator(Accumulator):
    """Response times: one sample is one request."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self) -> None:
        self._bounds: tuple[float, ...] = ()
        self._counts: Sequence[int] = ()
        self._sum = 0.0

    @override
    def add(self, sample: Sample) -> None:
        if sample.times is None:
            return
        self._sum += sample.times.sum
        bounds, counts = sample.times.histogram
        if not self._counts:
            self._bounds, self._counts = bounds, counts
        elif bounds == self._bounds:
            self._counts = list(map(add, self._counts, counts))
        else:
            self._bounds, self._counts = Histogram(self._bounds, tuple(self._counts)).plus(sample.times.histogram)

    @override
    def summary(self) -> Summary:
        return summary_of_histogram(Histogram(self._bounds, tuple(self._counts)), self._sum)


class ShareAccumulator(Accumulator):
    """A total divided by the number of targets; one sample is one target's share."""

    __slots__ = ("_targets", "_total")

    def __init__(self) -> None:
        self._total = 0.0
        self._targets = 1

    @override
    def add(self, sample: Sample) -> None:
        self._total += sample.total
        self._targets = max(self._targets, sample.targets)

    @override
    def summary(self) -> Summary:
        share = self._total / self._targets
        return Summary(self._targets, self._total, share, share)


class QuotientAccumulator(ShareAccumulator):
    """A total divided by the number of targets; the quotient is the only sample of the slot."""

    __slots__ = ()

    @override
    def summary(self) -> Summary:
        share = super().summary().maximum
        return Summary(1, share, share, share)


class MeanAccumulator(Accumulator):
    """Averages by task: one sample is one task's average over the slot."""

    __slots__ = ("_by_task",)

    def __init__(self) -> None:
        self._by_task: dict[ProxyId, list[float]] = {}

    @override
    def add(self, sample: Sample) -> None:
        for task, value in sample.values.items():
            self._by_task.setdefault(task, []).append(value)

    @override
    def summary(self) -> Summary:
        means = [sum(values) / len(values) for values in self._by_task.values()]
        return Summary(len(means), sum(means), min(means), max(means))


class SummaryAccumulator(Accumulator):
    """Summaries of samples: values that a client has put, or a gauge's values in many reports."""

    __slots__ = ("_summary",)

    def __init__(self) -> None:
        self._summary: Summary | None = None

    @override
    def add(self, sample: Sample) -> None:
        if sample.summary is not None:
            self._summary = sample.summary if self._summary is None else self._summary.plus(sample.summary)

    @override
    def summary(self) -> Summary:
        return self._summary or EMPTY


def accumulator_type(kind: SampleKind) -> Callable[[], Accumulator]:
    """The constructor of an empty accumulator for metrics of this kind."""
    return _TYPES[kind]


_TYPES: Mapping[SampleKind, Callable[[], Accumulator]] = MappingProxyType(
    {
        SampleKind.COUNT: CountAccumulator,
        SampleKind.LEVEL: SummaryAccumulator,
        SampleKind.TIME: TimeAccumulator,
        SampleKind.SHARE: ShareAccumulator,
        SampleKind.QUOTIENT: QuotientAccumulator,
        SampleKind.MEAN: MeanAccumulator,
        SampleKind.SUMMARY: SummaryAccumulator,
    }
)
