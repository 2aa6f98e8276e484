"""The counters of traffic that have the same names for Prometheus and for OpenTelemetry collectors."""

from __future__ import annotations

from typing import Final, NamedTuple

from moyai.telemetry.reporters.envoy_stats import EndpointCounter, Side

_HTTP: Final = frozenset({"http"})
_TCP: Final = frozenset({"tcp"})
_ANY: Final = _HTTP | _TCP


class TrafficCounter(NamedTuple):
    """A counter of endpoints with this side and one of these protocols. ``unit`` is in OpenTelemetry's notation."""

    name: str
    unit: str
    help: str
    side: Side
    counter: EndpointCounter
    protocols: frozenset[str]


def _client(name: str, unit: str, text: str, counter: EndpointCounter, protocols: frozenset[str]) -> TrafficCounter:
    return TrafficCounter(name, unit, text, Side.CLIENT, counter, protocols)


def _server(name: str, unit: str, text: str, counter: EndpointCounter, protocols: frozenset[str]) -> TrafficCounter:
    return TrafficCounter(name, unit, text, Side.SERVER, counter, protocols)


TRAFFIC_COUNTERS: Final = (
    _client("requests", "{request}", "Requests that callers made.", EndpointCounter.REQUESTS, _HTTP),
    _client("connections", "{connection}", "TCP connections that callers made.", EndpointCounter.CONNECTIONS, _TCP),
    _client(
        "failures",
        "{request}",
        "Requests and TCP connections that failed for callers, after all retries.",
        EndpointCounter.FAILURES,
        _ANY,
    ),
    _client("retries", "{attempt}", "Retries by callers' proxies.", EndpointCounter.RETRIES, _ANY),
    _client("timeouts", "{attempt}", "Attempts to which no answer came in time.", EndpointCounter.TIMEOUTS, _HTTP),
    _client("bytes", "By", "Bytes sent to targets and received from them.", EndpointCounter.BYTES, _ANY),
    _client("tls_errors", "{handshake}", "TLS handshakes with targets that failed.", EndpointCounter.TLS_ERRORS, _ANY),
    _server("served_requests", "{request}", "Requests that came in to a service.", EndpointCounter.REQUESTS, _HTTP),
    _server(
        "served_failures",
        "{request}",
        "Requests to a service that were answered with an error.",
        EndpointCounter.FAILURES,
        _HTTP,
    ),
    _server(
        "served_connections", "{connection}", "Connections opened to a service.", EndpointCounter.CONNECTIONS, _ANY
    ),
    _server("served_bytes", "By", "Bytes received from callers.", EndpointCounter.BYTES, _ANY),
    _server(
        "served_tls_errors", "{handshake}", "TLS handshakes of callers that failed.", EndpointCounter.TLS_ERRORS, _ANY
    ),
)
