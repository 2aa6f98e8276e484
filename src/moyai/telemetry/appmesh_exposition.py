"""The traffic of App Mesh as Prometheus reads it. Pure.

Promise: names, labels and units stay as they are. Counts and times are since there is this installation; see
``totals``. Every figure has the mesh, and the virtual node or the virtual gateway whose proxies counted.
Source: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.telemetry.appmesh_names import labels_of
from moyai.telemetry.envoy_stats import Figure
from moyai.telemetry.exposition import Family, Sample, Type, in_seconds, labels
from moyai.telemetry.totals import MeshWhose, Part, Shown

_Labelled = Sequence[tuple[Shown, MeshWhose, str]]


class _Counted(NamedTuple):
    """One count; ``protocol`` None is both."""

    name: str
    help: str
    part: Part
    figure: Figure
    protocol: str | None = None


class _Within(NamedTuple):
    """What answers and times are told of: what their names begin with, and what the help texts say."""

    name: str
    part: Part
    help: str


def appmesh_families(totals: Sequence[Shown]) -> Sequence[Family]:
    """The metrics of App Mesh."""
    named = [(one, one.whose, _labels(one.whose)) for one in totals if isinstance(one.whose, MeshWhose)]
    return [
        *(Family(f"moyai_appmesh_{of.name}_total", Type.COUNTER, of.help, _counts(named, of)) for of in _COUNTS),
        *(family for of in _ANSWERED for family in _answered(named, of)),
    ]


def _labels(whose: MeshWhose) -> str:
    return labels(
        ("account", whose.scope.account),
        ("region", whose.scope.region),
        ("mesh", whose.mesh),
        (whose.kind, whose.name),
        *labels_of(whose.part, whose.service, whose.target),
    )


def _counts(totals: _Labelled, of: _Counted) -> Iterator[Sample]:
    for (_, counters, _), whose, told in totals:
        if whose.part is of.part and of.protocol in {None, whose.protocol}:
            yield Sample(f'{told},protocol="{whose.protocol}"', counters[of.figure])


def _answered(totals: _Labelled, of: _Within) -> Iterator[Family]:
    name = f"moyai_appmesh_{of.name}"
    yield Family(f"{name}responses_total", Type.COUNTER, f"{of.help}, by class of status.", _responses(totals, of))
    yield Family(
        f"{name}response_time_seconds", Type.HISTOGRAM, f"{of.help}: time of each attempt.", _times(totals, of)
    )


def _responses(totals: _Labelled, of: _Within) -> Iterator[Sample]:
    for (_, counters, _), whose, told in totals:
        if whose.part is of.part and whose.protocol == _HTTP:
            for code_class, figure in _CLASSES.items():
                yield Sample(f'{told},code_class="{code_class}"', counters[figure])


def _times(totals: _Labelled, of: _Within) -> Iterator[Sample]:
    for (_, _, time), whose, told in totals:
        if whose.part is of.part and time is not None:
            yield Sample(told, in_seconds(time))


_HTTP, _TCP = "http", "tcp"
_CLASSES: Mapping[str, Figure] = MappingProxyType(
    {"2xx": Figure.CODE_2XX, "3xx": Figure.CODE_3XX, "4xx": Figure.CODE_4XX, "5xx": Figure.CODE_5XX}
)
_ANSWERED: Final = (
    _Within("", Part.TARGET, "Answers of virtual nodes, after all retries"),
    _Within("route_", Part.ROUTE, "Answers by route, after all retries"),
    _Within("gateway_route_", Part.GATEWAY_ROUTE, "Answers by gateway route, after all retries"),
)
_COUNTS: Final = (
    _Counted("requests", "Requests to virtual nodes that were answered.", Part.TARGET, Figure.REQUESTS, _HTTP),
    _Counted("connections", "TCP connections to virtual nodes.", Part.TARGET, Figure.CONNECTIONS, _TCP),
    _Counted("failures", "What failed for callers, after all retries.", Part.TARGET, Figure.FAILURES),
    _Counted("retries", "Further attempts that callers' proxies made.", Part.TARGET, Figure.RETRIES),
    _Counted("timeouts", "Attempts to which no answer came in time.", Part.TARGET, Figure.TIMEOUTS, _HTTP),
    _Counted("bytes", "Bytes sent to virtual nodes and received from them.", Part.TARGET, Figure.BYTES),
    _Counted("tls_errors", "TLS handshakes with virtual nodes that failed.", Part.TARGET, Figure.TLS_ERRORS),
    _Counted("served_requests", "Requests that came in.", Part.LISTENER, Figure.REQUESTS, _HTTP),
    _Counted("served_connections", "Connections that came in.", Part.LISTENER, Figure.CONNECTIONS),
    _Counted("served_bytes", "Bytes received from callers and sent to them.", Part.LISTENER, Figure.BYTES),
    _Counted("served_tls_errors", "TLS handshakes of callers that failed.", Part.HANDSHAKES, Figure.TLS_ERRORS),
    _Counted("route_requests", "Requests answered, by route.", Part.ROUTE, Figure.REQUESTS),
    _Counted("route_retries", "Further attempts, by route.", Part.ROUTE, Figure.RETRIES),
    _Counted("route_timeouts", "Requests not answered in time, by route.", Part.ROUTE, Figure.TIMEOUTS),
    _Counted("gateway_route_requests", "Requests answered, by gateway route.", Part.GATEWAY_ROUTE, Figure.REQUESTS),
)
