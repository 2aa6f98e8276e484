"""Which values a request or an alarm is about: a metric's statistic, or an expression on others.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.cloudwatch.metric import MetricId, metric_id


class Dimension(msgspec.Struct, frozen=True):
    """One dimension."""

    name: str
    value: str


class Metric(msgspec.Struct, frozen=True):
    """A metric's name."""

    namespace: str = ""
    metric_name: str = ""
    dimensions: tuple[Dimension, ...] = ()

    @property
    def id(self) -> MetricId:
        """The same, whatever order the dimensions come in."""
        return metric_id(self.namespace, self.metric_name, ((one.name, one.value) for one in self.dimensions))


class MetricStat(msgspec.Struct, frozen=True):
    """One statistic of one metric, in periods of so many seconds."""

    metric: Metric
    period: int
    stat: str
    unit: str | None = None


class MetricDataQuery(msgspec.Struct, frozen=True):
    """A metric's statistic, or an expression on others. ``period`` (seconds) is an expression's: that of what it
    searches.
    """

    id: str
    metric_stat: MetricStat | None = None
    expression: str | None = None
    label: str | None = None
    return_data: bool = True
    period: int | None = None


def metric_of(found: MetricId) -> Metric:
    """The same as a request has it."""
    return Metric(found.namespace, found.name, tuple(Dimension(name, value) for name, value in found.dimensions))
