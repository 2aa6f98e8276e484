"""Reports in, samples into the archive.

Promise: every request that a proxy reports is counted once, under the service it was made for or by. A metric has a
point in a slot only when there was something to count in it, as AWS publishes; a level has one with every report. The
first report of a proxy that is older than this control plane is a baseline: how much of it had been counted before is
not known, so nothing of it counts again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.ids import WorkloadId
from moyai.telemetry.accumulate import Sample
from moyai.telemetry.deltas import Counting, News
from moyai.telemetry.envoy_stats import Figure, Report
from moyai.telemetry.names import METRICS, Kind, Named, ids_of
from moyai.telemetry.reporters import Identify, Reporter
from moyai.telemetry.series import Archive

MAX_PROXIES = 20_000
"""Proxies whose counts are remembered; beyond, the one that has been silent the longest is forgotten."""


class _Proxy(msgspec.Struct):
    reporter: Reporter
    counting: Counting
    baseline: bool


class Recorder:
    """Takes reports. Used from one event loop only."""

    def __init__(self, archive: Archive, identify: Identify, since: Instant) -> None:
        self._archive = archive
        self._identify = identify
        self._since = since
        self._proxies: OrderedDict[WorkloadId, _Proxy] = OrderedDict()

    def record(self, workload: WorkloadId, report: Report, now: Instant) -> bool:
        """Count what is new in the report, at ``now``; False when nobody knows whose it is."""
        proxy = self._proxy(workload)
        if proxy is None:
            return False
        news = proxy.counting.advance(report, baseline=proxy.baseline)
        proxy.baseline = False
        for item in news:
            self._count(workload, proxy.reporter, item, now)
        return True

    def forget(self) -> None:
        """Forget every proxy and every metric."""
        self._proxies.clear()
        self._archive.clear()

    def _proxy(self, workload: WorkloadId) -> _Proxy | None:
        known = self._proxies.get(workload)
        if known is None:
            reporter = self._identify(workload)
            if reporter is None:
                return None
            known = self._proxies[workload] = _Proxy(reporter, Counting(), reporter.born_at < self._since)
            if len(self._proxies) > MAX_PROXIES:
                self._proxies.popitem(last=False)
        self._proxies.move_to_end(workload)
        return known

    def _count(self, workload: WorkloadId, reporter: Reporter, news: News, now: Instant) -> None:
        for named in METRICS:
            if named.side is not news.endpoint.side or not _speaks(named, reporter, news):
                continue
            sample = _SAMPLES[named.kind](named, workload, news)
            if sample is None:
                continue
            for metric in ids_of(named, news.endpoint.name, reporter.service, reporter.cluster):
                self._archive.series(reporter.scope, metric, named.kind, named.unit).add(now, sample)


def _speaks(named: Named, reporter: Reporter, news: News) -> bool:
    if named.protocol == "grpc":
        return news.endpoint.name in reporter.grpc
    return named.protocol in {None, news.protocol}


def _count(named: Named, workload: WorkloadId, news: News) -> Sample | None:
    value = news.counters.get(named.figure, 0)
    return Sample(workload, value) if value else None


def _level(named: Named, workload: WorkloadId, news: News) -> Sample | None:
    value = news.gauges.get(named.figure)
    return None if value is None else Sample(workload, value)


def _time(named: Named, workload: WorkloadId, news: News) -> Sample | None:
    del named
    timed = news.time
    return None if timed is None or not timed.histogram.total else Sample(workload, timed.sum, time=timed)


def _share(named: Named, workload: WorkloadId, news: News) -> Sample | None:
    value = news.counters.get(named.figure, 0)
    return Sample(workload, value, targets=news.gauges.get(Figure.TARGETS, 0)) if value else None


_SAMPLES: Mapping[Kind, Callable[[Named, WorkloadId, News], Sample | None]] = {
    Kind.COUNT: _count,
    Kind.LEVEL: _level,
    Kind.TIME: _time,
    Kind.SHARE: _share,
}
