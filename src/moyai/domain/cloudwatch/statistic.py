"""CloudWatch's statistics: their names, and what each says of a summary.

Promise: the five plain statistics and the percentiles ``p0`` to ``p100``. A percentile of values whose
histogram is kept is exact to the width of a bucket; without a histogram there is one only when all
values are the same, which is AWS's own rule for statistic sets.
Refuses: trimmed and winsorized means, ranks and IQM, by name.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from moyai.domain.cloudwatch.metric import Histogram, Summary

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

_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d{1,10})?)")
_ALL = 100.0


class UnknownStatistic(ValueError):
    """No statistic that moyai works out; the text says which there are."""


def percentile_of(statistic: str) -> float | None:
    """The percentage in ``p99.9``; None when it is not a percentile."""
    match = _PERCENTILE.fullmatch(statistic)
    percentage = float(match.group(1)) if match else None
    return percentage if percentage is not None and percentage <= _ALL else None


def check_statistic(statistic: str) -> None:
    """Raise UnknownStatistic unless ``statistic`` can be worked out."""
    if statistic not in PLAIN and percentile_of(statistic) is None:
        raise UnknownStatistic(
            f"The statistic '{statistic}' is not supported: use {', '.join(PLAIN)} or a percentile such as p99."
        )


def evaluate(statistic: str, summary: Summary) -> float | None:
    """What the statistic says; None when nothing can be said. Raises UnknownStatistic."""
    plain = PLAIN.get(statistic)
    if plain is not None:
        return plain(summary)
    percentage = percentile_of(statistic)
    if percentage is None:
        check_statistic(statistic)
        return None
    return _percentile(summary, percentage)


def _percentile(summary: Summary, percentage: float) -> float | None:
    if summary.histogram is not None and summary.histogram.total:
        found = quantile(summary.histogram, percentage / _ALL)
        return min(max(found, summary.minimum), summary.maximum)
    same = summary.count == 1 or summary.minimum == summary.maximum
    return summary.maximum if same else None


def quantile(histogram: Histogram, share: float) -> float:
    """The value below which ``share`` (0 to 1) of the values lie, on a straight line through its bucket."""
    rank = share * histogram.total
    below = 0
    for bucket, count in enumerate(histogram.counts):
        if count and below + count >= rank:
            lower, upper = histogram.edges(bucket)
            return lower + (upper - lower) * max(rank - below, 0.0) / count
        below += count
    return histogram.edges(len(histogram.counts) - 1)[1]
