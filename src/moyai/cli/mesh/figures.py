"""The figures of edges, from CloudWatch as anybody could read them: ListMetrics finds the edges, GetMetricData counts.

Promise: one period covers the whole span, so that a percentile is that of all its requests. The span begins with a
minute, as periods do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from moyai.cli.mesh.values import Span
from moyai.cli.remote import pages

_OWN = "Moyai/ServiceConnect"
_MINUTE = 60
_QUERIES_AT_ONCE = 500
_MADE = MappingProxyType(
    {"requests": (_OWN, "TargetRequestCount", "Sum"), "connections": (_OWN, "TargetConnectionCount", "Sum")}
)
_FIGURES = MappingProxyType(
    {
        "failures": (_OWN, "RequestFailureCount", "Sum"),
        "retries": (_OWN, "RetryCount", "Sum"),
        "timeouts": (_OWN, "RequestTimeoutCount", "Sum"),
        "ejected": (_OWN, "EjectedTargetCount", "Maximum"),
        "p50": ("AWS/ECS", "TargetResponseTime", "p50"),
        "p95": ("AWS/ECS", "TargetResponseTime", "p95"),
        "p99": ("AWS/ECS", "TargetResponseTime", "p99"),
    }
)


class Key(NamedTuple):
    """An edge as CloudWatch knows it."""

    cluster: str
    service: str
    target: str


Figures = Mapping[str, float]
"""By name: ``requests`` or ``connections``, and what there is of ``_FIGURES``."""


def span_back(now: float, seconds: float) -> Span:
    """The last so many seconds, from the minute in which they begin."""
    start = now - seconds
    return Span(start - start % _MINUTE, now)


def read_figures(cloudwatch: Any, span: Span) -> dict[Key, Figures]:  # noqa: ANN401 (botocore makes its clients' classes at run time)
    """Every edge that had traffic in the span, with its figures."""
    known = sorted(_edges(cloudwatch, "TargetRequestCount") | _edges(cloudwatch, "TargetConnectionCount"))
    made = _asked(cloudwatch, [(key, name) for key in known for name in _MADE], span)
    busy = [key for key in known if sum(made[key].values()) > 0]
    more = _asked(cloudwatch, [(key, name) for key in busy for name in _FIGURES], span)
    return {key: {**made[key], **more[key]} for key in busy}


def _edges(cloudwatch: Any, metric: str) -> set[Key]:  # noqa: ANN401
    found = set()
    for one in pages(cloudwatch, "list_metrics", "Metrics", Namespace=_OWN, MetricName=metric):
        of = {d["Name"]: d["Value"] for d in one["Dimensions"]}
        if "ServiceName" in of:
            found.add(Key(of["ClusterName"], of["ServiceName"], of["TargetDiscoveryName"]))
    return found


def _asked(cloudwatch: Any, wanted: Sequence[tuple[Key, str]], span: Span) -> dict[Key, dict[str, float]]:  # noqa: ANN401
    """The figures by edge; a figure that has no value is left out."""
    found: dict[Key, dict[str, float]] = {key: {} for key, _ in wanted}
    for batch in _batches(wanted):
        asked = {f"q{number}": one for number, one in enumerate(batch)}
        queries = [_query(query_id, *one, _period(span)) for query_id, one in asked.items()]
        times = {"StartTime": span.start, "EndTime": span.start + _period(span)}
        for result in pages(cloudwatch, "get_metric_data", "MetricDataResults", MetricDataQueries=queries, **times):
            key, name = asked[result["Id"]]
            for value in result["Values"]:
                found[key][name] = value
    return found


def _batches(wanted: Sequence[tuple[Key, str]]) -> Iterator[Sequence[tuple[Key, str]]]:
    for first in range(0, len(wanted), _QUERIES_AT_ONCE):
        yield wanted[first : first + _QUERIES_AT_ONCE]


def _period(span: Span) -> int:
    """The whole minutes that hold the span, its last moment too."""
    return (int(span.end - span.start) // _MINUTE + 1) * _MINUTE


def _query(query_id: str, key: Key, name: str, period: int) -> dict[str, Any]:
    namespace, metric, statistic = _MADE.get(name) or _FIGURES[name]
    dimensions = zip(("ClusterName", "ServiceName", "TargetDiscoveryName"), key, strict=True)
    return {
        "Id": query_id,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": dimension, "Value": value} for dimension, value in dimensions],
            },
            "Period": period,
            "Stat": statistic,
        },
    }
