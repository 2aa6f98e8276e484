"""ListMetrics.

Promise: a metric is listed at once after its first sample (on AWS after some minutes), and until it has had no value
for two weeks. The cost of a page grows with the metrics that it lists or filters out, not with all metrics.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from moyai.api.cloudwatch.pages import invalid_token
from moyai.api.cloudwatch.shapes import dimensions_of
from moyai.api.operation import Context
from moyai.domain.cloudwatch.metric import MetricId
from moyai.domain.paging import read_token, write_token
from moyai.ports.metrics import ListedMetric, MetricReader

MAX_RESULTS = 500
_RECENT: Final = 3 * 3600
_LISTED: Final = 14 * 24 * 3600
_METRIC_DECODER: Final = msgspec.json.Decoder(MetricId)


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
    """A page of the metrics that match the request."""
    since = ctx.now - (_LISTED if request.recently_active is None else _RECENT)
    listing = ("metrics", request.namespace, request.metric_name, request.dimensions, request.recently_active)
    last = _last(request.next_token, listing)
    matching = _matching(reader, ctx, request, last)
    metrics = list(islice((m.metric for m in matching if m.last_at >= since), MAX_RESULTS + 1))
    page = metrics[:MAX_RESULTS]
    token = write_token(listing, msgspec.json.encode(page[-1]).decode()) if len(metrics) > MAX_RESULTS else None
    return {"metrics": [_view(metric) for metric in page], "next_token": token}


def _last(token: str | None, listing: object) -> MetricId | None:
    """The last metric of the previous page."""
    if token is None:
        return None
    try:
        return _METRIC_DECODER.decode(read_token(token, listing, invalid_token))
    except msgspec.MsgspecError as error:
        raise invalid_token(str(error)) from error


def _matching(
    reader: MetricReader, ctx: Context, request: ListMetricsRequest, last: MetricId | None
) -> Iterator[ListedMetric]:
    """The matching metrics after the last one. Metrics are ordered by name, so those of a namespace are adjacent."""
    prefix = () if request.namespace is None else (request.namespace, request.metric_name or "")
    exact = prefix if request.metric_name is not None else prefix[:1]
    for metric in reader.metrics_from(ctx.scope, last or MetricId(*prefix or ("", ""))):
        if metric.metric[: len(exact)] != exact:
            return
        if metric.metric != last and _matches(metric.metric, request):
            yield metric


def _matches(metric: MetricId, request: ListMetricsRequest) -> bool:
    return request.metric_name in {None, metric.name} and all(
        _has(metric, dimension) for dimension in request.dimensions
    )


def _has(metric: MetricId, filter_: DimensionFilter) -> bool:
    value = metric.dimension(filter_.name)
    return value is not None and filter_.value in {None, value}


def _view(metric: MetricId) -> dict[str, object]:
    return {"namespace": metric.namespace, "metric_name": metric.name, "dimensions": dimensions_of(metric)}
