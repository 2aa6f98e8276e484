"""Metric filters: create, describe, delete, test.

Promise: the events of a group that match a filter become values of its metric as they are stored
(``telemetry/log_metrics.py``), whether PutLogEvents or a container's log driver sends them.
Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
"""

from __future__ import annotations

import math
import re
from typing import Final

import msgspec

from moyai.api.logs.lookup import MOST, group_named, page_of
from moyai.api.operation import Context
from moyai.domain.keys import scope_key
from moyai.domain.logs.errors import InvalidParameter, LimitExceeded, ResourceNotFound
from moyai.domain.logs.event import milliseconds
from moyai.domain.logs.group import group_name
from moyai.domain.logs.metric_filter import MetricFilter, MetricTransformation, metric_filter_key
from moyai.domain.world import Delete, Put
from moyai.expressions.log_filter.pattern import compile_filter_pattern, compile_selector

_MOST_FILTERS: Final = 100
_MOST_DIMENSIONS: Final = 3
_RESERVED: Final = ("AWS/", "Moyai/")
_NAME: Final = re.compile(r"[^:*$]{1,255}")


class PutMetricFilterRequest(msgspec.Struct, frozen=True):
    """A metric filter, in full."""

    log_group_name: str
    filter_name: str
    filter_pattern: str
    metric_transformations: tuple[MetricTransformation, ...]


class FilterRequest(msgspec.Struct, frozen=True):
    """The metric filter to delete."""

    log_group_name: str
    filter_name: str


class DescribeMetricFiltersRequest(msgspec.Struct, frozen=True):
    """Filters of a group or of a metric."""

    log_group_name: str | None = None
    filter_name_prefix: str | None = None
    metric_name: str | None = None
    metric_namespace: str | None = None
    next_token: str | None = None
    limit: int = MOST


class TestMetricFilterRequest(msgspec.Struct, frozen=True):
    """A pattern, and messages to try it on."""

    filter_pattern: str
    log_event_messages: tuple[str, ...]


def put_metric_filter(ctx: Context, request: PutMetricFilterRequest) -> None:
    """Create or replace a metric filter."""
    group = group_named(ctx, request.log_group_name)
    if len(request.metric_transformations) != 1:
        raise InvalidParameter("metricTransformations must have one item.")
    [transformation] = request.metric_transformations
    compile_filter_pattern(request.filter_pattern)
    _check(request.filter_pattern, transformation)
    filters = ctx.store.world.metric_filters
    is_new = metric_filter_key(group.arn, request.filter_name) not in filters
    if is_new and filters.count("group", group.arn) >= _MOST_FILTERS:
        raise LimitExceeded(f"Resource limit exceeded: a log group can have {_MOST_FILTERS} metric filters.")
    ctx.store.apply(
        [Put(MetricFilter(group.arn, request.filter_name, request.filter_pattern, transformation, ctx.now))]
    )


def describe_metric_filters(ctx: Context, request: DescribeMetricFiltersRequest) -> dict[str, object]:
    """Metric filters in the order of their names."""
    if (request.metric_name is None) != (request.metric_namespace is None):
        raise InvalidParameter("metricName and metricNamespace must be specified together.")
    world = ctx.store.world
    if request.log_group_name is None:
        groups = world.log_groups.by("scope", scope_key(ctx.scope))
        filters = tuple(f for group in groups for f in world.metric_filters.by("group", group.arn))
    else:
        filters = world.metric_filters.by("group", group_named(ctx, request.log_group_name).arn)
    metric = (request.metric_namespace, request.metric_name)
    matching = {
        f"{metric_filter.name}\0{metric_filter.group}": metric_filter
        for metric_filter in filters
        if metric_filter.name.startswith(request.filter_name_prefix or "")
        and metric
        in {(None, None), (metric_filter.transformation.metric_namespace, metric_filter.transformation.metric_name)}
    }
    listing = ("DescribeMetricFilters", request.log_group_name, request.filter_name_prefix, metric)
    page = page_of(matching, listing, request.next_token, request.limit)
    return {"metric_filters": [_view(matching[key]) for key in page.keys], "next_token": page.next_token}


def delete_metric_filter(ctx: Context, request: FilterRequest) -> None:
    """Delete a metric filter. The values that it has published stay."""
    key = metric_filter_key(group_named(ctx, request.log_group_name).arn, request.filter_name)
    if key not in ctx.store.world.metric_filters:
        raise ResourceNotFound("The specified metric filter does not exist.")
    ctx.store.apply([Delete(MetricFilter, key)])


def test_metric_filter(ctx: Context, request: TestMetricFilterRequest) -> dict[str, object]:  # noqa: ARG001
    """Try a pattern on messages."""
    matches = compile_filter_pattern(request.filter_pattern)
    numbered = enumerate(request.log_event_messages, start=1)
    return {
        "matches": [
            {"event_number": number, "event_message": message, "extracted_values": {}}
            for number, message in numbered
            if matches(message)
        ]
    }


def _check(pattern: str, transformation: MetricTransformation) -> None:
    namespace, name = transformation.metric_namespace, transformation.metric_name
    if namespace.startswith(_RESERVED) or not _NAME.fullmatch(namespace):
        raise InvalidParameter(f"Invalid metric transformation: metricNamespace {namespace[:100]} can't be used.")
    if not _NAME.fullmatch(name):
        raise InvalidParameter("Invalid metric transformation: metricName must not contain : * or $.")
    if transformation.default_value is not None and transformation.dimensions:
        raise InvalidParameter(
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties."
        )
    if len(transformation.dimensions) > _MOST_DIMENSIONS:
        raise InvalidParameter(f"Invalid metric transformation: there can be {_MOST_DIMENSIONS} dimensions.")
    for selector in (transformation.metric_value, *transformation.dimensions.values()):
        compile_selector(pattern, selector)
    if not transformation.metric_value.startswith("$"):
        try:
            is_finite = math.isfinite(float(transformation.metric_value))
        except ValueError:
            is_finite = False
        if not is_finite:
            raise InvalidParameter("Invalid metric transformation: metricValue must be a number or a selector.")


def _view(metric_filter: MetricFilter) -> dict[str, object]:
    transformation = metric_filter.transformation
    return {
        "filter_name": metric_filter.name,
        "filter_pattern": metric_filter.pattern,
        "log_group_name": group_name(metric_filter.group),
        "creation_time": milliseconds(metric_filter.created_at),
        "metric_transformations": [
            {
                "metric_name": transformation.metric_name,
                "metric_namespace": transformation.metric_namespace,
                "metric_value": transformation.metric_value,
                "default_value": transformation.default_value,
                "dimensions": transformation.dimensions or None,
                "unit": transformation.unit,
            }
        ],
    }
