"""Prometheus's text format. Pure.

Promise: the text is well-formed for all values of labels and all help texts.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from moyai.kernel.metrics import HistogramSnapshot
from moyai.telemetry.values import ResponseTimes

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MILLISECONDS: Final = 1000
"""Milliseconds in a second."""
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_HELP_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n"})
_CACHED_BOUNDS: Final = 100


class MetricType(StrEnum):
    """The types of metrics that Prometheus has."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class LabelledSample(NamedTuple):
    """A value. ``labels`` are in Prometheus's notation, without braces."""

    labels: str
    value: float | HistogramSnapshot


class MetricFamily(NamedTuple):
    """One metric with all its samples."""

    name: str
    type: MetricType
    help: str
    samples: Iterable[LabelledSample]


def labels(*pairs: tuple[str, str]) -> str:
    """Write labels in Prometheus's notation, without braces."""
    return ",".join([f'{label}="{text.translate(_ESCAPES)}"' for label, text in pairs])


def exposition(families: Iterable[MetricFamily]) -> Iterator[str]:
    """Write the text, in one piece for each sample. A family without samples is omitted."""
    for family in families:
        head = f"# HELP {family.name} {family.help.translate(_HELP_ESCAPES)}\n# TYPE {family.name} {family.type}\n"
        for sample in family.samples:
            yield head + _lines(family.name, sample)
            head = ""


def in_seconds(times: ResponseTimes) -> HistogramSnapshot:
    """Convert response times from milliseconds to seconds."""
    bounds, counts = times.histogram
    return HistogramSnapshot(_bounds_in_seconds(bounds), counts, times.sum / _MILLISECONDS)


def _lines(name: str, sample: LabelledSample) -> str:
    labels, value = sample
    if not isinstance(value, HistogramSnapshot):
        return f"{name}{{{labels}}} {_number(value)}\n" if labels else f"{name} {_number(value)}\n"
    prefix, label_set = (f"{labels},", f"{{{labels}}}") if labels else ("", "")
    cumulative = accumulate(value.counts)
    lines = [
        f'{name}_bucket{{{prefix}le="{upper_bound}"}} {count}\n'
        for upper_bound, count in zip(_written_bounds(tuple(value.bounds)), cumulative, strict=True)
    ]
    lines.append(f"{name}_sum{label_set} {_number(value.sum)}\n{name}_count{label_set} {sum(value.counts)}\n")
    return "".join(lines)


@lru_cache(_CACHED_BOUNDS)
def _written_bounds(bounds: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(map(_number, (*bounds, math.inf)))


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))


@lru_cache(_CACHED_BOUNDS)
def _bounds_in_seconds(bounds: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(bound / _MILLISECONDS for bound in bounds)
