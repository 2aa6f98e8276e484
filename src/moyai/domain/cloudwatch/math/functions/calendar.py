"""Functions of time: a value for each period, whatever the metric has there.

Promise: UTC; a week begins on Monday, which is day 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.around import Around
from moyai.domain.cloudwatch.math.functions.arguments import Function, line, number
from moyai.domain.cloudwatch.math.line import Grid, Line, Term
from moyai.kernel.clock import Instant


def _period(arguments: Sequence[Term], around: Around) -> Term:
    del around
    of = line(arguments[0])
    if not of.read:
        raise ValidationFault("the argument must be a metric, and not the result of an expression.")
    return float(of.grid.period)


def _time_series(arguments: Sequence[Term], around: Around) -> Term:
    value = number(arguments[0])
    return Line({}, around.grid).made((at, value) for at in around.grid.instants())


def _told(tell: Callable[[Instant], float]) -> Function:
    def call(arguments: Sequence[Term], around: Around) -> Term:
        del around
        grid: Grid = line(arguments[0]).grid
        return Line({}, grid).made((at, tell(at)) for at in grid.instants())

    return Function(call)


def _of_date(tell: Callable[[datetime], int]) -> Function:
    return _told(lambda at: float(tell(datetime.fromtimestamp(at, UTC))))


CALENDAR: Mapping[str, Function] = MappingProxyType(
    {
        "PERIOD": Function(_period),
        "TIME_SERIES": Function(_time_series),
        "EPOCH": _told(float),
        "MINUTE": _of_date(lambda date: date.minute),
        "HOUR": _of_date(lambda date: date.hour),
        "DAY": _of_date(datetime.isoweekday),
        "DATE": _of_date(lambda date: date.day),
        "MONTH": _of_date(lambda date: date.month),
        "YEAR": _of_date(lambda date: date.year),
    }
)
