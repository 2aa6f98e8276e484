"""What the proxies have counted, for an OpenTelemetry collector of the user's: the newest report of each, as OTLP.
Pure.

Promise: names, attributes and units stay as they are, and are Prometheus's where both have one
(``moyai.mesh.requests`` is ``moyai_mesh_requests_total``). Each proxy is a resource: cluster, service and task.
Counts run from the proxy's start, so that a report which is not delivered costs resolution and no count: of each
proxy only the newest waits. Ten thousand may wait, as many as can be connected; beyond, the one that has waited longest
goes: a collector may be away for days while tasks come and go. Source:
https://opentelemetry.io/docs/specs/otel/metrics/data-model/, https://opentelemetry.io/docs/specs/semconv/resource/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics

from moyai.kernel.ids import ProxyId
from moyai.telemetry.envoy_stats import Counted, Endpoint, Figure, Gauge, Report, Side
from moyai.telemetry.reporters import Reporter

_SCOPES: Final = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name  # its name changed; its number never does
_CUMULATIVE: Final = 2
_MILLISECOND: Final = 1000
_MICROSECONDS_BEFORE: Final = 10**16
"""A start below this is in microseconds, as Envoy 1.40 writes it; one above in nanoseconds, as it should be."""
MOST: Final = 10_000
"""Reports that wait."""
_MOST_ENDPOINTS: Final = 10_000
"""In all parts of one report."""
_HTTP, _TCP = frozenset({"http"}), frozenset({"tcp"})
_ANY: Final = _HTTP | _TCP


class Waiting(NamedTuple):
    """A proxy's newest report, in all its parts, and whose it is."""

    proxy: ProxyId
    reporter: Reporter
    taken_at: int
    began: int
    endpoints: Mapping[Endpoint, Counted]


class _Count(NamedTuple):
    name: str
    unit: str
    side: Side
    figure: Figure
    protocols: frozenset[str]


class _Level(NamedTuple):
    name: str
    unit: str
    side: Side
    gauge: Gauge


COUNTS: Final = (
    _Count("requests", "{request}", Side.CLIENT, Figure.REQUESTS, _HTTP),
    _Count("connections", "{connection}", Side.CLIENT, Figure.CONNECTIONS, _TCP),
    _Count("failures", "{request}", Side.CLIENT, Figure.FAILURES, _ANY),
    _Count("retries", "{attempt}", Side.CLIENT, Figure.RETRIES, _ANY),
    _Count("timeouts", "{attempt}", Side.CLIENT, Figure.TIMEOUTS, _HTTP),
    _Count("bytes", "By", Side.CLIENT, Figure.BYTES, _ANY),
    _Count("tls_errors", "{handshake}", Side.CLIENT, Figure.TLS_ERRORS, _ANY),
    _Count("served_requests", "{request}", Side.SERVER, Figure.REQUESTS, _HTTP),
    _Count("served_failures", "{request}", Side.SERVER, Figure.FAILURES, _HTTP),
    _Count("served_connections", "{connection}", Side.SERVER, Figure.CONNECTIONS, _ANY),
    _Count("served_bytes", "By", Side.SERVER, Figure.BYTES, _ANY),
    _Count("served_tls_errors", "{handshake}", Side.SERVER, Figure.TLS_ERRORS, _ANY),
)
LEVELS: Final = (
    _Level("targets", "{target}", Side.CLIENT, Gauge.TARGETS),
    _Level("ejected_targets", "{target}", Side.CLIENT, Gauge.EJECTED),
    _Level("open_connections", "{connection}", Side.SERVER, Gauge.OPEN_CONNECTIONS),
)
_CLASSES: Mapping[str, Figure] = MappingProxyType(
    {"2xx": Figure.CODE_2XX, "3xx": Figure.CODE_3XX, "4xx": Figure.CODE_4XX, "5xx": Figure.CODE_5XX}
)
_TIMES: Mapping[Side, str] = MappingProxyType({Side.CLIENT: "response_time", Side.SERVER: "served_time"})


class Outbox:
    """The reports that wait."""

    def __init__(self) -> None:
        self._waiting: dict[ProxyId, Waiting] = {}

    def put(self, proxy: ProxyId, reporter: Reporter, report: Report) -> None:
        """Have the report wait, in the place of an older one. Parts of one report come together."""
        held = self._waiting.get(proxy)
        parts = held.endpoints if held is not None and held.taken_at == report.taken_at else {}
        if len(parts) >= _MOST_ENDPOINTS:
            parts = {}
        if held is None and len(self._waiting) >= MOST:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[proxy] = Waiting(proxy, reporter, report.taken_at, report.began, {**parts, **report.endpoints})

    def first(self, most: int) -> Sequence[Waiting]:
        """Those that have waited longest."""
        return [waiting for waiting, _ in zip(self._waiting.values(), range(most), strict=False)]

    def delivered(self, batch: Sequence[Waiting]) -> None:
        """Let go of these, but not of what has come in the place of one."""
        for one in batch:
            if self._waiting.get(one.proxy) is one:
                del self._waiting[one.proxy]

    def forget(self) -> None:
        """Let go of all."""
        self._waiting.clear()


def encode(batch: Sequence[Waiting]) -> bytes:
    """The reports as an OTLP export."""
    request = ExportMetricsServiceRequest()
    for one in batch:
        of = request.resource_metrics.add()
        for key, value in one.reporter.resource(one.proxy):
            _tell(of.resource.attributes, key, value)
        scope = getattr(of, _SCOPES).add()
        _Metrics(scope.metrics, one).fill()
    body: bytes = request.SerializeToString()
    return body


class _Metrics:
    """The metrics of one proxy as they are put together: each once, with a point for every endpoint."""

    def __init__(self, metrics: Any, one: Waiting) -> None:  # noqa: ANN401  messages made by protoc have no types
        self._metrics, self._one = metrics, one
        began = one.began * _MILLISECOND if one.began < _MICROSECONDS_BEFORE else one.began
        self._when = {"start_time_unix_nano": began, "time_unix_nano": one.taken_at}
        self._made: dict[str, Any] = {}

    def fill(self) -> None:
        for endpoint, counted in self._one.endpoints.items():
            exported = self._one.reporter.exported(endpoint)
            if exported is None:
                continue
            prefix, where, figures = exported
            known = [*where, ("protocol", counted.protocol)]
            for count in COUNTS:
                if count.side is endpoint.side and counted.protocol in count.protocols and count.figure in figures:
                    self._count(f"{prefix}{count.name}", count.unit, counted.counters[count.figure], known)
            if endpoint.side is Side.CLIENT and counted.protocol == "http":
                for name, figure in _CLASSES.items():
                    self._count(
                        f"{prefix}responses", "{response}", counted.counters[figure], [*where, ("code_class", name)]
                    )
            for level in LEVELS:
                value = counted.gauges[level.gauge]
                if level.side is endpoint.side and value is not None:
                    metric = self._metric(f"{prefix}{level.name}", level.unit)
                    self._point(metric.gauge, where, as_int=value, time_unix_nano=self._one.taken_at)
            if counted.time is not None:
                self._time(f"{prefix}{_TIMES[endpoint.side]}", counted, where)

    def _count(self, name: str, unit: str, value: int, attributes: Sequence[tuple[str, str]]) -> None:
        metric = self._metric(name, unit)
        metric.sum.aggregation_temporality, metric.sum.is_monotonic = _CUMULATIVE, True
        self._point(metric.sum, attributes, as_int=value, **self._when)

    def _time(self, name: str, counted: Counted, attributes: Sequence[tuple[str, str]]) -> None:
        assert counted.time is not None  # noqa: S101
        metric = self._metric(name, "s")
        metric.histogram.aggregation_temporality = _CUMULATIVE
        bounds, counts = counted.time.histogram
        self._point(
            metric.histogram,
            attributes,
            count=sum(counts),
            sum=counted.time.sum / _MILLISECOND,
            bucket_counts=counts,
            explicit_bounds=[bound / _MILLISECOND for bound in bounds],
            **self._when,
        )

    def _metric(self, name: str, unit: str) -> Any:  # noqa: ANN401
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = self._metrics.add(name=name, unit=unit)
        return found

    def _point(self, data: Any, attributes: Sequence[tuple[str, str]], **values: Any) -> None:  # noqa: ANN401
        point = data.data_points.add(**values)
        for key, value in attributes:
            _tell(point.attributes, key, value)


def _tell(attributes: Any, key: str, value: str) -> None:  # noqa: ANN401
    attributes.add(key=key).value.string_value = value
