"""Functions that turn a series into another: value by value, by difference, by date, by filling gaps, by condition.

Promise: the first value of DIFF, RATE and DIFF_TIME has no predecessor, and so no result. Functions of time have a
value for each period, whether the metric has one or not; they are in UTC, and a week begins on Monday, which is day 1.
FILL with REPEAT takes the last value before a gap, with LINEAR a straight line between the values on both sides;
neither fills before the first value, nor LINEAR after the last; another series fills where it has a value itself. IF
gives 0 where the condition holds and the second argument has no value; where it does not hold and the third argument
has no value or is missing, there is no result; a condition without a value gives none.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html (functions, IF)
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import Final

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.expressions.metric_math.arguments import EvaluationContext, Function, map_series, number, series
from moyai.expressions.metric_math.series import UNDEFINED, Operand, TimeSeries, combine, shared_grid
from moyai.kernel.clock import Instant

Step = Callable[[float, float], float]
"""Computes a result from the difference of two values and of their times in seconds."""
GapFiller = Callable[[TimeSeries], Callable[[Instant], float | None]]
"""Gives, for a series, the value of each period that lacks one; None where it has no value either."""
_REPEAT: Final = "REPEAT"
_LINEAR: Final = "LINEAR"


def _pointwise(change: Callable[[float], float]) -> Function:
    def call(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
        del context
        [argument] = arguments
        if isinstance(argument, float):
            return UNDEFINED if math.isnan(argument) else change(argument)
        return map_series(argument, lambda one: one.with_values((at, change(v)) for at, v in one.values.items()))

    return Function(call)


def _stepwise(step: Step) -> Function:
    def differences(series: TimeSeries) -> TimeSeries:
        pairs = pairwise(series.values.items())
        return series.with_values((at, step(value - last, at - before)) for (before, last), (at, value) in pairs)

    def call(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
        del context
        return map_series(arguments[0], differences)

    return Function(call)


def _running_sum(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    del context
    return map_series(arguments[0], _accumulate)


def _accumulate(series: TimeSeries) -> TimeSeries:
    return series.with_values(zip(series.values, accumulate(series.values.values()), strict=True))


def _logarithm(of: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: of(value) if value > 0 else UNDEFINED


def _floor(value: float) -> float:
    return float(math.floor(value)) if math.isfinite(value) else value


def _ceiling(value: float) -> float:
    return float(math.ceil(value)) if math.isfinite(value) else value


def _difference(value: float, seconds: float) -> float:
    del seconds
    return value


def _time_difference(value: float, seconds: float) -> float:
    del value
    return seconds


def _period(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    del context
    metric = series(arguments[0])
    if not metric.read:
        raise ValidationFault("the argument must be a metric, and not the result of an expression.")
    return float(metric.grid.period)


def _time_series(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    value = number(arguments[0])
    return TimeSeries({}, context.grid).with_values((at, value) for at in context.grid.instants())


def _of_instant(tell: Callable[[Instant], float]) -> Function:
    def call(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
        del context
        grid = series(arguments[0]).grid
        return TimeSeries({}, grid).with_values((at, tell(at)) for at in grid.instants())

    return Function(call)


def _of_date(tell: Callable[[datetime], int]) -> Function:
    return _of_instant(lambda at: float(tell(datetime.fromtimestamp(at, UTC))))


def _fill(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    operand, filler = arguments
    return map_series(operand, partial(_without_gaps, filler=_filler(filler), context=context))


def _filler(argument: Operand) -> GapFiller:
    if isinstance(argument, float):
        return lambda _: lambda _: argument
    if isinstance(argument, TimeSeries):
        return partial(_from_another, argument)
    if argument == _REPEAT:
        return _repeat
    if argument == _LINEAR:
        return _interpolate
    raise ValidationFault(f"the filler must be a number, a time series, {_REPEAT} or {_LINEAR}.")


def _without_gaps(series: TimeSeries, filler: GapFiller, context: EvaluationContext) -> TimeSeries:
    moments = sorted({*series.grid.instants(), *series.values})  # a value may lie in the future
    context.spend(len(moments))
    missing = filler(series)
    pairs = ((at, series.values[at] if at in series.values else missing(at)) for at in moments)
    return series.with_values((at, value) for at, value in pairs if value is not None)


def _from_another(source: TimeSeries, series: TimeSeries) -> Callable[[Instant], float | None]:
    shared_grid((source, series))
    return source.values.get


def _repeat(series: TimeSeries) -> Callable[[Instant], float | None]:
    values = tuple(series.values.items())

    def last_before(at: Instant) -> float | None:
        index = bisect_left(values, (at,))
        return values[index - 1][1] if index else None

    return last_before


def _interpolate(series: TimeSeries) -> Callable[[Instant], float | None]:
    values = tuple(series.values.items())

    def between(at: Instant) -> float | None:
        index = bisect_left(values, (at,))
        if not 0 < index < len(values):
            return None
        (before, low), (after, high) = values[index - 1], values[index]
        return low + (at - before) / (after - before) * (high - low)

    return between


def _if(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    condition, *branches = (_series_or_number(argument) for argument in arguments)
    yes, no = branches[0], branches[1] if len(branches) > 1 else None
    if isinstance(condition, float):
        branch = yes if condition and not math.isnan(condition) else no
        return TimeSeries({}, context.grid) if branch is None else branch
    sources = tuple(one for one in (condition, yes, no) if isinstance(one, TimeSeries))
    return combine(shared_grid(sources) or condition.grid, sources, _branch_values(condition, yes, no))


def _series_or_number(argument: Operand) -> float | TimeSeries:
    if isinstance(argument, float | TimeSeries):
        return argument
    raise ValidationFault("an argument must be a single time series or a number.")


def _branch_values(
    condition: TimeSeries, yes: float | TimeSeries, no: float | TimeSeries | None
) -> Iterator[tuple[Instant, float]]:
    for at, holds in condition.values.items():
        if holds:
            yield at, yes.values.get(at, 0.0) if isinstance(yes, TimeSeries) else yes
        elif isinstance(no, float):
            yield at, no
        elif no is not None and at in no.values:
            yield at, no.values[at]


SERIES_FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "ABS": _pointwise(abs),
        "CEIL": _pointwise(_ceiling),
        "FLOOR": _pointwise(_floor),
        "LOG": _pointwise(_logarithm(math.log)),
        "LOG10": _pointwise(_logarithm(math.log10)),
        "DIFF": _stepwise(_difference),
        "DIFF_TIME": _stepwise(_time_difference),
        "RATE": _stepwise(lambda value, seconds: value / seconds),
        "RUNNING_SUM": Function(_running_sum),
        "PERIOD": Function(_period),
        "TIME_SERIES": Function(_time_series),
        "EPOCH": _of_instant(float),
        "MINUTE": _of_date(lambda date: date.minute),
        "HOUR": _of_date(lambda date: date.hour),
        "DAY": _of_date(datetime.isoweekday),
        "DATE": _of_date(lambda date: date.day),
        "MONTH": _of_date(lambda date: date.month),
        "YEAR": _of_date(lambda date: date.year),
        "FILL": Function(_fill, least=2, most=2),
        "IF": Function(_if, least=2, most=3),
    }
)
