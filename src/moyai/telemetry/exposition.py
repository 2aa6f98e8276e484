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
from functools import lru_cache
from itertools import accumulate
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.kernel.figures import Distribution
from moyai.telemetry.envoy_stats import Figure, Side
from moyai.telemetry.totals import Shown, Whose

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MILLISECOND: Final = 1000
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_HELP_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n"})

_KEPT: Final = 100
_Labelled = Sequence[tuple[Shown, str]]


class Type(StrEnum):
    """What a metric is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Sample(NamedTuple):
    """One value. ``labels``: as they are written, without braces."""

    labels: str
    value: float | Distribution


class Family(NamedTuple):
    """One metric, with all its values."""

    name: str
    type: Type
    help: str
    samples: Iterable[Sample]


class _Counted(NamedTuple):
    """One count of the mesh."""

    name: str
    help: str
    side: Side
    figure: Figure
    protocols: frozenset[str]


def labels(*pairs: tuple[str, str]) -> str:
    """Labels as they are written."""
    return ",".join([f'{label}="{text.translate(_ESCAPES)}"' for label, text in pairs])


def exposition(families: Iterable[Family]) -> Iterator[str]:
    """The text, a value after the other; of families without values there is none."""
    for family in families:
        head = f"# HELP {family.name} {family.help.translate(_HELP_ESCAPES)}\n# TYPE {family.name} {family.type}\n"
        for sample in family.samples:
            yield head + _lines(family.name, sample)
            head = ""


def mesh_families(totals: Sequence[Shown]) -> Sequence[Family]:
    """The metrics of the mesh."""
    named = [(one, _labels(one.whose)) for one in totals]
    return [
        *(Family(f"moyai_mesh_{of.name}_total", Type.COUNTER, of.help, _counts(named, of)) for of in _COUNTS),
        Family(RESPONSES, Type.COUNTER, _RESPONSES_HELP, _responses(named)),
        Family(TIMES, Type.HISTOGRAM, _TIMES_HELP, _times(named)),
    ]


def _lines(name: str, sample: Sample) -> str:
    told, value = sample
    if not isinstance(value, Distribution):
        return f"{name}{{{told}}} {_number(value)}\n" if told else f"{name} {_number(value)}\n"
    before, braced = (f"{told},", f"{{{told}}}") if told else ("", "")
    totals = accumulate(value.counts)
    lines = [
        f'{name}_bucket{{{before}le="{bound}"}} {below}\n'
        for bound, below in zip(_bounds(tuple(value.bounds)), totals, strict=True)
    ]
    lines.append(f"{name}_sum{braced} {_number(value.sum)}\n{name}_count{braced} {sum(value.counts)}\n")
    return "".join(lines)


@lru_cache(_KEPT)
def _bounds(bounds: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(map(_number, (*bounds, math.inf)))


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))


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
    for (whose, counters, _), told in totals:
        if whose.endpoint.side is of.side and whose.protocol in of.protocols:
            yield Sample(f'{told},protocol="{whose.protocol}"', counters[of.figure])


def _responses(totals: _Labelled) -> Iterator[Sample]:
    for (whose, counters, _), told in totals:
        if whose.endpoint.side is Side.CLIENT and whose.protocol == _HTTP:
            for code_class, figure in _CLASSES.items():
                yield Sample(f'{told},code_class="{code_class}"', counters[figure])


def _times(totals: _Labelled) -> Iterator[Sample]:
    for (whose, _, time), told in totals:
        if time is not None and whose.endpoint.side is Side.CLIENT:
            bounds, counts = time.histogram
            yield Sample(told, Distribution(_in_seconds(bounds), counts, time.sum / _MILLISECOND))


@lru_cache(_KEPT)
def _in_seconds(bounds: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(bound / _MILLISECOND for bound in bounds)


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
