"""A function of metric math: its signature, its context, and the types of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import NamedTuple, Protocol, TypeAlias

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.expressions.metric_math.series import Operand, PeriodGrid, SeriesArray, TimeSeries


class EvaluationContext(Protocol):
    """The context of an expression: the other queries, the metrics, and the time range of the request."""

    def answer(self, query_id: str) -> Operand:
        """The result of another query. Raises ValidationFault when there is none with this id."""

    def metrics(self) -> Sequence[tuple[str, TimeSeries]]:
        """The queries that are metrics and no expressions: id and values, in their order."""

    def search(self, criteria: str, statistic: str, period: int | None) -> SeriesArray:
        """The metrics that match. ``period``: seconds; None = that of the query itself. Raises ValidationFault."""

    @property
    def grid(self) -> PeriodGrid:
        """The periods of a series that is calculated from no metric."""

    def spend(self, values: int) -> None:
        """Count calculated values. Raises ValidationFault when they are too many for one request."""


Implementation: TypeAlias = Callable[[Sequence[Operand], EvaluationContext], Operand]


class Function(NamedTuple):
    """A function, with the least and the greatest number of its arguments."""

    call: Implementation
    least: int = 1
    most: int = 1


def number(argument: Operand) -> float:
    """The argument as a scalar. Raises ValidationFault."""
    if not isinstance(argument, float):
        raise ValidationFault("an argument must be a number.")
    return argument


def natural_number(argument: Operand) -> int:
    """The argument as a whole number that is not negative. Raises ValidationFault."""
    value = number(argument)
    if not isfinite(value) or value < 0 or value != int(value):
        raise ValidationFault("an argument must be a whole number from 0 on.")
    return int(value)


def series(argument: Operand) -> TimeSeries:
    """The argument as one time series. Raises ValidationFault."""
    if not isinstance(argument, TimeSeries):
        raise ValidationFault("an argument must be a single time series.")
    return argument


def array(argument: Operand) -> SeriesArray:
    """The argument as an array of time series. Raises ValidationFault."""
    if not isinstance(argument, tuple):
        raise ValidationFault("an argument must be an array of time series.")
    return argument


def text(argument: Operand) -> str:
    """The argument as a text or a word. Raises ValidationFault."""
    if not isinstance(argument, str):
        raise ValidationFault("an argument must be a text in quotes.")
    return argument


def keyword(argument: Operand, keywords: Sequence[str]) -> str:
    """The argument as one of the allowed words. Raises ValidationFault."""
    if not isinstance(argument, str) or argument not in keywords:
        raise ValidationFault(f"an argument must be one of {', '.join(keywords)}.")
    return argument


def map_series(argument: Operand, change: Callable[[TimeSeries], TimeSeries]) -> Operand:
    """Apply ``change`` to a series, or to each series of an array. Raises ValidationFault."""
    if isinstance(argument, TimeSeries):
        return change(argument)
    if isinstance(argument, tuple):
        return tuple(change(one) for one in argument)
    raise ValidationFault("an argument must be a time series or an array of time series.")
