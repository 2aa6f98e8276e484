"""The traffic of Service Connect as Prometheus reads it. Pure.

Promise: names, labels and units stay as they are. Counts and times are since there is this installation; see
``totals``. Times are in seconds. A caller's figures have the label ``target``, those of the called service ``name``;
both are discovery names.
Source: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.telemetry.envoy_stats import Figure, Side
from moyai.telemetry.exposition import Family, Sample, Type, in_seconds, labels
from moyai.telemetry.totals import Shown, Whose

_Labelled = Sequence[tuple[Shown, Whose, str]]


class _Counted(NamedTuple):
    """One count of Service Connect."""

    name: str
    help: str
    side: Side
    figure: Figure
    protocols: frozenset[str]


def connect_families(totals: Sequence[Shown]) -> Sequence[Family]:
    """The metrics of Service Connect."""
    named = [(one, one.whose, _labels(one.whose)) for one in totals if isinstance(one.whose, Whose)]
    return [
        *(Family(f"moyai_mesh_{of.name}_total", Type.COUNTER, of.help, _counts(named, of)) for of in _COUNTS),
        Family(RESPONSES, Type.COUNTER, _RESPONSES_HELP, _responses(named)),
        Family(TIMES, Type.HISTOGRAM, _TIMES_HELP, _times(named)),
    ]


def _labels(whose: Whose) -> str:
    name = "target" if whose.endpoint.side is Side.CLIENT else "name"
    return labels(
        ("account", whose.scope.account),
        ("region", whose.scope.region),
        ("namespace", whose.namespace),
        ("cluster", whose.cluster),
        ("service", whose.service),
        (name, whose.endpoint.name),
    )


def _counts(totals: _Labelled, of: _Counted) -> Iterator[Sample]:
    for (_, counters, _), whose, told in totals:
        if whose.endpoint.side is of.side and whose.protocol in of.protocols:
            yield Sample(f'{told},protocol="{whose.protocol}"', counters[of.figure])


def _responses(totals: _Labelled) -> Iterator[Sample]:
    for (_, counters, _), whose, told in totals:
        if whose.endpoint.side is Side.CLIENT and whose.protocol == _HTTP:
            for code_class, figure in _CLASSES.items():
                yield Sample(f'{told},code_class="{code_class}"', counters[figure])


def _times(totals: _Labelled) -> Iterator[Sample]:
    for (_, _, time), whose, told in totals:
        if time is not None and whose.endpoint.side is Side.CLIENT:
            yield Sample(told, in_seconds(time))


_HTTP: Final = "http"
_WEB: Final = frozenset({_HTTP})
_ANY: Final = frozenset({_HTTP, "tcp"})
_TCP: Final = frozenset({"tcp"})
RESPONSES: Final = "moyai_mesh_responses_total"
TIMES: Final = "moyai_mesh_response_time_seconds"
_RESPONSES_HELP: Final = "Answers that callers got, after all retries, by class of status."
_TIMES_HELP: Final = "Time from a request to the end of its answer at the caller's proxy, each attempt."
_CLASSES: Mapping[str, Figure] = MappingProxyType(
    {"2xx": Figure.CODE_2XX, "3xx": Figure.CODE_3XX, "4xx": Figure.CODE_4XX, "5xx": Figure.CODE_5XX}
)
_COUNTS: Final = (
    _Counted("requests", "Requests that callers made.", Side.CLIENT, Figure.REQUESTS, _WEB),
    _Counted("connections", "TCP connections that callers made.", Side.CLIENT, Figure.CONNECTIONS, _TCP),
    _Counted("failures", "What failed for callers, after all retries.", Side.CLIENT, Figure.FAILURES, _ANY),
    _Counted("retries", "Further attempts that callers' proxies made.", Side.CLIENT, Figure.RETRIES, _ANY),
    _Counted("timeouts", "Attempts to which no answer came in time.", Side.CLIENT, Figure.TIMEOUTS, _WEB),
    _Counted("bytes", "Bytes sent to targets and received from them.", Side.CLIENT, Figure.BYTES, _ANY),
    _Counted("tls_errors", "TLS handshakes with targets that failed.", Side.CLIENT, Figure.TLS_ERRORS, _ANY),
    _Counted("served_requests", "Requests that came in to a service.", Side.SERVER, Figure.REQUESTS, _WEB),
    _Counted("served_failures", "Those of them that a service failed.", Side.SERVER, Figure.FAILURES, _WEB),
    _Counted("served_connections", "Connections opened to a service.", Side.SERVER, Figure.CONNECTIONS, _ANY),
    _Counted("served_bytes", "Bytes received from callers.", Side.SERVER, Figure.BYTES, _ANY),
    _Counted("served_tls_errors", "TLS handshakes of callers that failed.", Side.SERVER, Figure.TLS_ERRORS, _ANY),
)
