"""What expressions are worked out on: numbers, time series and arrays of time series.

Promise: a series holds numbers only; what comes out of a calculation as no number (a division by zero, a logarithm of
nothing) is left out, and ``dropped`` says so. A scalar that can't be told (the mean of no values) is NaN, and drops
what it meets.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html (data types)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.query import MetricStat
from moyai.kernel.clock import Instant

Values: TypeAlias = Mapping[Instant, float]
"""Values by the start of their periods."""
UNTOLD: Final = math.nan
"""A scalar that can't be told."""
MOST_PERIODS: Final = 100_800
"""Of a series that has a value in each period."""


class Grid(NamedTuple):
    """The periods that a series can have values for: ``period`` seconds each from ``start`` on, beginning before
    ``end``.
    """

    start: Instant
    end: Instant
    period: int

    def instants(self) -> Iterator[Instant]:
        """The start of each period. Raises ValidationFault when there are more than can be filled."""
        count = math.ceil(max(self.end - self.start, 0) / self.period)
        if count > MOST_PERIODS:
            raise ValidationFault(f"A value for each period would be {count:,} values; the limit is {MOST_PERIODS:,}.")
        return (Instant(self.start + place * self.period) for place in range(count))


class Line(msgspec.Struct, frozen=True):
    """A time series, oldest value first.

    ``stat``: the metric that it is, or that each of its values is made from; None when there are several. ``read``:
    the values are the metric's own, and not calculated.
    """

    values: Values
    grid: Grid
    label: str = ""
    stat: MetricStat | None = None
    read: bool = False
    dropped: bool = False

    def made(self, pairs: Iterable[tuple[Instant, float]]) -> Line:
        """The same series with these values instead, as far as they are numbers."""
        values, dropped = _numbers(pairs)
        return replace(self, values=values, read=False, dropped=self.dropped or dropped)


Lines: TypeAlias = tuple[Line, ...]
Term: TypeAlias = float | Line | Lines | str
"""What a part of an expression comes to. A string is a text or one of the words that functions take (``REPEAT``)."""


def merged(grid: Grid, sources: Iterable[Line], pairs: Iterable[tuple[Instant, float]]) -> Line:
    """A series of its own, made from others."""
    values, dropped = _numbers(pairs)
    return Line(dict(sorted(values.items())), grid, dropped=dropped or any(one.dropped for one in sources))


def same_grid(lines: Iterable[Line]) -> Grid | None:
    """The periods that they share; None when there are no lines. Raises ValidationFault when they share none."""
    grids = {line.grid for line in lines}
    if len(grids) > 1:
        raise ValidationFault("Metrics that are calculated with each other must all have the same Period.")
    return next(iter(grids), None)


def _numbers(pairs: Iterable[tuple[Instant, float]]) -> tuple[dict[Instant, float], bool]:
    every = dict(pairs)
    values = {at: value for at, value in every.items() if math.isfinite(value)}
    return values, len(values) < len(every)
