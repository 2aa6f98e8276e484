"""The metrics that proxies have counted, tasks have used and clients have put.

Promise: every method returns at once. Values older than 15 days, and steps below a minute older than three hours, are
no longer stored and missing in the answers, as in CloudWatch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from moyai.domain.cloudwatch.metric import MetricId, Summary
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope


class Period(NamedTuple):
    """One period of a metric, from ``start`` on."""

    start: Instant
    summary: Summary


class ListedMetric(NamedTuple):
    """A metric, and when it last had a value."""

    metric: MetricId
    unit: str
    last_at: Instant


class Revision(NamedTuple):
    """How often a metric's values have changed; comparable within one ``generation``, in which no metric is removed."""

    generation: int
    changes: int


class MetricWriter(Protocol):
    """Stores the metrics that clients put."""

    def write(self, scope: Scope, metric: MetricId, unit: str, at: Instant, summary: Summary) -> None:
        """Add values to a metric, which has separate values for each unit. Values for a metric that this installation
        measures (``MetricReader.is_measured``) are dropped.
        """


class MetricReader(Protocol):
    """Reads the metrics of all accounts and regions, a scope at a time."""

    def metrics(self, scope: Scope) -> Sequence[ListedMetric]:
        """Every metric of the scope that has a value, in the order of their names."""

    def metrics_from(self, scope: Scope, first: MetricId) -> Iterator[ListedMetric]:
        """The metrics of the scope from ``first`` on, whether it exists or not; nothing may be written meanwhile."""

    def units(self, scope: Scope, metric: MetricId) -> Sequence[str]:
        """The metric's units in CloudWatch's spelling and order; none when there is no such metric."""

    def is_measured(self, scope: Scope, metric: MetricId) -> bool:
        """Whether the metric exists and its values are measured by this installation, not put by clients."""

    def revision(self, scope: Scope, metric: MetricId) -> Revision:
        """The metric's revision, which differs after each change of its values. Values that become too old to be kept
        do not count as a change.
        """

    def periods(
        self, scope: Scope, metric: MetricId, span: tuple[Instant, Instant], seconds: int, unit: str | None = None
    ) -> Sequence[Period]:
        """The periods of ``seconds`` each from ``span[0]`` on that have a value and begin before ``span[1]``: of the
        values in this unit, or, without one, in the first of ``units`` that has a value in the period.

        ``seconds`` is a multiple of 5; below 60 there are values of the last three hours only.
        """
