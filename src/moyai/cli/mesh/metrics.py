"""The metrics of the mesh's edges, from CloudWatch: ListMetrics finds the edges, GetMetricData has their values.

One period covers the whole span, so that a percentile is that of all its requests. Periods begin with a minute, and so
does the span.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from moyai.cli.mesh.values import Span
from moyai.cli.remote import pages

_MINUTE = 60
_QUERIES_AT_ONCE = 500
_CALLS = MappingProxyType({"requests": ("TargetRequestCount", "Sum"), "connections": ("TargetConnectionCount", "Sum")})
_COUNTS = MappingProxyType(
    {
        "failures": ("RequestFailureCount", "Sum"),
        "retries": ("RetryCount", "Sum"),
        "timeouts": ("RequestTimeoutCount", "Sum"),
        "ejected": ("EjectedTargetCount", "Maximum"),
    }
)
_PERCENTILES = ("p50", "p95", "p99")
_CONNECT, _APP_MESH = "Moyai/ServiceConnect", "Moyai/AppMesh"
_MESH_TIME = "envoy.appmesh.TargetResponseTime"


class Statistic(NamedTuple):
    """A statistic of a CloudWatch metric."""

    namespace: str
    metric: str
    statistic: str


class ConnectKey(NamedTuple):
    """The dimensions that identify an edge of Service Connect."""

    cluster: str
    service: str
    target: str

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """The dimensions of all its metrics."""
        return ("ClusterName", self.cluster), ("ServiceName", self.service), ("TargetDiscoveryName", self.target)

    def statistic(self, name: str) -> Statistic:
        """The CloudWatch statistic of one of its values."""
        if name in _PERCENTILES:
            return Statistic("AWS/ECS", "TargetResponseTime", name)
        return Statistic(_CONNECT, *(_CALLS.get(name) or _COUNTS[name]))


class MeshKey(NamedTuple):
    """The dimensions that identify an edge of App Mesh: the caller and its ``kind`` (VirtualNode or VirtualGateway),
    the virtual service that it calls, and the virtual node that answers.

    ``times``: the CloudWatch namespace that has its response times.
    """

    mesh: str
    caller: str
    kind: str
    service: str
    node: str
    times: str = _APP_MESH

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """The dimensions of all its metrics."""
        mesh_and_caller = ("Mesh", self.mesh), (self.kind, self.caller)
        return (*mesh_and_caller, ("TargetVirtualService", self.service), ("TargetVirtualNode", self.node))

    def statistic(self, name: str) -> Statistic:
        """The CloudWatch statistic of one of its values."""
        if name in _PERCENTILES:
            return Statistic(self.times, _MESH_TIME, name)
        return Statistic(_APP_MESH, *(_CALLS.get(name) or _COUNTS[name]))


EdgeKey = ConnectKey | MeshKey
EdgeMetrics = Mapping[str, float]
"""Values by name: ``requests`` or ``connections``, and others as far as they exist."""


def span_back(now: float, seconds: float) -> Span:
    """The span from ``seconds`` before ``now``, rounded down to a minute, until ``now``."""
    start = now - seconds
    return Span(start - start % _MINUTE, now)


def read_edge_metrics(cloudwatch: Any, span: Span) -> dict[EdgeKey, EdgeMetrics]:  # noqa: ANN401 (botocore makes its clients' classes at run time)
    """The metrics of every edge that had traffic in the span."""
    keys: list[EdgeKey] = [*_connect_keys(cloudwatch), *_mesh_keys(cloudwatch)]
    calls = _read_values(cloudwatch, [(key, name) for key in keys for name in _CALLS], span)
    busy = [key for key in keys if sum(calls[key].values()) > 0]
    details = _read_values(cloudwatch, [(key, name) for key in busy for name in (*_COUNTS, *_PERCENTILES)], span)
    return {key: {**calls[key], **details[key]} for key in busy}


def _connect_keys(cloudwatch: Any) -> list[ConnectKey]:  # noqa: ANN401
    keys = {
        ConnectKey(dimensions["ClusterName"], dimensions["ServiceName"], dimensions["TargetDiscoveryName"])
        for dimensions in _call_dimensions(cloudwatch, _CONNECT)
        if "ServiceName" in dimensions
    }
    return sorted(keys)


def _mesh_keys(cloudwatch: Any) -> list[MeshKey]:  # noqa: ANN401
    keys = {key for dimensions in _call_dimensions(cloudwatch, _APP_MESH) if (key := _mesh_key(dimensions)) is not None}
    if not keys:
        return []
    # A tag of the mesh can move its response times to another namespace; the old namespace gets no new values.
    metrics = pages(cloudwatch, "list_metrics", "Metrics", MetricName=_MESH_TIME)
    times = {_mesh_key(_dimensions(m)): m["Namespace"] for m in metrics if m["Namespace"] != _APP_MESH}
    return sorted(key._replace(times=times.get(key, _APP_MESH)) for key in keys)


def _mesh_key(dimensions: Mapping[str, str]) -> MeshKey | None:
    kind = "VirtualGateway" if "VirtualGateway" in dimensions else "VirtualNode"
    mesh, caller, service, node = (
        dimensions.get(n) for n in ("Mesh", kind, "TargetVirtualService", "TargetVirtualNode")
    )
    if mesh is None or caller is None or service is None or node is None:
        return None
    return MeshKey(mesh, caller, kind, service, node)


def _call_dimensions(cloudwatch: Any, namespace: str) -> Iterator[Mapping[str, str]]:  # noqa: ANN401
    """The dimensions of the metrics that count requests and connections."""
    for metric, _ in _CALLS.values():
        yield from map(
            _dimensions, pages(cloudwatch, "list_metrics", "Metrics", Namespace=namespace, MetricName=metric)
        )


def _dimensions(metric: Mapping[str, Any]) -> dict[str, str]:
    return {d["Name"]: d["Value"] for d in metric["Dimensions"]}


def _read_values(
    cloudwatch: Any,  # noqa: ANN401
    names: Sequence[tuple[EdgeKey, str]],
    span: Span,
) -> dict[EdgeKey, dict[str, float]]:
    """The values by edge and name; a name without a value is left out."""
    values: dict[EdgeKey, dict[str, float]] = {key: {} for key, _ in names}
    for batch in _batches(names):
        by_id = {f"q{number}": key_and_name for number, key_and_name in enumerate(batch)}
        queries = [_query(query_id, key, name, _period(span)) for query_id, (key, name) in by_id.items()]
        times = {"StartTime": span.start, "EndTime": span.start + _period(span)}
        for result in pages(cloudwatch, "get_metric_data", "MetricDataResults", MetricDataQueries=queries, **times):
            key, name = by_id[result["Id"]]
            for value in result["Values"]:
                values[key][name] = value
    return values


def _batches(names: Sequence[tuple[EdgeKey, str]]) -> Iterator[Sequence[tuple[EdgeKey, str]]]:
    for first in range(0, len(names), _QUERIES_AT_ONCE):
        yield names[first : first + _QUERIES_AT_ONCE]


def _period(span: Span) -> int:
    """The smallest whole number of minutes, in seconds, that covers the span including its end."""
    return (int(span.end - span.start) // _MINUTE + 1) * _MINUTE


def _query(query_id: str, key: EdgeKey, name: str, period: int) -> dict[str, Any]:
    namespace, metric, statistic = key.statistic(name)
    return {
        "Id": query_id,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": dimension, "Value": value} for dimension, value in key.dimensions],
            },
            "Period": period,
            "Stat": statistic,
        },
    }
