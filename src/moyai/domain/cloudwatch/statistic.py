"""CloudWatch's statistics: their names, and their values for a summary.

Promise: the five plain statistics; percentiles ``p0`` to ``p100``; trimmed means, counts and sums, winsorized means,
percentile ranks and the interquartile mean, as ``tm99`` or ``TM(10%:90%)`` or ``TM(150:1000)``. Of values whose
histogram is kept, all are exact to the width of a bucket; without a histogram there is an answer only when all values
are the same, which is AWS's own rule for statistic sets. Where values are given as bounds, the lower is excluded and
the higher included.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.metric import Summary


class Segment(NamedTuple):
    """Evenly distributed values: ``size`` of them from ``low`` to ``high``, with ``below`` values that are less."""

    low: float
    high: float
    size: float
    below: float


class RankRange(NamedTuple):
    """The number and the sum of values between two ranks."""

    size: float
    sum: float


class ValueDistribution:
    """The values of a summary, from ``least`` to ``most``, evenly distributed within each bucket of a ``Histogram``."""

    __slots__ = ("_bounds", "_counts", "_cumulative_counts", "_least", "_most", "total")

    def __init__(self, bounds: Sequence[float], counts: Sequence[float], least: float, most: float) -> None:
        self._bounds, self._counts, self._least, self._most = bounds, counts, least, most
        self._cumulative_counts = tuple(accumulate(counts))
        self.total: float = self._cumulative_counts[-1]

    @property
    def segments(self) -> Iterator[Segment]:
        """The segments of all buckets that have values."""
        return (self._segment(bucket) for bucket, count in enumerate(self._counts) if count)

    def at(self, share: float) -> float:
        """The value below which ``share`` (0 to 1) of the values are."""
        rank = share * self.total
        # Of buckets with the same cumulative count only the first has values; of those with 0, none.
        segment = self._segment(
            bisect_left(self._cumulative_counts, rank) if rank else bisect_right(self._cumulative_counts, 0)
        )
        return segment.low + (segment.high - segment.low) * (rank - segment.below) / segment.size

    def rank(self, value: float) -> float:
        """The number of values that are not greater than ``value``."""
        return sum(_share(segment, value) * segment.size for segment in self.segments)

    def between(self, low: float, high: float) -> RankRange:
        """The number and the sum of the values from rank ``low`` to rank ``high``."""
        count = total = 0.0
        for segment in self.segments:
            start = max(low - segment.below, 0.0) / segment.size
            end = min(high - segment.below, segment.size) / segment.size
            if end > start:
                middle = segment.low + (segment.high - segment.low) * (start + end) / 2
                count += (end - start) * segment.size
                total += (end - start) * segment.size * middle
        return RankRange(count, total)

    def _segment(self, bucket: int) -> Segment:
        size = self._counts[bucket]
        low = self._bounds[bucket - 1] if bucket else 0.0
        high = self._bounds[bucket] if bucket < len(self._bounds) else low
        return Segment(self._within(low), self._within(high), size, self._cumulative_counts[bucket] - size)

    def _within(self, edge: float) -> float:
        return min(max(edge, self._least), self._most)


def value_distribution(summary: Summary) -> ValueDistribution | None:
    """The distribution of a summary's values; None if it is not known (no histogram, and not all values equal)."""
    if summary.histogram is not None and summary.histogram.total:
        return ValueDistribution(*summary.histogram, summary.minimum, summary.maximum)
    if summary.count == 1 or summary.minimum == summary.maximum:
        return ValueDistribution((summary.maximum,), (summary.count, 0), summary.maximum, summary.maximum)
    return None


def _share(segment: Segment, value: float) -> float:
    """The share of the segment's values that are not greater."""
    if value >= segment.high:
        return 1.0
    return max(value - segment.low, 0.0) / (segment.high - segment.low) if segment.high > segment.low else 0.0


PLAIN: Mapping[str, Callable[[Summary], float]] = MappingProxyType(
    {
        "SampleCount": lambda s: s.count,
        "Average": lambda s: s.sum / s.count,
        "Sum": lambda s: s.sum,
        "Minimum": lambda s: s.minimum,
        "Maximum": lambda s: s.maximum,
    }
)
"""The plain statistics by name. A summary always has something in it, so the count is not 0."""

_DECIMAL: Final = r"\d{1,20}(?:\.\d{1,10})?"
_SHORT: Final = re.compile(rf"(p|tm|tc|ts|wm)({_DECIMAL})")
_RANGE: Final = re.compile(rf"(TM|TC|TS|WM|PR)\(({_DECIMAL})?(%?):({_DECIMAL})?(%?)\)")
_ALL_PERCENT: Final = 100.0
_MAX_CACHED: Final = 1000


class UnknownStatistic(ValueError):
    """The text is not a statistic; the message lists the possible ones."""


class Extended(NamedTuple):
    """A statistic of some of the values. ``kind``: P, TM, TC, TS, WM or PR; bounds in percent or as values."""

    kind: str
    low: float
    high: float
    percent: bool


def percentile_of(statistic: str) -> float | None:
    """The percentage in ``p99.9``; None when it is not a percentile."""
    extended = _parse_extended(statistic)
    return extended.high if extended is not None and extended.kind == "P" else None


def check_statistic(statistic: str) -> None:
    """Raise UnknownStatistic unless ``statistic`` can be computed."""
    if statistic not in PLAIN and _parse_extended(statistic) is None:
        raise UnknownStatistic(
            f"The statistic '{statistic[:100]}' is not supported: use {', '.join(PLAIN)}, IQM, a "
            "percentile such as p99, or TM, TC, TS, WM, PR with bounds, such as tm99 or PR(:300)."
        )


def evaluate(statistic: str, summary: Summary) -> float | None:
    """The value of a statistic; None if it can't be computed from the summary. Raises UnknownStatistic."""
    plain = PLAIN.get(statistic)
    if plain is not None:
        return plain(summary)
    extended = _parse_extended(statistic)
    if extended is None:
        check_statistic(statistic)
        return None
    distribution = value_distribution(summary)
    if distribution is None or summary.minimum < 0:  # AWS has none of these for negative values
        return None
    return (
        distribution.at(extended.high / _ALL_PERCENT)
        if extended.kind == "P"
        else _evaluate_extended(extended, distribution, summary.sum)
    )


def _evaluate_extended(statistic: Extended, distribution: ValueDistribution, sum_of_all: float) -> float | None:
    """The value of a statistic of some values. ``sum_of_all``: the sum of all values."""
    low, high = statistic.low, statistic.high
    if statistic.percent:
        ranks = (low / _ALL_PERCENT * distribution.total, high / _ALL_PERCENT * distribution.total)
        low, high = distribution.at(low / _ALL_PERCENT), distribution.at(high / _ALL_PERCENT)
    else:
        ranks = (distribution.rank(low) if low > 0 else 0.0, distribution.rank(high))
    count, total = distribution.between(*ranks)
    if ranks == (0.0, distribution.total):
        count, total = distribution.total, sum_of_all
    match statistic.kind:
        case "TC":
            return count
        case "TS":
            return total
        case "TM":
            return total / count if count else None
        case "PR":
            return _ALL_PERCENT * count / distribution.total
        case _:
            above = distribution.total - ranks[1]
            outside = (ranks[0] * low if ranks[0] else 0.0) + (above * high if above else 0.0)
            return (outside + total) / distribution.total


@lru_cache(_MAX_CACHED)
def _parse_extended(statistic: str) -> Extended | None:
    if statistic == "IQM":
        return Extended("TM", _ALL_PERCENT / 4, 3 * _ALL_PERCENT / 4, percent=True)
    short = _SHORT.fullmatch(statistic)
    if short is not None:
        percentage = float(short.group(2))
        return Extended(short.group(1).upper(), 0.0, percentage, percent=True) if percentage <= _ALL_PERCENT else None
    ranged = _RANGE.fullmatch(statistic)
    return None if ranged is None else _parse_range(*ranged.groups())


def _parse_range(kind: str, low: str | None, low_sign: str, high: str | None, high_sign: str) -> Extended | None:
    """Parse the bounds; None if there are none, only one is in percent, or they are the wrong way round."""
    signs = {sign for bound, sign in ((low, low_sign), (high, high_sign)) if bound is not None}
    stray = (low is None and low_sign) or (high is None and high_sign)
    if len(signs) != 1 or stray:
        return None
    percent = signs == {"%"}
    first = 0.0 if low is None else float(low)
    last = float(high) if high is not None else (_ALL_PERCENT if percent else math.inf)
    if first >= last or (percent and (last > _ALL_PERCENT or kind == "PR")):
        return None
    return Extended(kind, first, last, percent)
