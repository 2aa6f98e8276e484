"""The traffic of App Mesh for Prometheus. Pure.

Promise: names, labels and units never change. Counts and times are lifetime totals, see ``ingest/totals``. Every metric
has labels for the mesh, and for the virtual node or virtual gateway of the proxies that have counted.
Source: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from moyai.telemetry.exposition.text import LabelledSample, MetricFamily, MetricType, in_seconds, labels
from moyai.telemetry.ingest.totals import SavedTotal
from moyai.telemetry.reporters.appmesh_metrics import labels_of
from moyai.telemetry.reporters.envoy_stats import CODE_CLASSES, EndpointCounter
from moyai.telemetry.reporters.reporter import MeshTotalKey, ProxyPart

_LabelledTotals = Sequence[tuple[SavedTotal, MeshTotalKey, str]]


class _CounterMetric(NamedTuple):
    """A counter of a part of the proxies. ``protocol``: the only protocol that is counted; None if both are."""

    name: str
    help: str
    part: ProxyPart
    counter: EndpointCounter
    protocol: str | None = None


class _ResponseMetrics(NamedTuple):
    """The responses of a part of the proxies by class of status, and their times. ``prefix``: of the metrics' names."""

    prefix: str
    part: ProxyPart
    help: str


def appmesh_families(totals: Sequence[SavedTotal]) -> Sequence[MetricFamily]:
    """The metrics of App Mesh, from the totals of all APIs."""
    rows = [(total, total.key, _labels(total.key)) for total in totals if isinstance(total.key, MeshTotalKey)]
    counters = (
        MetricFamily(f"moyai_appmesh_{metric.name}_total", MetricType.COUNTER, metric.help, _counts(rows, metric))
        for metric in _COUNTERS
    )
    return [*counters, *(family for metrics in _RESPONSES for family in _response_families(rows, metrics))]


def _labels(key: MeshTotalKey) -> str:
    return labels(
        ("account", key.scope.account),
        ("region", key.scope.region),
        ("mesh", key.mesh),
        (key.kind, key.name),
        *labels_of(key.part, key.service, key.target),
    )


def _counts(totals: _LabelledTotals, metric: _CounterMetric) -> Iterator[LabelledSample]:
    for (_, counters, _), key, labels_of_total in totals:
        if key.part is metric.part and metric.protocol in {None, key.protocol}:
            yield LabelledSample(f'{labels_of_total},protocol="{key.protocol}"', counters[metric.counter])


def _response_families(totals: _LabelledTotals, metrics: _ResponseMetrics) -> Iterator[MetricFamily]:
    name, text = f"moyai_appmesh_{metrics.prefix}", metrics.help
    responses, times = _responses(totals, metrics.part), _times(totals, metrics.part)
    yield MetricFamily(
        f"{name}responses_total", MetricType.COUNTER, f"{text}, after all retries, by class of status.", responses
    )
    yield MetricFamily(f"{name}response_time_seconds", MetricType.HISTOGRAM, f"{text}: time of each attempt.", times)


def _responses(totals: _LabelledTotals, part: ProxyPart) -> Iterator[LabelledSample]:
    for (_, counters, _), key, labels_of_total in totals:
        if key.part is part and key.protocol == _HTTP:
            for code_class, counter in CODE_CLASSES.items():
                yield LabelledSample(f'{labels_of_total},code_class="{code_class}"', counters[counter])


def _times(totals: _LabelledTotals, part: ProxyPart) -> Iterator[LabelledSample]:
    for (_, _, times), key, labels_of_total in totals:
        if key.part is part and times is not None:
            yield LabelledSample(labels_of_total, in_seconds(times))


_HTTP, _TCP = "http", "tcp"
_RESPONSES: Final = (
    _ResponseMetrics("", ProxyPart.TARGET, "Answers of virtual nodes"),
    _ResponseMetrics("route_", ProxyPart.ROUTE, "Answers by route"),
    _ResponseMetrics("gateway_route_", ProxyPart.GATEWAY_ROUTE, "Answers by gateway route"),
)
_COUNTERS: Final = (
    _CounterMetric(
        "requests", "Requests to virtual nodes that were answered.", ProxyPart.TARGET, EndpointCounter.REQUESTS, _HTTP
    ),
    _CounterMetric(
        "connections", "TCP connections to virtual nodes.", ProxyPart.TARGET, EndpointCounter.CONNECTIONS, _TCP
    ),
    _CounterMetric(
        "failures",
        "Requests and TCP connections that failed for callers, after all retries.",
        ProxyPart.TARGET,
        EndpointCounter.FAILURES,
    ),
    _CounterMetric("retries", "Retries by callers' proxies.", ProxyPart.TARGET, EndpointCounter.RETRIES),
    _CounterMetric(
        "timeouts", "Attempts to which no answer came in time.", ProxyPart.TARGET, EndpointCounter.TIMEOUTS, _HTTP
    ),
    _CounterMetric(
        "bytes", "Bytes sent to virtual nodes and received from them.", ProxyPart.TARGET, EndpointCounter.BYTES
    ),
    _CounterMetric(
        "tls_errors", "TLS handshakes with virtual nodes that failed.", ProxyPart.TARGET, EndpointCounter.TLS_ERRORS
    ),
    _CounterMetric("served_requests", "Requests that came in.", ProxyPart.LISTENER, EndpointCounter.REQUESTS, _HTTP),
    _CounterMetric("served_connections", "Connections that came in.", ProxyPart.LISTENER, EndpointCounter.CONNECTIONS),
    _CounterMetric(
        "served_bytes", "Bytes received from callers and sent to them.", ProxyPart.LISTENER, EndpointCounter.BYTES
    ),
    _CounterMetric(
        "served_tls_errors", "TLS handshakes of callers that failed.", ProxyPart.HANDSHAKES, EndpointCounter.TLS_ERRORS
    ),
    _CounterMetric("route_requests", "Requests answered, by route.", ProxyPart.ROUTE, EndpointCounter.REQUESTS),
    _CounterMetric("route_retries", "Retries, by route.", ProxyPart.ROUTE, EndpointCounter.RETRIES),
    _CounterMetric(
        "route_timeouts", "Requests not answered in time, by route.", ProxyPart.ROUTE, EndpointCounter.TIMEOUTS
    ),
    _CounterMetric(
        "gateway_route_requests",
        "Requests answered, by gateway route.",
        ProxyPart.GATEWAY_ROUTE,
        EndpointCounter.REQUESTS,
    ),
)
