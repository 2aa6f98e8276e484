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
from moyai.kernel.ids import ProxyId
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
Forward = Callable[[ProxyId, Reporter, Report], None]
"""Takes every report as well; at once, and without a fault."""
Remember = Callable[[ProxyId], bytes | None]
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

    def take(self, proxy: ProxyId, news: News, when: Moment) -> None:
        """Put what is new into the metrics."""
        if self.total is not None:
            self.total.add(news, when.at)
        targets = news.gauges[Gauge.TARGETS] or 0
        for value, sinks in zip(news.counters, self.counts, strict=True):
            if value and sinks:
                sample = Sample(proxy, value, None, targets)
                for sink in sinks:
                    sink.put(when, sample)
        for gauge, always, sink in self.levels:
            level = news.gauges[gauge]
            if level or (always and level is not None):
                sink.put(when, Sample(proxy, level))
        if news.time is not None and self.times and any(news.time.histogram.counts):
            sample = Sample(proxy, news.time.sum, news.time)
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
        remember: Remember = lambda _proxy: None,
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
        self._proxies: OrderedDict[ProxyId, _Proxy] = OrderedDict()
        self._sinks: dict[tuple[Scope, str, str, str, frozenset[str]], _Held] = {}
        self._generation = archive.generation

    def take(self, proxy: ProxyId, push: bytes, now: Instant) -> bool:
        """Count what is new in a push, at ``now``; False when nobody knows whose it is. Raises NotOtlp."""
        known = self._proxy(proxy)
        report = (known.read if known is not None else self._pushes.reader())(push)
        if known is None:
            return False
        self._advance(proxy, known, report, now)
        return True

    def record(self, proxy: ProxyId, report: Report, now: Instant) -> bool:
        """The same of a report that is read already."""
        known = self._proxy(proxy)
        if known is not None:
            self._advance(proxy, known, report, now)
        return known is not None

    def unsaved(self) -> Iterator[KeptProxy]:
        """How far each proxy has been counted whose counts have changed since they were last asked for."""
        for proxy, known in self._proxies.items():
            if known.counting.changed:
                yield KeptProxy(proxy, known.reported_at, known.counting.written())

    def unsave(self) -> None:
        """None of it is saved."""
        self.totals.unsave()
        for known in self._proxies.values():
            known.counting.changed = True

    def forget(self, now: Instant) -> None:
        """Forget every proxy and every metric."""
        self._since = now
        self._proxies.clear()
        self._sinks.clear()
        self._archive.clear()
        self.totals.clear()

    def _proxy(self, proxy: ProxyId) -> _Proxy | None:
        known = self._proxies.get(proxy)
        if known is None:
            reporter = self._identify(proxy)
            if reporter is None:
                return None
            known = self._proxies[proxy] = self._known(proxy, reporter)
            if len(self._proxies) > MAX_PROXIES:
                self._proxies.popitem(last=False)
        self._proxies.move_to_end(proxy)
        return known

    def _known(self, proxy: ProxyId, reporter: Reporter) -> _Proxy:
        body = self._remember(proxy)
        counting = _restored(body) if body is not None else None
        whose = (reporter.scope, reporter.namespace, reporter.cluster, reporter.service, reporter.grpc)
        sinks = self._sinks.setdefault(whose, {})
        made = _Proxy(reporter, counting or Counting(), self._pushes.reader(), sinks)
        made.baseline = counting is None and (body is not None or reporter.born_at < self._since)
        return made

    def _advance(self, proxy: ProxyId, known: _Proxy, report: Report, now: Instant) -> None:
        if self.forward is not None:
            self.forward(proxy, known.reporter, report)
        news = known.counting.advance(report, baseline=known.baseline)
        known.baseline, known.reported_at = False, now
        if self._generation != self._archive.generation:
            self._generation = self._archive.generation
            for held in self._sinks.values():
                held.clear()
            for one in self._proxies.values():
                one.own.clear()
        when = moment(now)
        for item in news:
            key = (item.endpoint, item.protocol)
            sinks = known.sinks.get(key)
            if sinks is None:
                total = self.totals.of(_whose(known.reporter, item), now)
                sinks = known.sinks[key] = _Sinks(self._of_service(known.reporter, item), total)
            sinks.take(proxy, item, when)
            if item.endpoint.side is Side.SERVER:
                own = known.own.get(key)
                if own is None:
                    own = known.own[key] = _Sinks(self._of_task(proxy, known.reporter, item))
                own.take(proxy, item, when)

    def _of_service(self, reporter: Reporter, news: News) -> Iterator[tuple[Named, _Sink]]:
        for named in METRICS:
            if named.side is news.endpoint.side and _speaks(named, reporter, news):
                ids = ids_of(named, news.endpoint.name, reporter.service, reporter.cluster)
                yield named, _Sink(self._archive, reporter.scope, named, ids)

    def _of_task(self, proxy: ProxyId, reporter: Reporter, news: News) -> Iterator[tuple[Named, _Sink]]:
        task = proxy.rpartition("/")[2]
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
