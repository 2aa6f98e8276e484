"""Reports in, samples into the archive.

Promise: every request that a proxy reports is counted once, under the service it was made for or by. A metric has a
point in a slot only when there was something to count in it, as AWS publishes; a level has one with every report. How
far each proxy has been counted is saved together with what was counted, so that a control plane that comes back goes
on from there: what passed meanwhile counts with the first report after. Of a proxy that is older than anything saved,
the first report is a baseline: how much of it had been counted before is not known, so nothing of it counts again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.clock import Instant
from moyai.kernel.ids import WorkloadId
from moyai.kernel.scope import Scope
from moyai.ports.metric_store import KeptProxy
from moyai.telemetry.accumulate import Sample
from moyai.telemetry.deltas import Counting, News
from moyai.telemetry.envoy_stats import Endpoint, Figure, Gauge, Pushes, Report, Side
from moyai.telemetry.names import METRICS, OF_TASKS, Named, id_of_task, ids_of
from moyai.telemetry.reporters import Identify, Reporter
from moyai.telemetry.series import Archive, Moment, Series, moment
from moyai.telemetry.totals import Total, Totals, Whose

MAX_PROXIES: Final = 20_000
"""Proxies whose counts are remembered; beyond, the one that has been silent the longest is forgotten."""
Forward = Callable[[WorkloadId, Reporter, Report], None]
"""Takes every report as well; at once, and without a fault."""
Remember = Callable[[WorkloadId], bytes | None]
"""How far a proxy was counted when it was last saved."""
_log = logging.getLogger(__name__)


class _Sink:
    """A metric under one name or several; its series are made with the first sample."""

    __slots__ = ("_archive", "_ids", "_made", "_named", "_scope")

    def __init__(self, archive: Archive, scope: Scope, named: Named, ids: Sequence[MetricId]) -> None:
        self._archive, self._scope, self._named, self._ids = archive, scope, named, ids
        self._made: tuple[Series, ...] = ()

    def put(self, when: Moment, sample: Sample) -> None:
        for series in self._made or self._make():
            series.put(when, sample)

    def _make(self) -> tuple[Series, ...]:
        named = self._named
        self._made = tuple(self._archive.series(self._scope, one, named.kind, named.unit) for one in self._ids)
        return self._made


class _Sinks:
    """Metrics of one endpoint, by what they are made from."""

    __slots__ = ("counts", "levels", "times", "total")

    def __init__(self, sinks: Iterable[tuple[Named, _Sink]], total: Total | None = None) -> None:
        self.total = total
        counts: tuple[list[_Sink], ...] = tuple([] for _ in Figure)
        levels: list[tuple[Gauge, bool, _Sink]] = []
        times: list[_Sink] = []
        for named, sink in sinks:
            if isinstance(named.figure, Figure):
                counts[named.figure].append(sink)
            elif isinstance(named.figure, Gauge):
                levels.append((named.figure, named.side is Side.SERVER, sink))
            else:
                times.append(sink)
        self.counts = tuple(map(tuple, counts))
        self.levels = tuple(levels)
        self.times = tuple(times)

    def take(self, workload: WorkloadId, news: News, when: Moment) -> None:
        """Put what is new into the metrics."""
        if self.total is not None:
            self.total.add(news, when.at)
        targets = news.gauges[Gauge.TARGETS] or 0
        for value, sinks in zip(news.counters, self.counts, strict=True):
            if value and sinks:
                sample = Sample(workload, value, None, targets)
                for sink in sinks:
                    sink.put(when, sample)
        for gauge, always, sink in self.levels:
            level = news.gauges[gauge]
            if level or (always and level is not None):
                sink.put(when, Sample(workload, level))
        if news.time is not None and self.times and any(news.time.histogram.counts):
            sample = Sample(workload, news.time.sum, news.time)
            for sink in self.times:
                sink.put(when, sample)


_Held = dict[tuple[Endpoint, str], _Sinks]


class _Proxy:
    """What is known of one proxy."""

    __slots__ = ("baseline", "counting", "own", "read", "reported_at", "reporter", "sinks")

    def __init__(self, reporter: Reporter, counting: Counting, read: Callable[[bytes], Report], sinks: _Held) -> None:
        self.reporter, self.counting, self.read = reporter, counting, read
        self.baseline = False
        self.reported_at = Instant(0)
        self.sinks = sinks
        """Metrics of its service, which all its tasks' proxies share."""
        self.own: _Held = {}
        """Its task's own."""


class Recorder:
    """Takes reports, from one event loop only. Whoever holds the ``gate`` sees figures and counts of one moment."""

    def __init__(
        self,
        archive: Archive,
        identify: Identify,
        since: Instant,
        remember: Remember = lambda _workload: None,
        totals: Totals | None = None,
    ) -> None:
        self.totals = totals or Totals()
        self.forward: Forward | None = None
        self.gate = asyncio.Lock()
        self._archive = archive
        self._identify = identify
        self._since = since
        self._remember = remember
        self._pushes = Pushes()
        self._proxies: OrderedDict[WorkloadId, _Proxy] = OrderedDict()
        self._sinks: dict[tuple[Scope, str, str, str, frozenset[str]], _Held] = {}
        self._generation = archive.generation

    def take(self, workload: WorkloadId, push: bytes, now: Instant) -> bool:
        """Count what is new in a push, at ``now``; False when nobody knows whose it is. Raises NotOtlp."""
        proxy = self._proxy(workload)
        report = (proxy.read if proxy is not None else self._pushes.reader())(push)
        if proxy is None:
            return False
        self._advance(workload, proxy, report, now)
        return True

    def record(self, workload: WorkloadId, report: Report, now: Instant) -> bool:
        """The same of a report that is read already."""
        proxy = self._proxy(workload)
        if proxy is not None:
            self._advance(workload, proxy, report, now)
        return proxy is not None

    def unsaved(self) -> Iterator[KeptProxy]:
        """How far each proxy has been counted whose counts have changed since they were last asked for."""
        for workload, proxy in self._proxies.items():
            if proxy.counting.changed:
                yield KeptProxy(workload, proxy.reported_at, proxy.counting.written())

    def unsave(self) -> None:
        """None of it is saved."""
        self.totals.unsave()
        for proxy in self._proxies.values():
            proxy.counting.changed = True

    def forget(self, now: Instant) -> None:
        """Forget every proxy and every metric."""
        self._since = now
        self._proxies.clear()
        self._sinks.clear()
        self._archive.clear()
        self.totals.clear()

    def _proxy(self, workload: WorkloadId) -> _Proxy | None:
        known = self._proxies.get(workload)
        if known is None:
            reporter = self._identify(workload)
            if reporter is None:
                return None
            known = self._proxies[workload] = self._known(workload, reporter)
            if len(self._proxies) > MAX_PROXIES:
                self._proxies.popitem(last=False)
        self._proxies.move_to_end(workload)
        return known

    def _known(self, workload: WorkloadId, reporter: Reporter) -> _Proxy:
        body = self._remember(workload)
        counting = _restored(body) if body is not None else None
        whose = (reporter.scope, reporter.namespace, reporter.cluster, reporter.service, reporter.grpc)
        sinks = self._sinks.setdefault(whose, {})
        made = _Proxy(reporter, counting or Counting(), self._pushes.reader(), sinks)
        made.baseline = counting is None and (body is not None or reporter.born_at < self._since)
        return made

    def _advance(self, workload: WorkloadId, proxy: _Proxy, report: Report, now: Instant) -> None:
        if self.forward is not None:
            self.forward(workload, proxy.reporter, report)
        news = proxy.counting.advance(report, baseline=proxy.baseline)
        proxy.baseline, proxy.reported_at = False, now
        if self._generation != self._archive.generation:
            self._generation = self._archive.generation
            for held in self._sinks.values():
                held.clear()
            for known in self._proxies.values():
                known.own.clear()
        when = moment(now)
        for item in news:
            key = (item.endpoint, item.protocol)
            sinks = proxy.sinks.get(key)
            if sinks is None:
                total = self.totals.of(_whose(proxy.reporter, item), now)
                sinks = proxy.sinks[key] = _Sinks(self._of_service(proxy.reporter, item), total)
            sinks.take(workload, item, when)
            if item.endpoint.side is Side.SERVER:
                own = proxy.own.get(key)
                if own is None:
                    own = proxy.own[key] = _Sinks(self._of_task(workload, proxy.reporter, item))
                own.take(workload, item, when)

    def _of_service(self, reporter: Reporter, news: News) -> Iterator[tuple[Named, _Sink]]:
        for named in METRICS:
            if named.side is news.endpoint.side and _speaks(named, reporter, news):
                ids = ids_of(named, news.endpoint.name, reporter.service, reporter.cluster)
                yield named, _Sink(self._archive, reporter.scope, named, ids)

    def _of_task(self, workload: WorkloadId, reporter: Reporter, news: News) -> Iterator[tuple[Named, _Sink]]:
        task = workload.rpartition("/")[2]
        for named in OF_TASKS:
            one = id_of_task(named, news.endpoint.name, reporter.service, reporter.cluster, task)
            yield named, _Sink(self._archive, reporter.scope, named, (one,))


def _restored(body: bytes) -> Counting | None:
    try:
        return Counting.restored(body)
    except (msgspec.MsgspecError, ValueError) as error:
        _log.warning("how far a proxy was counted can't be read, so it is counted from now on: %s", error)
        return None


def _whose(reporter: Reporter, news: News) -> Whose:
    whose = (reporter.scope, reporter.namespace, reporter.cluster, reporter.service)
    return Whose(*whose, news.endpoint, news.protocol)


def _speaks(named: Named, reporter: Reporter, news: News) -> bool:
    if named.protocol == "grpc":
        return news.endpoint.name in reporter.grpc
    return named.protocol in {None, news.protocol}
