"""The values that expressions are made of: numbers, time series and arrays of time series.

Promise: a series has finite numbers only. A result that is not a number (a division by zero, the logarithm of a
negative number) is left out, and ``incomplete`` says so. An undefined scalar (the mean of no values) is NaN,
and every value that is calculated with it is left out.
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
UNDEFINED: Final = math.nan
"""The scalar that has no value."""
MAX_PERIODS: Final = 100_800
"""The length of the longest series that has a value in each period."""


class PeriodGrid(NamedTuple):
    """The periods that a series can have values for: ``period`` seconds each, from ``start`` on, beginning before
    ``end``.
    """

    start: Instant
    end: Instant
    period: int

    def instants(self) -> Iterator[Instant]:
        """The start of each period. Raises ValidationFault when there are more than can be filled."""
        count = math.ceil(max(self.end - self.start, 0) / self.period)
        if count > MAX_PERIODS:
            raise ValidationFault(f"A value for each period would be {count:,} values; the limit is {MAX_PERIODS:,}.")
        return (Instant(self.start + index * self.period) for index in range(count))


class TimeSeries(msgspec.Struct, frozen=True):
    """A time series, oldest value first.

    ``stat``: the metric that the series is, or is calculated from; None when it is calculated from several. ``read``:
    the values are the metric's own, and not calculated.
    """

    values: Values
    grid: PeriodGrid
    label: str = ""
    stat: MetricStat | None = None
    read: bool = False
    incomplete: bool = False

    def with_values(self, pairs: Iterable[tuple[Instant, float]]) -> TimeSeries:
        """A copy of the series with these values instead; values that are not finite are left out."""
        values, dropped = _finite(pairs)
        return replace(self, values=values, read=False, incomplete=self.incomplete or dropped)


SeriesArray: TypeAlias = tuple[TimeSeries, ...]
Operand: TypeAlias = float | TimeSeries | SeriesArray | str
"""The value of a part of an expression. A string is a text or one of the words that functions take (``REPEAT``)."""


def combine(grid: PeriodGrid, sources: Iterable[TimeSeries], pairs: Iterable[tuple[Instant, float]]) -> TimeSeries:
    """A new series that was calculated from several others."""
    values, dropped = _finite(pairs)
    return TimeSeries(dict(sorted(values.items())), grid, incomplete=dropped or any(one.incomplete for one in sources))


def shared_grid(array: Iterable[TimeSeries]) -> PeriodGrid | None:
    """The periods of all series of an array; None for an empty array. Raises ValidationFault when they differ."""
    grids = {series.grid for series in array}
    if len(grids) > 1:
        raise ValidationFault("Metrics that are calculated with each other must all have the same Period.")
    return next(iter(grids), None)


def _finite(pairs: Iterable[tuple[Instant, float]]) -> tuple[dict[Instant, float], bool]:
    """The pairs whose values are finite numbers, and whether there were others."""
    every = dict(pairs)
    values = {at: value for at, value in every.items() if math.isfinite(value)}
    return values, len(values) < len(every)
