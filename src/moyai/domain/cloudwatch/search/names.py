"""What the metrics of a search are called, where nobody has said: by what tells them apart.

Promise: the values of those dimensions in which they differ, and the metric's name when that differs or nothing else
does.
"""

from __future__ import annotations

from collections.abc import Sequence

from moyai.domain.cloudwatch.metric import MetricId


def short_names(metrics: Sequence[MetricId]) -> tuple[str, ...]:
    """A name for each, in their order."""
    dimensions = sorted({name for metric in metrics for name, _ in metric.dimensions})
    telling = [name for name in dimensions if len({metric.dimension(name) for metric in metrics}) > 1]
    named = len({metric.name for metric in metrics}) > 1 or not telling
    return tuple(_name(metric, telling, named=named) for metric in metrics)


def _name(metric: MetricId, telling: Sequence[str], *, named: bool) -> str:
    values = [value for name in telling if (value := metric.dimension(name)) is not None]
    return " ".join([*values, metric.name] if named or not values else values)
