"""What an endpoint's figures become: metrics, each under its names, by what they are made of.

Promise: a series is made with its first sample, and again when some have gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope
from moyai.telemetry.accumulate import Sample
from moyai.telemetry.archive import Archive
from moyai.telemetry.envoy_stats import Figure, Gauge, Side, Timed
from moyai.telemetry.names import Kind, Named
from moyai.telemetry.series import Moment, Series
from moyai.telemetry.totals import Total


class Line:
    """The metrics of one endpoint, by what they are made of."""

    __slots__ = ("_shares", "_times", "_total", "counts", "levels")

    def __init__(self, total: Total | None) -> None:
        self._total = total
        self.counts: list[tuple[Figure, Sink]] = []
        self.levels: list[tuple[Gauge, bool, Sink]] = []
        """``bool``: also when it is 0."""
        self._shares: list[tuple[Figure, Sink]] = []
        self._times: list[Sink] = []

    def feed(self, named: Named, sink: Sink) -> None:
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


class Sink:
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
