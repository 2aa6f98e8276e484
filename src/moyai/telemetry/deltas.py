"""From counts since a proxy's start to what is new in each of its reports. Pure.

Promise: over any sequence of reports of one proxy, whatever was lost or came twice, the new counts add up to the
last count that arrived; nothing is counted twice and nothing between is lost. A count that went down, or
that was away for a report and came back, has begun again from 0 (Envoy forgets a statistic with the last
cluster or listener that has its name).
A proxy's first report counts from 0, unless it is said to be a baseline: then what came before it is not known to
be new and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from moyai.domain.cloudwatch.metric import Histogram
from moyai.telemetry.envoy_stats import Counted, Endpoint, Figure, Report, Timed


class News(NamedTuple):
    """What is new of one endpoint: counts since the report before, gauges as they are."""

    endpoint: Endpoint
    protocol: str
    counters: Mapping[Figure, int]
    gauges: Mapping[Figure, int]
    time: Timed | None


class _Known(NamedTuple):
    taken_at: int
    counted: Counted


class Counting:
    """One proxy's counts, as far as they have been reported."""

    def __init__(self) -> None:
        self._known: dict[Endpoint, _Known] = {}
        self._taken_at = 0
        self._before = 0

    def advance(self, report: Report, *, baseline: bool = False) -> list[News]:
        """What the report adds; nothing when it is late or a repetition."""
        if report.taken_at < self._taken_at:
            return []
        if report.taken_at > self._taken_at:
            self._before, self._taken_at = self._taken_at, report.taken_at
        news = []
        for endpoint, counted in report.endpoints.items():
            known = self._known.get(endpoint)
            if known is not None and known.taken_at == report.taken_at:
                continue
            self._known[endpoint] = _Known(report.taken_at, counted)
            if baseline:
                continue
            last = known.counted if known is not None and known.taken_at == self._before else None
            news.append(_since(endpoint, last, counted))
        return news


def _since(endpoint: Endpoint, last: Counted | None, counted: Counted) -> News:
    before = last.counters if last is not None else {}
    counters = {figure: _new(before.get(figure, 0), value) for figure, value in counted.counters.items()}
    time = _new_times(last.time if last is not None else None, counted.time)
    return News(endpoint, counted.protocol, counters, counted.gauges, time)


def _new(last: int, value: int) -> int:
    return value - last if value >= last else value


def _new_times(last: Timed | None, timed: Timed | None) -> Timed | None:
    if last is None or timed is None or last.histogram.bounds != timed.histogram.bounds:
        return timed
    counts = [now - then for now, then in zip(timed.histogram.counts, last.histogram.counts, strict=True)]
    if min(counts) < 0:
        return timed
    return Timed(Histogram(timed.histogram.bounds, tuple(counts)), max(timed.sum - last.sum, 0.0))
