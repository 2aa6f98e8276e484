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

_MINUTE = 60
_QUERIES_AT_ONCE = 500
_MADE = MappingProxyType({"requests": ("TargetRequestCount", "Sum"), "connections": ("TargetConnectionCount", "Sum")})
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


class Source(NamedTuple):
    """A statistic of a metric."""

    namespace: str
    metric: str
    statistic: str


class Key(NamedTuple):
    """An edge of Service Connect as CloudWatch knows it."""

    cluster: str
    service: str
    target: str

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """Of all its metrics."""
        return ("ClusterName", self.cluster), ("ServiceName", self.service), ("TargetDiscoveryName", self.target)

    def source(self, figure: str) -> Source:
        """Where a figure comes from."""
        if figure in _PERCENTILES:
            return Source("AWS/ECS", "TargetResponseTime", figure)
        return Source(_CONNECT, *(_MADE.get(figure) or _COUNTS[figure]))


class MeshKey(NamedTuple):
    """An edge of App Mesh: a caller, which ``kind`` of resource it is, the virtual service that it calls and the
    virtual node that answers. ``times``: the namespace in which its response times are.
    """

    mesh: str
    caller: str
    kind: str
    service: str
    node: str
    times: str = _APP_MESH

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """Of all its metrics."""
        whose = ("Mesh", self.mesh), (self.kind, self.caller)
        return (*whose, ("TargetVirtualService", self.service), ("TargetVirtualNode", self.node))

    def source(self, figure: str) -> Source:
        """Where a figure comes from."""
        if figure in _PERCENTILES:
            return Source(self.times, _MESH_TIME, figure)
        return Source(_APP_MESH, *(_MADE.get(figure) or _COUNTS[figure]))


AnyKey = Key | MeshKey
Figures = Mapping[str, float]
"""By name: ``requests`` or ``connections``, and what there is of the others."""


def span_back(now: float, seconds: float) -> Span:
    """The last so many seconds, from the minute in which they begin."""
    start = now - seconds
    return Span(start - start % _MINUTE, now)


def read_figures(cloudwatch: Any, span: Span) -> dict[AnyKey, Figures]:  # noqa: ANN401 (botocore makes its clients' classes at run time)
    """Every edge that had traffic in the span, with its figures."""
    known: list[AnyKey] = [*_edges(cloudwatch), *_mesh_edges(cloudwatch)]
    made = _asked(cloudwatch, [(key, name) for key in known for name in _MADE], span)
    busy = [key for key in known if sum(made[key].values()) > 0]
    more = _asked(cloudwatch, [(key, name) for key in busy for name in (*_COUNTS, *_PERCENTILES)], span)
    return {key: {**made[key], **more[key]} for key in busy}


def _edges(cloudwatch: Any) -> list[Key]:  # noqa: ANN401
    found = set()
    for of in _listed(cloudwatch, _CONNECT):
        if "ServiceName" in of:
            found.add(Key(of["ClusterName"], of["ServiceName"], of["TargetDiscoveryName"]))
    return sorted(found)


def _mesh_edges(cloudwatch: Any) -> list[MeshKey]:  # noqa: ANN401
    found = {key for of in _listed(cloudwatch, _APP_MESH) if (key := _mesh_key(of)) is not None}
    if not found:
        return []
    # A tag of the mesh may have moved them, and what is in the old place ends there.
    timed = pages(cloudwatch, "list_metrics", "Metrics", MetricName=_MESH_TIME)
    times = {_mesh_key(_dimensions(one)): one["Namespace"] for one in timed if one["Namespace"] != _APP_MESH}
    return sorted(key._replace(times=times.get(key, _APP_MESH)) for key in found)


def _mesh_key(of: Mapping[str, str]) -> MeshKey | None:
    kind = "VirtualGateway" if "VirtualGateway" in of else "VirtualNode"
    mesh, caller, service, node = (of.get(n) for n in ("Mesh", kind, "TargetVirtualService", "TargetVirtualNode"))
    if mesh is None or caller is None or service is None or node is None:
        return None
    return MeshKey(mesh, caller, kind, service, node)


def _listed(cloudwatch: Any, namespace: str) -> Iterator[Mapping[str, str]]:  # noqa: ANN401
    """The dimensions of whatever is counted when it is made."""
    for metric, _ in _MADE.values():
        yield from map(
            _dimensions, pages(cloudwatch, "list_metrics", "Metrics", Namespace=namespace, MetricName=metric)
        )


def _dimensions(metric: Mapping[str, Any]) -> dict[str, str]:
    return {d["Name"]: d["Value"] for d in metric["Dimensions"]}


def _asked(cloudwatch: Any, wanted: Sequence[tuple[AnyKey, str]], span: Span) -> dict[AnyKey, dict[str, float]]:  # noqa: ANN401
    """The figures by edge; a figure that has no value is left out."""
    found: dict[AnyKey, dict[str, float]] = {key: {} for key, _ in wanted}
    for batch in _batches(wanted):
        asked = {f"q{number}": one for number, one in enumerate(batch)}
        queries = [_query(query_id, *one, _period(span)) for query_id, one in asked.items()]
        times = {"StartTime": span.start, "EndTime": span.start + _period(span)}
        for result in pages(cloudwatch, "get_metric_data", "MetricDataResults", MetricDataQueries=queries, **times):
            key, name = asked[result["Id"]]
            for value in result["Values"]:
                found[key][name] = value
    return found


def _batches(wanted: Sequence[tuple[AnyKey, str]]) -> Iterator[Sequence[tuple[AnyKey, str]]]:
    for first in range(0, len(wanted), _QUERIES_AT_ONCE):
        yield wanted[first : first + _QUERIES_AT_ONCE]


def _period(span: Span) -> int:
    """The whole minutes that hold the span, its last moment too."""
    return (int(span.end - span.start) // _MINUTE + 1) * _MINUTE


def _query(query_id: str, key: AnyKey, name: str, period: int) -> dict[str, Any]:
    namespace, metric, statistic = key.source(name)
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
