"""The newest reports of proxies as an OTLP export, for an OpenTelemetry collector of the user's. Pure.

Promise: names, attributes and units never change. They correspond to Prometheus's where both exist
(``moyai.mesh.requests`` is ``moyai_mesh_requests_total``). Each proxy is a resource, with attributes for cluster,
service and task. Counts are cumulative from the proxy's start.
Source: https://opentelemetry.io/docs/specs/otel/metrics/data-model/,
https://opentelemetry.io/docs/specs/semconv/resource/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics

from moyai.kernel.ids import ProxyId
from moyai.telemetry.exposition.counters import TRAFFIC_COUNTERS
from moyai.telemetry.reporters.envoy_stats import (
    CODE_CLASSES,
    EndpointCounter,
    EndpointGauge,
    EndpointStats,
    Side,
    StatEndpoint,
)
from moyai.telemetry.reporters.reporter import Reporter
from moyai.telemetry.values import ResponseTimes

_SCOPES: Final = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name
"""The scopes of a resource. The field's name differs between versions of OTLP, its number does not."""
_CUMULATIVE: Final = 2
_NANOSECONDS: Final = 1000
"""Nanoseconds in a microsecond."""
_LEAST_NANOSECONDS: Final = 10**16
"""A smaller start of a proxy is in microseconds, as Envoy 1.40 writes it; a larger one in nanoseconds, as in OTLP."""


class ExportedReport(NamedTuple):
    """A proxy's newest report with all its parts, and its reporter."""

    proxy: ProxyId
    reporter: Reporter
    taken_at: int
    proxy_start: int
    endpoints: Mapping[StatEndpoint, EndpointStats]


class _GaugeMetric(NamedTuple):
    name: str
    unit: str
    side: Side
    gauge: EndpointGauge


GAUGES: Final = (
    _GaugeMetric("targets", "{target}", Side.CLIENT, EndpointGauge.TARGETS),
    _GaugeMetric("ejected_targets", "{target}", Side.CLIENT, EndpointGauge.EJECTED),
    _GaugeMetric("open_connections", "{connection}", Side.SERVER, EndpointGauge.OPEN_CONNECTIONS),
)
_TIMES: Mapping[Side, str] = MappingProxyType({Side.CLIENT: "response_time", Side.SERVER: "served_time"})
_Attributes = Sequence[tuple[str, str]]


def encode_reports(reports: Sequence[ExportedReport]) -> bytes:
    """The reports as an ``ExportMetricsServiceRequest``."""
    request = ExportMetricsServiceRequest()
    for report in reports:
        resource_metrics = request.resource_metrics.add()
        for key, value in report.reporter.resource_attributes(report.proxy):
            _add_attribute(resource_metrics.resource.attributes, key, value)
        scope = getattr(resource_metrics, _SCOPES).add()
        _ProxyMetrics(scope.metrics, report).fill()
    body: bytes = request.SerializeToString()
    return body


class _ProxyMetrics:
    """The metrics of one proxy's resource: each metric once, with a data point for every endpoint."""

    def __init__(self, metrics: Any, report: ExportedReport) -> None:  # noqa: ANN401  protoc's messages have no types
        self._metrics, self._report = metrics, report
        start = report.proxy_start
        start = start * _NANOSECONDS if start < _LEAST_NANOSECONDS else start
        self._times = {"start_time_unix_nano": start, "time_unix_nano": report.taken_at}
        self._by_name: dict[str, Any] = {}

    def fill(self) -> None:
        for endpoint, endpoint_stats in self._report.endpoints.items():
            naming = self._report.reporter.export_naming(endpoint)
            if naming is None:
                continue
            prefix, attributes, counters = naming
            self._add_counters(endpoint.side, endpoint_stats, prefix, attributes, counters)
            for metric in GAUGES:
                value = endpoint_stats.gauges[metric.gauge]
                if metric.side is endpoint.side and value is not None:
                    gauge = self._metric(f"{prefix}{metric.name}", metric.unit).gauge
                    _add_point(gauge, attributes, as_int=value, time_unix_nano=self._report.taken_at)
            if endpoint_stats.times is not None:
                self._add_times(f"{prefix}{_TIMES[endpoint.side]}", endpoint_stats.times, attributes)

    def _add_counters(
        self,
        side: Side,
        endpoint_stats: EndpointStats,
        prefix: str,
        attributes: _Attributes,
        counters: frozenset[EndpointCounter],
    ) -> None:
        protocol, values, _, _ = endpoint_stats
        with_protocol = [*attributes, ("protocol", protocol)]
        for metric in TRAFFIC_COUNTERS:
            if metric.side is side and protocol in metric.protocols and metric.counter in counters:
                self._add_counter(f"{prefix}{metric.name}", metric.unit, values[metric.counter], with_protocol)
        if side is Side.CLIENT and protocol == "http":
            for code_class, counter in CODE_CLASSES.items():
                with_class = [*attributes, ("code_class", code_class)]
                self._add_counter(f"{prefix}responses", "{response}", values[counter], with_class)

    def _add_counter(self, name: str, unit: str, value: int, attributes: _Attributes) -> None:
        metric = self._metric(name, unit)
        metric.sum.aggregation_temporality, metric.sum.is_monotonic = _CUMULATIVE, True
        _add_point(metric.sum, attributes, as_int=value, **self._times)

    def _add_times(self, name: str, times: ResponseTimes, attributes: _Attributes) -> None:
        metric = self._metric(name, "s")
        metric.histogram.aggregation_temporality = _CUMULATIVE
        (bounds, counts), total = times.in_seconds()
        _add_point(
            metric.histogram,
            attributes,
            count=sum(counts),
            sum=total,
            bucket_counts=counts,
            explicit_bounds=bounds,
            **self._times,
        )

    def _metric(self, name: str, unit: str) -> Any:  # noqa: ANN401
        metric = self._by_name.get(name)
        if metric is None:
            metric = self._by_name[name] = self._metrics.add(name=name, unit=unit)
        return metric


def _add_point(data: Any, attributes: _Attributes, **values: Any) -> None:  # noqa: ANN401
    point = data.data_points.add(**values)
    for key, value in attributes:
        _add_attribute(point.attributes, key, value)


def _add_attribute(attributes: Any, key: str, value: str) -> None:  # noqa: ANN401
    attributes.add(key=key).value.string_value = value
