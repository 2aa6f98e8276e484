"""Who calls whom, read from CloudWatch as anybody could: ListMetrics finds the edges, GetMetricData their figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rich.table import Table

from moyai.cli.remote import Remote, pages

_OWN = "Moyai/ServiceConnect"
_PERIOD = 60
_QUERIES_AT_ONCE = 500
_FIGURES = MappingProxyType(
    {
        "requests": (_OWN, "TargetRequestCount", "Sum"),
        "connections": (_OWN, "TargetConnectionCount", "Sum"),
        "failures": (_OWN, "RequestFailureCount", "Sum"),
        "retries": (_OWN, "RetryCount", "Sum"),
        "p50": ("AWS/ECS", "TargetResponseTime", "p50"),
        "p99": ("AWS/ECS", "TargetResponseTime", "p99"),
    }
)


@dataclass(frozen=True)
class Edge:
    """Calls of one service to one discovery name. ``requests`` are connections where ``tcp``; latencies in ms."""

    cluster: str
    caller: str
    target: str
    tcp: bool
    requests: int
    failures: int
    retries: int
    p50: float | None
    p99: float | None


def read_edges(remote: Remote, start: float, end: float) -> list[Edge]:
    """Every edge with traffic between two moments (seconds since the epoch), as one period each."""
    cloudwatch = remote.client("cloudwatch")
    found: set[tuple[str, str, str]] = set()
    for name in ("TargetRequestCount", "TargetConnectionCount"):
        for metric in pages(cloudwatch, "list_metrics", "Metrics", Namespace=_OWN, MetricName=name):
            of = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
            if "ServiceName" in of:
                found.add((of["ClusterName"], of["ServiceName"], of["TargetDiscoveryName"]))
    figures = _figures(cloudwatch, sorted(found), start, end)
    return [edge for edge in (_edge(key, figures[key]) for key in sorted(found)) if edge.requests]


def _figures(
    cloudwatch: Any,  # noqa: ANN401 (botocore makes its clients' classes at run time)
    edges: Sequence[tuple[str, str, str]],
    start: float,
    end: float,
) -> dict[tuple[str, str, str], dict[str, float]]:
    """Each edge's figures over the whole time, in one period that covers it."""
    begin, period = _covering(start, end)
    figures: dict[tuple[str, str, str], dict[str, float]] = {edge: {} for edge in edges}
    asked = {f"q{n}": (edge, name) for n, (edge, name) in enumerate((e, f) for e in edges for f in _FIGURES)}
    ids = list(asked)
    for first in range(0, len(ids), _QUERIES_AT_ONCE):
        queries = [_query(i, *asked[i], period) for i in ids[first : first + _QUERIES_AT_ONCE]]
        span = {"StartTime": begin, "EndTime": begin + period}
        for result in pages(cloudwatch, "get_metric_data", "MetricDataResults", MetricDataQueries=queries, **span):
            edge, name = asked[result["Id"]]
            for value in result["Values"]:
                figures[edge][name] = value
    return figures


def _covering(start: float, end: float) -> tuple[float, int]:
    """The shortest period that holds both moments. CloudWatch's begin at multiples of their own length."""
    period = _PERIOD
    while start - start % period + period <= end:
        period += _PERIOD
    return start - start % period, period


def _query(query_id: str, edge: tuple[str, str, str], figure: str, period: int) -> dict[str, Any]:
    namespace, metric, statistic = _FIGURES[figure]
    dimensions = zip(("ClusterName", "ServiceName", "TargetDiscoveryName"), edge, strict=True)
    return {
        "Id": query_id,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
            },
            "Period": period,
            "Stat": statistic,
        },
    }


def _edge(key: tuple[str, str, str], figures: Mapping[str, float]) -> Edge:
    cluster, caller, target = key
    tcp = "connections" in figures
    return Edge(
        cluster=cluster,
        caller=caller,
        target=target,
        tcp=tcp,
        requests=int(figures.get("connections" if tcp else "requests", 0)),
        failures=int(figures.get("failures", 0)),
        retries=int(figures.get("retries", 0)),
        p50=figures.get("p50"),
        p99=figures.get("p99"),
    )


def edge_table(edges: Iterable[Edge]) -> Table:
    """The edges, a row each."""
    table = Table("caller", "target", "requests", "failures", "retries", "p50 ms", "p99 ms")
    for column in table.columns[2:]:
        column.justify = "right"
    for e in edges:
        count = f"{e.requests} connections" if e.tcp else str(e.requests)
        timed = [f"{ms:.1f}" if ms is not None else "-" for ms in (e.p50, e.p99)]
        table.add_row(f"{e.cluster}/{e.caller}", e.target, count, str(e.failures), str(e.retries), *timed)
    return table
