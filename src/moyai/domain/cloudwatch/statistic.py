"""CloudWatch's statistics: their names, and what each says of a summary.

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
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.metric import Summary
from moyai.domain.cloudwatch.spread import Spread, spread_of

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
_ALL: Final = 100.0
_KEPT: Final = 1000


class UnknownStatistic(ValueError):
    """No statistic that there is; the text says which there are."""


class Extended(NamedTuple):
    """A statistic of some of the values. ``kind``: P, TM, TC, TS, WM or PR; bounds in percent or as values."""

    kind: str
    low: float
    high: float
    percent: bool


def percentile_of(statistic: str) -> float | None:
    """The percentage in ``p99.9``; None when it is not a percentile."""
    extended = _extended(statistic)
    return extended.high if extended is not None and extended.kind == "P" else None


def check_statistic(statistic: str) -> None:
    """Raise UnknownStatistic unless ``statistic`` can be worked out."""
    if statistic not in PLAIN and _extended(statistic) is None:
        raise UnknownStatistic(
            f"The statistic '{statistic[:100]}' is not supported: use {', '.join(PLAIN)}, IQM, a "
            "percentile such as p99, or TM, TC, TS, WM, PR with bounds, such as tm99 or PR(:300)."
        )


def evaluate(statistic: str, summary: Summary) -> float | None:
    """What the statistic says; None when nothing can be said. Raises UnknownStatistic."""
    plain = PLAIN.get(statistic)
    if plain is not None:
        return plain(summary)
    extended = _extended(statistic)
    if extended is None:
        check_statistic(statistic)
        return None
    spread = spread_of(summary)
    if spread is None or summary.minimum < 0:  # AWS has none of these for negative values
        return None
    return spread.at(extended.high / _ALL) if extended.kind == "P" else _of_some(extended, spread, summary.sum)


def _of_some(extended: Extended, spread: Spread, whole: float) -> float | None:
    """``whole``: the sum of all values."""
    low, high = extended.low, extended.high
    if extended.percent:
        ranks = (low / _ALL * spread.total, high / _ALL * spread.total)
        low, high = spread.at(low / _ALL), spread.at(high / _ALL)
    else:
        ranks = (spread.rank(low) if low > 0 else 0.0, spread.rank(high))
    count, total = spread.between(*ranks)
    if ranks == (0.0, spread.total):
        count, total = spread.total, whole
    match extended.kind:
        case "TC":
            return count
        case "TS":
            return total
        case "TM":
            return total / count if count else None
        case "PR":
            return _ALL * count / spread.total
        case _:
            above = spread.total - ranks[1]
            outside = (ranks[0] * low if ranks[0] else 0.0) + (above * high if above else 0.0)
            return (outside + total) / spread.total


@lru_cache(_KEPT)
def _extended(statistic: str) -> Extended | None:
    if statistic == "IQM":
        return Extended("TM", _ALL / 4, 3 * _ALL / 4, percent=True)
    short = _SHORT.fullmatch(statistic)
    if short is not None:
        percentage = float(short.group(2))
        return Extended(short.group(1).upper(), 0.0, percentage, percent=True) if percentage <= _ALL else None
    ranged = _RANGE.fullmatch(statistic)
    return None if ranged is None else _ranged(*ranged.groups())


def _ranged(kind: str, low: str | None, low_sign: str, high: str | None, high_sign: str) -> Extended | None:
    """None for bounds that there can't be: none at all, one in percent and the other not, the wrong way round."""
    given = {sign for bound, sign in ((low, low_sign), (high, high_sign)) if bound is not None}
    stray = (low is None and low_sign) or (high is None and high_sign)
    if len(given) != 1 or stray:
        return None
    percent = given == {"%"}
    first = 0.0 if low is None else float(low)
    last = float(high) if high is not None else (_ALL if percent else math.inf)
    if first >= last or (percent and (last > _ALL or kind == "PR")):
        return None
    return Extended(kind, first, last, percent)
