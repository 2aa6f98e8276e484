"""What all proxies of a group count, worked on together before it becomes metrics.

Promise: a metric is touched once for all of them and not once for each, and has the same in the end: what each proxy
counted in the slot, every look at a level, every request's time. What is not in the metrics yet is unsettled in the
archive, and settled before anybody reads or saves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from moyai.domain.cloudwatch.metric import Histogram, MetricId, Summary
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.telemetry.accumulate import Sample
from moyai.telemetry.archive import Archive
from moyai.telemetry.arrays import Ints
from moyai.telemetry.deltas import Counting, since
from moyai.telemetry.envoy_stats import Endpoint, Gauge, Side, Spoken, Timed
from moyai.telemetry.lines import Line, Sink
from moyai.telemetry.pushes import Reading
from moyai.telemetry.reporters import Fed, Reporter
from moyai.telemetry.series import Moment
from moyai.telemetry.shape import Block, Figures, Levels, Shape
from moyai.telemetry.sheet import Sheet, samples
from moyai.telemetry.totals import Total, Totals

_AT_ONCE: Final = 50
"""Reports that are worked on together: a few milliseconds."""
_MOST_LINES: Final = 10_000
"""Endpoints that are known at a time, many more than a proxy has: whoever reports on others each time begins anew."""
Own = dict[Spoken, Line]
"""What one proxy feeds by itself."""


class Reported(NamedTuple):
    """A report of a proxy, and what it is compared with. ``own`` is filled as it is needed."""

    proxy: ProxyId
    counting: Counting
    own: Own
    reading: Reading
    before: Figures


class Tally:
    """A group's. ``totals``: where all of it counts as well."""

    __slots__ = (
        "__weakref__",
        "_archive",
        "_columns",
        "_lines",
        "_plans",
        "_reporter",
        "_sheet",
        "_totals",
        "_waiting",
        "_when",
    )

    def __init__(self, archive: Archive, totals: Totals, reporter: Reporter) -> None:
        self._archive, self._totals, self._reporter = archive, totals, reporter
        self._when: Moment | None = None
        """Of what is not settled: the slot, and when the last of it came."""
        self._waiting: dict[Shape, list[Reported]] = {}
        self._sheet = Sheet()
        self._columns: dict[Sequence[MetricId], _Column] = {}
        """Each metric's, whichever endpoints feed it: a proxy is one sample of it."""
        self._lines: dict[Spoken, Line] = {}
        self._plans: WeakKeyDictionary[Shape, _Plan] = WeakKeyDictionary()

    def add(self, reported: Reported, when: Moment) -> None:
        """Take a report in."""
        before = self._when
        if before is not None and (before.slot != when.slot or before.start != when.start):
            self._archive.settle(self)
        if self._when is None:
            self._archive.unsettled[self] = None
        self._when = when
        reported.counting.waiting = True
        waiting = self._waiting.setdefault(reported.reading.shape, [])
        waiting.append(reported)
        if len(waiting) >= _AT_ONCE:
            self._archive.settle(self)

    def settle(self) -> None:
        """See Unsettled."""
        when, waiting = self._when, self._waiting
        if when is None:
            return
        self._when, self._waiting = None, {}
        for shape, reports in waiting.items():
            new, levels = _news(shape, reports)
            plan = self._planned(shape, when)
            self._count(plan, reports, new, when)
            together = Figures(new.counts.sum(axis=0), new.sums.sum(axis=0))
            for part, gauges in zip(plan.parts, levels, strict=True):
                part.put(together, gauges, when)
                self._count_each(part.block, reports, new, when)

    def _count(self, plan: _Plan, reports: Sequence[Reported], new: Figures, when: Moment) -> None:
        """Have each proxy's counts in the sheet, and what they come to in metrics."""
        counted = new.counts[:, plan.sources]
        fresh = np.flatnonzero(np.any(counted, axis=0)).tolist()
        if not fresh:
            return
        of_slot, of_minute = self._sheet.add(when, [one.proxy for one in reports], plan.places, counted).tolist()
        for at in fresh:
            sink = plan.sinks[at]
            sink.put(when, _part(sink, of_slot[at]), _part(sink, of_minute[at]))

    def _count_each(self, block: Block, reports: Sequence[Reported], new: Figures, when: Moment) -> None:
        """Have what came in counted for each proxy by itself."""
        if not any(endpoint.side is Side.SERVER for endpoint in block.endpoints):
            return
        for row, one in enumerate(reports):
            for endpoint, counters, time in _told(block, new.row(row)):
                if endpoint.side is not Side.SERVER:
                    continue
                spoken = Spoken(endpoint, block.form.protocol)
                line = one.own.get(spoken)
                if line is None:
                    if len(one.own) >= _MOST_LINES:
                        one.own.clear()
                    line = one.own[spoken] = self._line(self._reporter.own_metrics(one.proxy, spoken), None)
                line.count(one.proxy, counters, when)
                line.put(counters, time, when)

    def _planned(self, shape: Shape, when: Moment) -> _Plan:
        plan = self._plans.get(shape)
        if plan is None:
            if len(self._lines) >= _MOST_LINES:
                self._begin_anew()
            plan = self._plans[shape] = self._plan(shape, when.at)
        return plan

    def _begin_anew(self) -> None:
        """Forget all endpoints. Sums stay exact; a task may count as two samples of this minute."""
        self._sheet = Sheet()
        for held in (self._columns, self._lines, self._plans):
            held.clear()

    def _plan(self, shape: Shape, now: Instant) -> _Plan:
        parts, fed = [], []
        for block in shape.blocks:
            lines = [self._shared(Spoken(one, block.form.protocol), now) for one in block.endpoints]
            parts.append(_Part(block, lines))
            for at, line in enumerate(lines):
                fed += [(block.counts.start + figure * len(lines) + at, sink) for figure, sink in line.counts]
        columns = [self._columns.setdefault(sink.ids, _Column(len(self._columns), sink)) for _, sink in fed]
        sources = np.array([source for source, _ in fed], np.int64)
        places = np.array([column.place for column in columns], np.int64)
        return _Plan(sources, places, [column.sink for column in columns], parts)

    def _shared(self, spoken: Spoken, now: Instant) -> Line:
        line = self._lines.get(spoken)
        if line is None:
            whose = self._reporter.whose(spoken)
            total = None if whose is None else self._totals.of(whose, now)
            line = self._lines[spoken] = self._line(self._reporter.metrics(spoken), total)
        return line

    def _line(self, fed: Iterable[Fed], total: Total | None) -> Line:
        line = Line(total)
        for named, ids in fed:
            line.feed(named, Sink(self._archive, self._reporter.scope, named, tuple(ids)))
        return line


class _Column(NamedTuple):
    place: int
    sink: Sink


class _Plan(NamedTuple):
    """Where the figures of a shape go: of ``sources``, the counts of a row, to these places of the sheet and these
    metrics.
    """

    sources: Ints
    places: Ints
    sinks: Sequence[Sink]
    parts: Sequence[_Part]


class _Part(NamedTuple):
    """The same of what is not in a sheet, block by block."""

    block: Block
    lines: Sequence[Line]

    def put(self, together: Figures, gauges: Levels, when: Moment) -> None:
        """Put what all proxies have counted together, and each of their looks at levels."""
        targets = gauges[Gauge.TARGETS]
        targeted = [0] * len(self.lines) if targets is None else targets.max(axis=0).tolist()
        for line, (_, counters, time), spread in zip(self.lines, _told(self.block, together), targeted, strict=True):
            line.put(counters, time, when, spread)
        for gauge in {gauge for line in self.lines for gauge, _, _ in line.levels}:
            looks = gauges[gauge]
            if looks is not None:
                self._look(gauge, looks, when)

    def _look(self, gauge: Gauge, looks: Ints, when: Moment) -> None:
        seen, least = samples(looks).tolist(), looks.min(axis=0).tolist()
        for line, (count, total, lowest, highest), floor in zip(self.lines, seen, least, strict=True):
            for of, always, sink in line.levels:
                if of is gauge and always:
                    sink.put(when, Sample(summary=Summary(len(looks), total, floor, highest)))
                elif of is gauge and count:
                    sink.put(when, Sample(summary=Summary(count, total, lowest, highest)))


def _part(sink: Sink, samples: Sequence[int]) -> Sample:
    count, total, least, most = samples
    return Sample(part=(sink, Summary(count, total, least, most)))


def _news(shape: Shape, reports: Sequence[Reported]) -> tuple[Figures, Sequence[Levels]]:
    """What is new in each report, and its levels; each proxy is told how far it has been counted."""
    figures, levels = shape.figures(np.stack([one.reading.values for one in reports]))
    before = Figures(np.stack([one.before.counts for one in reports]), np.stack([one.before.sums for one in reports]))
    new = since(shape, figures, before)
    fresh = np.any(new.counts, axis=1)
    for row, one in enumerate(reports):
        one.counting.advanced(one.reading, figures.row(row), fresh=bool(fresh[row]))
    return new, levels


def _told(block: Block, row: Figures) -> Iterator[tuple[Endpoint, list[int], Timed | None]]:
    """Each endpoint, its counters, and its histogram where there is something in it."""
    for endpoint, counters, buckets, total in block.by_endpoint(row):
        time = Timed(Histogram(block.bounds, tuple(buckets)), total) if any(buckets) else None
        yield endpoint, counters, time
