"""ListMetrics: which metrics there are.

Promise: a metric is there from its first sample on, at once; AWS takes some minutes.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
"""

from __future__ import annotations

from itertools import chain

import msgspec

from moyai.api.cloudwatch.shapes import dimensions_of
from moyai.api.operation import Context
from moyai.domain.cloudwatch.errors import InvalidParameterValue
from moyai.domain.cloudwatch.metric import MetricId
from moyai.domain.paging import BadToken, page
from moyai.ports.metrics import Listed, MetricReader

MAX_RESULTS = 500
_RECENT = 3 * 3600


class DimensionFilter(msgspec.Struct, frozen=True):
    """A dimension that a metric must have, with this value or with any."""

    name: str
    value: str | None = None


class ListMetricsRequest(msgspec.Struct, frozen=True):
    """Metrics by namespace, name and dimensions."""

    namespace: str | None = None
    metric_name: str | None = None
    dimensions: tuple[DimensionFilter, ...] = ()
    next_token: str | None = None
    recently_active: str | None = None


def list_metrics(reader: MetricReader, ctx: Context, request: ListMetricsRequest) -> dict[str, object]:
    """The scope's metrics that fit."""
    since = ctx.now - _RECENT if request.recently_active is not None else 0.0
    found = {
        "\0".join((one.metric.namespace, one.metric.name, *chain.from_iterable(one.metric.dimensions))): one.metric
        for one in reader.metrics(ctx.scope)
        if _fits(one, request) and one.last_at >= since
    }
    listing = ("metrics", request.namespace, request.metric_name, request.dimensions, request.recently_active)
    try:
        shown = page(found, listing, request.next_token, MAX_RESULTS)
    except BadToken as error:
        raise InvalidParameterValue(f"NextToken: {error}") from error
    return {"metrics": [_shown(found[key]) for key in shown.keys], "next_token": shown.next_token}


def _fits(listed: Listed, request: ListMetricsRequest) -> bool:
    metric = listed.metric
    return (
        request.namespace in {None, metric.namespace}
        and request.metric_name in {None, metric.name}
        and all(_has(metric, one) for one in request.dimensions)
    )


def _has(metric: MetricId, wanted: DimensionFilter) -> bool:
    value = metric.dimension(wanted.name)
    return value is not None and wanted.value in {None, value}


def _shown(metric: MetricId) -> dict[str, object]:
    return {"namespace": metric.namespace, "metric_name": metric.name, "dimensions": dimensions_of(metric)}
