"""ListMetrics: which metrics there are.

Promise: a metric is there from its first sample on, at once; AWS takes some minutes. One without a value for two weeks
is there no more. A page costs what it shows and what it passes over, not all the metrics that there are.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from moyai.api.cloudwatch.shapes import dimensions_of
from moyai.api.operation import Context
from moyai.domain.cloudwatch.errors import InvalidParameterValue
from moyai.domain.cloudwatch.metric import MetricId
from moyai.domain.paging import BadToken, read_token, write_token
from moyai.ports.metrics import ListedMetric, MetricReader

MAX_RESULTS = 500
_RECENT: Final = 3 * 3600
_SHOWN: Final = 14 * 24 * 3600
_LAST: Final = msgspec.json.Decoder(MetricId)


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
    since = ctx.now - (_SHOWN if request.recently_active is None else _RECENT)
    listing = ("metrics", request.namespace, request.metric_name, request.dimensions, request.recently_active)
    last = _last(request.next_token, listing)
    behind = _behind(reader, ctx, request, last)
    found = list(islice((one.metric for one in behind if one.last_at >= since), MAX_RESULTS + 1))
    shown = found[:MAX_RESULTS]
    more = write_token(listing, msgspec.json.encode(shown[-1]).decode()) if len(found) > MAX_RESULTS else None
    return {"metrics": [_view(metric) for metric in shown], "next_token": more}


def _last(token: str | None, listing: object) -> MetricId | None:
    """The last metric of the page before."""
    if token is None:
        return None
    try:
        return _LAST.decode(read_token(token, listing))
    except (BadToken, msgspec.MsgspecError) as error:
        raise InvalidParameterValue(f"NextToken: {error}") from error


def _behind(
    reader: MetricReader, ctx: Context, request: ListMetricsRequest, last: MetricId | None
) -> Iterator[ListedMetric]:
    """What fits, from behind the last one on. Names are in order, so that all of a namespace stand together."""
    together = () if request.namespace is None else (request.namespace, request.metric_name or "")
    whole = together if request.metric_name is not None else together[:1]
    for listed in reader.metrics_from(ctx.scope, last or MetricId(*together or ("", ""))):
        if listed.metric[: len(whole)] != whole:
            return
        if listed.metric != last and _fits(listed.metric, request):
            yield listed


def _fits(metric: MetricId, request: ListMetricsRequest) -> bool:
    return request.metric_name in {None, metric.name} and all(_has(metric, one) for one in request.dimensions)


def _has(metric: MetricId, wanted: DimensionFilter) -> bool:
    value = metric.dimension(wanted.name)
    return value is not None and wanted.value in {None, value}


def _view(metric: MetricId) -> dict[str, object]:
    return {"namespace": metric.namespace, "metric_name": metric.name, "dimensions": dimensions_of(metric)}
