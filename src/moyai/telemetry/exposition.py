"""Figures as Prometheus reads them: the text format, and the metrics of the mesh in it. Pure.

Promise: names, labels and units stay as they are. Counts and times are since there is this installation; see
``totals``. Times are in seconds. A caller's figures have the label ``target``, those of the called service ``name``;
both are discovery names.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/, https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.kernel.figures import Distribution
from moyai.telemetry.envoy_stats import Figure, Side, Timed
from moyai.telemetry.totals import Shown

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MILLISECOND: Final = 1000
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_HELP_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n"})

Labels = Sequence[tuple[str, str]]


class Type(StrEnum):
    """What a metric is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Sample(NamedTuple):
    """One value."""

    labels: Labels
    value: float | Distribution


class Family(NamedTuple):
    """One metric, with all its values."""

    name: str
    type: Type
    help: str
    samples: Sequence[Sample]


class _Counted(NamedTuple):
    """One count of the mesh."""

    name: str
    help: str
    side: Side
    figure: Figure
    protocols: frozenset[str]


def exposition(families: Iterable[Family]) -> bytes:
    """The text, families without values left out."""
    return "".join(line for family in families if family.samples for line in _lines(family)).encode()


def mesh_families(totals: Sequence[Shown]) -> Sequence[Family]:
    """The metrics of the mesh."""
    return [
        *(Family(f"moyai_mesh_{of.name}_total", Type.COUNTER, of.help, list(_counts(totals, of))) for of in _COUNTS),
        Family(RESPONSES, Type.COUNTER, _RESPONSES_HELP, list(_responses(totals))),
        Family(TIMES, Type.HISTOGRAM, _TIMES_HELP, list(_times(totals))),
    ]


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help.translate(_HELP_ESCAPES)}\n"
    yield f"# TYPE {family.name} {family.type}\n"
    for labels, value in family.samples:
        if isinstance(value, Distribution):
            yield from _histogram(family.name, labels, value)
        else:
            yield _line(family.name, labels, value)


def _histogram(name: str, labels: Labels, value: Distribution) -> Iterator[str]:
    below = 0
    for bound, count in zip((*value.bounds, math.inf), value.counts, strict=True):
        below += count
        yield _line(f"{name}_bucket", [*labels, ("le", _number(bound))], below)
    yield _line(f"{name}_sum", labels, value.sum)
    yield _line(f"{name}_count", labels, below)


def _line(name: str, labels: Labels, value: float) -> str:
    told = ",".join(f'{label}="{text.translate(_ESCAPES)}"' for label, text in labels)
    return f"{name}{{{told}}} {_number(value)}\n" if told else f"{name} {_number(value)}\n"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))


def _labels(shown: Shown) -> Labels:
    whose = shown.whose
    name = "target" if whose.endpoint.side is Side.CLIENT else "name"
    return (
        ("account", whose.scope.account),
        ("region", whose.scope.region),
        ("namespace", whose.namespace),
        ("cluster", whose.cluster),
        ("service", whose.service),
        (name, whose.endpoint.name),
    )


def _counts(totals: Sequence[Shown], of: _Counted) -> Iterator[Sample]:
    for shown in totals:
        if shown.whose.endpoint.side is of.side and shown.whose.protocol in of.protocols:
            yield Sample((*_labels(shown), ("protocol", shown.whose.protocol)), shown.counters[of.figure])


def _responses(totals: Sequence[Shown]) -> Iterator[Sample]:
    for shown in totals:
        if shown.whose.endpoint.side is Side.CLIENT and shown.whose.protocol == _HTTP:
            for code_class, figure in _CLASSES.items():
                yield Sample((*_labels(shown), ("code_class", code_class)), shown.counters[figure])


def _times(totals: Sequence[Shown]) -> Iterator[Sample]:
    for shown in totals:
        if shown.time is not None and shown.whose.endpoint.side is Side.CLIENT:
            yield Sample(_labels(shown), _in_seconds(shown.time))


def _in_seconds(time: Timed) -> Distribution:
    bounds = [bound / _MILLISECOND for bound in time.histogram.bounds]
    return Distribution(bounds, time.histogram.counts, time.sum / _MILLISECOND)


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
    _Counted("served_connections", "Connections opened to a service.", Side.SERVER, Figure.CONNECTIONS, _ANY),
    _Counted("served_bytes", "Bytes received from callers.", Side.SERVER, Figure.BYTES, _ANY),
    _Counted("served_tls_errors", "TLS handshakes of callers that failed.", Side.SERVER, Figure.TLS_ERRORS, _ANY),
)
