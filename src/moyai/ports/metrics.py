"""Metrics: what the proxies have counted, tasks have used and clients have put.

Promise: answers come from memory, at once and without waiting. What is asked for outside of what is kept (15
days a minute, three hours in steps of five seconds) is simply not there, as in CloudWatch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from moyai.domain.cloudwatch.metric import MetricId, Summary
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope


class Period(NamedTuple):
    """One period of a metric, from ``start`` on."""

    start: Instant
    summary: Summary


class Listed(NamedTuple):
    """A metric that there is, and when it last had a value."""

    metric: MetricId
    unit: str
    last_at: Instant


class Edge(msgspec.Struct, frozen=True):
    """Calls of one service to one discovery name, over some time.

    ``requests`` are HTTP or gRPC requests, or connections where ``protocol`` is tcp. ``failures`` are those
    that failed for the caller, after all retries. Latencies are milliseconds, None where nothing
    was timed (TCP always).
    """

    scope: Scope
    cluster: str
    service: str
    target: str
    protocol: str
    requests: int
    failures: int
    retries: int
    p50: float | None = None
    p99: float | None = None


class MetricWriter(Protocol):
    """Takes metrics that somebody measured."""

    def write(self, scope: Scope, metric: MetricId, unit: str, at: Instant, summary: Summary) -> None:
        """Add values to the metric, which is made when there is none; ``unit`` is the one it has. One that is measured
        here (``MetricReader.is_measured``) takes nothing.
        """


class MetricReader(Protocol):
    """The metrics there are."""

    def metrics(self, scope: Scope) -> Sequence[Listed]:
        """Every metric of the scope that has a value, in the order of their names."""

    def metrics_from(self, scope: Scope, first: MetricId) -> Iterator[Listed]:
        """The same, from this one on, whether it is there or not; nothing may be written in between."""

    def unit(self, scope: Scope, metric: MetricId) -> str | None:
        """The metric's unit in CloudWatch's spelling; None when there is no such metric."""

    def is_measured(self, scope: Scope, metric: MetricId) -> bool:
        """Whether there is such a metric and its values are this installation's own, not put by others."""

    def periods(self, scope: Scope, metric: MetricId, span: tuple[Instant, Instant], seconds: int) -> Sequence[Period]:
        """The periods of ``seconds`` each from ``span[0]`` on that have a value and begin before ``span[1]``.

        ``seconds`` is a multiple of 5; below 60 only the last three hours are kept.
        """

    def edges(self, span: tuple[Instant, Instant], scope: Scope | None = None) -> Sequence[Edge]:
        """Who called whom in that time, in one scope or in all, by caller and target."""
