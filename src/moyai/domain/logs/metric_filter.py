"""Metric filters of log groups.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricFilter.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LogGroupArn


class MetricTransformation(msgspec.Struct, frozen=True):
    """The metric that matching events become. ``metric_value``, and the values of ``dimensions``: a number or a text,
    or what a selector (``$.ms``, ``$bytes``) finds in the event.
    """

    metric_name: str
    metric_namespace: str
    metric_value: str
    default_value: float | None = None
    dimensions: Mapping[str, str] = {}
    unit: str = "None"


class MetricFilter(StoredRecord, frozen=True, tag="metric_filter"):
    """A metric filter of a log group."""

    group: LogGroupArn
    name: str
    pattern: str
    transformation: MetricTransformation
    created_at: Instant

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return metric_filter_key(self.group, self.name)


def metric_filter_key(group: LogGroupArn, name: str) -> str:
    """The key of the group's metric filter of this name."""
    return f"{group}:metric-filter:{name}"
