"""What all proxies of a group count of one endpoint, added up before it becomes metrics.

Promise: a metric is touched once for all of them and not once for each, and has the same in the end: what each proxy
counted in the slot, every look at a level, every request's time. What is not in the metrics yet is unsettled in the
archive, and settled before anybody reads or saves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import add

from moyai.domain.cloudwatch.metric import Histogram, MetricId
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope
from moyai.telemetry.accumulate import Sample
from moyai.telemetry.archive import Archive
from moyai.telemetry.deltas import ZEROS, News
from moyai.telemetry.envoy_stats import Figure, Gauge, Side, Timed
from moyai.telemetry.names import Named
from moyai.telemetry.reporters import Fed
from moyai.telemetry.series import Moment, Series
from moyai.telemetry.totals import Total


class Tally:
    """``fed``: the metrics, each under one name or several. ``total``: where all of it counts as well."""

    __slots__ = ("_archive", "_counted", "_counts", "_levels", "_looks", "_time", "_times", "_total", "_when")

    def __init__(self, archive: Archive, scope: Scope, fed: Iterable[Fed], total: Total | None = None) -> None:
        self._archive, self._total = archive, total
        self._counts: list[tuple[Figure, _Sink]] = []
        self._levels: list[tuple[Gauge, bool, _Sink]] = []
        self._times: list[_Sink] = []
        for named, ids in fed:
            sink = _Sink(archive, scope, named, ids)
            if isinstance(named.figure, Figure):
                self._counts.append((named.figure, sink))
            elif isinstance(named.figure, Gauge):
                self._levels.append((named.figure, named.side is Side.SERVER, sink))
            else:
                self._times.append(sink)
        self._when: Moment | None = None
        """Of what is not settled: the slot, and when the last of it came."""
        self._counted: dict[ProxyId, tuple[int, ...]] = {}
        self._looks: list[tuple[int | None, ...]] = []
        self._time: Timed | None = None

    def add(self, proxy: ProxyId, news: News, when: Moment) -> None:
        """Take what is new of one proxy."""
        before = self._when
        if before is not None and (before.slot != when.slot or before.start != when.start):
            self._archive.settle(self)
        if self._when is None:
            self._archive.unsettled[self] = None
        self._when = when
        if news.counters is not ZEROS:
            counted = self._counted.get(proxy)
            self._counted[proxy] = news.counters if counted is None else tuple(map(add, counted, news.counters))
        self._looks.append(news.gauges)
        if news.time is not None:
            self._time = news.time if self._time is None else _together(self._time, news.time)

    def settle(self) -> None:
        """See Unsettled."""
        when, counted, looks, time = self._when, self._counted, self._looks, self._time
        if when is None:
            return
        self._when, self._counted, self._looks, self._time = None, {}, [], None
        if time is not None and not any(time.histogram.counts):
            time = None
        if self._total is not None:
            self._total.add(tuple(map(sum, zip(*counted.values(), strict=True))), time, when.at)
        targets = max(look[Gauge.TARGETS] or 0 for look in looks)
        for figure, sink in self._counts:
            values = {proxy: counters[figure] for proxy, counters in counted.items() if counters[figure]}
            if values:
                sink.put(when, Sample(values, targets=targets))
        for gauge, always, sink in self._levels:
            levels = [level for look in looks if (level := look[gauge]) or (always and level is not None)]
            if levels:
                sink.put(when, Sample(levels=levels))
        if time is not None:
            for sink in self._times:
                sink.put(when, Sample(time=time))


class _Sink:
    """A metric under one name or several; its series are made with the first sample, and again when some have gone."""

    __slots__ = ("_archive", "_generation", "_ids", "_made", "_named", "_scope")

    def __init__(self, archive: Archive, scope: Scope, named: Named, ids: Sequence[MetricId]) -> None:
        self._archive, self._scope, self._named, self._ids = archive, scope, named, ids
        self._made: tuple[Series, ...] = ()
        self._generation = -1

    def put(self, when: Moment, sample: Sample) -> None:
        archive, named = self._archive, self._named
        if self._generation != archive.generation:
            self._generation = archive.generation
            self._made = tuple(archive.series(self._scope, one, named.kind, named.unit) for one in self._ids)
        for series in self._made:
            series.put(when, sample)


def _together(one: Timed, other: Timed) -> Timed:
    mine, theirs = one.histogram, other.histogram
    if mine.bounds is theirs.bounds:
        return Timed(Histogram(mine.bounds, tuple(map(add, mine.counts, theirs.counts))), one.sum + other.sum)
    return Timed(mine.plus(theirs), one.sum + other.sum)
