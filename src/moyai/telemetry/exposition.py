"""Figures as Prometheus reads them: the text format. Pure.

Promise: what is not well-formed can't be written: values of labels and help texts may hold anything.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from moyai.kernel.figures import Distribution
from moyai.telemetry.envoy_stats import Timed

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MILLISECOND: Final = 1000
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_HELP_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n"})

_KEPT: Final = 100


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


def in_seconds(time: Timed) -> Distribution:
    """Milliseconds, in seconds."""
    bounds, counts = time.histogram
    return Distribution(_in_seconds(bounds), counts, time.sum / _MILLISECOND)


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
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))


@lru_cache(_KEPT)
def _in_seconds(bounds: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(bound / _MILLISECOND for bound in bounds)
