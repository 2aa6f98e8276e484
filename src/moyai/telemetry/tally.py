"""What all proxies of a group count, worked on together before it becomes metrics.

Promise: a metric is touched once for all of them and not once for each, and has the same in the end: what each proxy
counted in the slot, every look at a level, every request's time. What is not in the metrics yet is unsettled in the
archive, and settled before anybody reads or saves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from moyai.domain.cloudwatch.metric import Histogram, MetricId, Summary
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope
from moyai.telemetry.accumulate import Sample
from moyai.telemetry.archive import Archive
from moyai.telemetry.arrays import Ints
from moyai.telemetry.deltas import Counting, since
from moyai.telemetry.envoy_stats import Figure, Gauge, Side, Spoken, Timed
from moyai.telemetry.names import Kind, Named
from moyai.telemetry.pushes import Reading
from moyai.telemetry.reporters import Fed, Reporter
from moyai.telemetry.series import Moment, Series
from moyai.telemetry.shape import Block, Figures, Levels, Shape
from moyai.telemetry.sheet import Sheet, samples
from moyai.telemetry.totals import Total, Totals

_AT_ONCE: Final = 50
"""Reports that are worked on together: a few milliseconds."""
Own = dict[Spoken, "_Line"]
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
        self._lines: dict[Spoken, _Line] = {}
        self._plans: WeakKeyDictionary[Shape, Sequence[_Plan]] = WeakKeyDictionary()

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
            for plan, gauges in zip(self._planned(shape, when), levels, strict=True):
                self._count(plan, reports, new, when)
                plan.put(new, gauges, when)
                self._count_each(plan.block, reports, new, when)

    def _count(self, plan: _Plan, reports: Sequence[Reported], new: Figures, when: Moment) -> None:
        """Have each proxy's counts in the sheet, and what they come to in metrics."""
        counters = plan.block.counters(new.counts)
        if not counters.any():
            return
        counted = counters.reshape(len(reports), -1)[:, plan.sources]
        of_slot, of_minute = self._sheet.add(when, [one.proxy for one in reports], plan.places, counted).tolist()
        for at in np.flatnonzero(counted.any(axis=0)).tolist():
            sink = plan.sinks[at]
            sink.put(when, _part(sink, of_slot[at]), _part(sink, of_minute[at]))

    def _count_each(self, block: Block, reports: Sequence[Reported], new: Figures, when: Moment) -> None:
        """Have what came in counted for each proxy by itself."""
        own = [at for at, endpoint in enumerate(block.endpoints) if endpoint.side is Side.SERVER]
        if not own:
            return
        for row, one in enumerate(reports):
            counters, times = block.counters(new.counts)[row].T.tolist(), _times(block, new.row(row))
            for at in own:
                spoken = Spoken(block.endpoints[at], block.form.protocol)
                line = one.own.get(spoken)
                if line is None:
                    line = one.own[spoken] = self._line(self._reporter.own_metrics(one.proxy, spoken), None)
                line.count(one.proxy, counters[at], when)
                line.put(counters[at], times[at], when)

    def _planned(self, shape: Shape, when: Moment) -> Sequence[_Plan]:
        plans = self._plans.get(shape)
        if plans is None:
            plans = self._plans[shape] = [self._plan(block, when.at) for block in shape.blocks]
        return plans

    def _plan(self, block: Block, now: Instant) -> _Plan:
        lines = []
        for endpoint in block.endpoints:
            spoken = Spoken(endpoint, block.form.protocol)
            if spoken not in self._lines:
                whose = self._reporter.whose(spoken)
                total = None if whose is None else self._totals.of(whose, now)
                self._lines[spoken] = self._line(self._reporter.metrics(spoken), total)
            lines.append(self._lines[spoken])
        many = len(lines)
        fed = [(figure * many + at, sink) for at, line in enumerate(lines) for figure, sink in line.counts]
        columns = [self._columns.setdefault(sink.ids, _Column(len(self._columns), sink)) for _, sink in fed]
        return _Plan(
            block,
            lines,
            np.array([source for source, _ in fed], np.int64),
            np.array([column.place for column in columns], np.int64),
            [column.sink for column in columns],
        )

    def _line(self, fed: Iterable[Fed], total: Total | None) -> _Line:
        line = _Line(total)
        for named, ids in fed:
            line.feed(named, _Sink(self._archive, self._reporter.scope, named, tuple(ids)))
        return line


class _Line:
    """The metrics of one endpoint, by what they are made of."""

    __slots__ = ("_shares", "_times", "_total", "counts", "levels")

    def __init__(self, total: Total | None) -> None:
        self._total = total
        self.counts: list[tuple[Figure, _Sink]] = []
        self.levels: list[tuple[Gauge, bool, _Sink]] = []
        """``bool``: also when it is 0."""
        self._shares: list[tuple[Figure, _Sink]] = []
        self._times: list[_Sink] = []

    def feed(self, named: Named, sink: _Sink) -> None:
        """Have a metric made as well."""
        if isinstance(named.figure, Gauge):
            self.levels.append((named.figure, named.side is Side.SERVER, sink))
        elif named.figure is None:
            self._times.append(sink)
        elif named.kind is Kind.SHARE:
            self._shares.append((named.figure, sink))
        else:
            self.counts.append((named.figure, sink))

    def count(self, proxy: ProxyId, counters: Sequence[int], when: Moment) -> None:
        """Put what one proxy has counted."""
        for figure, sink in self.counts:
            if counters[figure]:
                sink.put(when, Sample({proxy: counters[figure]}))

    def put(self, counters: Sequence[int], time: Timed | None, when: Moment, targets: int = 0) -> None:
        """Put what many have counted together, spread over so many targets, and its times."""
        if self._total is not None:
            self._total.add(counters, time, when.at)
        for figure, sink in self._shares:
            if counters[figure]:
                sink.put(when, Sample(shared=counters[figure], targets=targets))
        if time is not None:
            for sink in self._times:
                sink.put(when, Sample(time=time))


class _Sink:
    """A metric under one name or several; its series are made with the first sample, and again when some have gone."""

    __slots__ = ("_archive", "_generation", "_made", "_named", "_scope", "ids")

    def __init__(self, archive: Archive, scope: Scope, named: Named, ids: tuple[MetricId, ...]) -> None:
        self._archive, self._scope, self._named, self.ids = archive, scope, named, ids
        self._made: tuple[Series, ...] = ()
        self._generation = -1

    def put(self, when: Moment, sample: Sample, whole: Sample | None = None) -> None:
        """See Series."""
        archive, named = self._archive, self._named
        if self._generation != archive.generation:
            self._generation = archive.generation
            self._made = tuple(archive.series(self._scope, one, named.kind, named.unit) for one in self.ids)
        for series in self._made:
            series.put(when, sample, whole)


class _Column(NamedTuple):
    place: int
    sink: _Sink


class _Plan(NamedTuple):
    """Where the figures of a block's endpoints go: of ``sources``, the counts, to these places of the sheet."""

    block: Block
    lines: Sequence[_Line]
    sources: Ints
    places: Ints
    sinks: Sequence[_Sink]

    def put(self, new: Figures, gauges: Levels, when: Moment) -> None:
        """Put what all proxies have counted together, and each of their looks at levels."""
        targets = gauges[Gauge.TARGETS]
        targeted = [0] * len(self.lines) if targets is None else targets.max(axis=0).tolist()
        together = Figures(new.counts.sum(axis=0), new.sums.sum(axis=0))
        counters = self.block.counters(together.counts[np.newaxis])[0].T.tolist()
        times = _times(self.block, together)
        for line, figures, time, spread in zip(self.lines, counters, times, targeted, strict=True):
            line.put(figures, time, when, spread)
        for gauge, looks in enumerate(gauges):
            if looks is not None:
                self._look(gauge, looks, when)

    def _look(self, gauge: int, looks: Ints, when: Moment) -> None:
        seen, least = samples(looks).tolist(), looks.min(axis=0).tolist()
        for line, (count, total, lowest, highest), floor in zip(self.lines, seen, least, strict=True):
            for of, always, sink in line.levels:
                if of == gauge and always:
                    sink.put(when, Sample(summary=Summary(len(looks), total, floor, highest)))
                elif of == gauge and count:
                    sink.put(when, Sample(summary=Summary(count, total, lowest, highest)))


def _part(sink: _Sink, samples: Sequence[int]) -> Sample:
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


def _times(block: Block, of: Figures) -> Sequence[Timed | None]:
    """The histogram of each endpoint, where there is something in it."""
    if not block.bounds:
        return [None] * len(block.endpoints)
    buckets = block.buckets(of.counts[np.newaxis])[0].T.tolist()
    return [
        Timed(Histogram(block.bounds, tuple(counts)), total) if any(counts) else None
        for counts, total in zip(buckets, of.sums[block.sums].tolist(), strict=True)
    ]
