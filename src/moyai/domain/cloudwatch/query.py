"""The queries of requests and alarms: a metric's statistic, or an expression on other queries.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.cloudwatch.metric import MetricId, metric_id


class Dimension(msgspec.Struct, frozen=True):
    """A dimension of a metric."""

    name: str
    value: str


class Metric(msgspec.Struct, frozen=True):
    """A metric, as requests name it."""

    namespace: str = ""
    metric_name: str = ""
    dimensions: tuple[Dimension, ...] = ()

    @property
    def id(self) -> MetricId:
        """The identity of the metric, which does not depend on the order of dimensions."""
        return metric_id(self.namespace, self.metric_name, ((one.name, one.value) for one in self.dimensions))


class MetricStat(msgspec.Struct, frozen=True):
    """A statistic of a metric, in periods of so many seconds."""

    metric: Metric
    period: int
    stat: str
    unit: str | None = None


class MetricDataQuery(msgspec.Struct, frozen=True):
    """A metric's statistic, or an expression on other queries. ``period``: that of an expression's searches, in
    seconds.
    """

    id: str
    metric_stat: MetricStat | None = None
    expression: str | None = None
    label: str | None = None
    return_data: bool = True
    period: int | None = None


def metric_of(metric: MetricId) -> Metric:
    """The metric with this identity, as requests name it."""
    return Metric(metric.namespace, metric.name, tuple(Dimension(name, value) for name, value in metric.dimensions))
