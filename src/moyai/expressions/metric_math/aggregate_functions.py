"""Functions that aggregate series, and functions that build arrays or select from them.

Promise: SUM and AVG of an array count a value that a series lacks as 0; the other aggregates use the values that exist.
AVG of a single series is the mean of its values. STDDEV is that of a whole population.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isnan, sqrt
from types import MappingProxyType

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.expressions.metric_math.arguments import (
    EvaluationContext,
    Function,
    Implementation,
    array,
    keyword,
    natural_number,
    text,
)
from moyai.expressions.metric_math.series import UNDEFINED, Operand, SeriesArray, TimeSeries, combine, shared_grid
from moyai.kernel.clock import Instant

Reduction = Callable[[Sequence[float]], float]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else UNDEFINED


def _minimum(values: Sequence[float]) -> float:
    return min(values, default=UNDEFINED)


def _maximum(values: Sequence[float]) -> float:
    return max(values, default=UNDEFINED)


def _deviation(values: Sequence[float]) -> float:
    mean = _mean(values)
    return sqrt(_mean([(value - mean) * (value - mean) for value in values])) if values else UNDEFINED


def _total(values: Sequence[float]) -> float:
    return float(sum(values))


def _count(values: Sequence[float]) -> float:
    return float(len(values))


def _aggregate(reduce: Reduction) -> Implementation:
    """A function that reduces a series to a number, and an array to a series."""

    def call(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
        [argument] = arguments
        if isinstance(argument, TimeSeries):
            return reduce(tuple(argument.values.values()))
        if isinstance(argument, tuple):
            return _across(argument, reduce, context)
        raise ValidationFault("the argument must be a time series or an array of time series.")

    return call


def _across(members: SeriesArray, reduce: Reduction, context: EvaluationContext) -> TimeSeries:
    grid = shared_grid(members) or context.grid
    return combine(grid, members, ((at, reduce(values)) for at, values in _columns(members)))


def _average(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    [argument] = arguments
    if not isinstance(argument, tuple):
        return _aggregate(_mean)(arguments, context)
    return _across(argument, lambda values: sum(values) / len(argument), context)


def _columns(members: SeriesArray) -> Iterator[tuple[Instant, Sequence[float]]]:
    """The values of each period that has any."""
    columns: dict[Instant, list[float]] = {}
    for series in members:
        for at, value in series.values.items():
            columns.setdefault(at, []).append(value)
    yield from columns.items()


AGGREGATE_FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "SUM": Function(_aggregate(_total)),
        "AVG": Function(_average),
        "MIN": Function(_aggregate(_minimum)),
        "MAX": Function(_aggregate(_maximum)),
        "STDDEV": Function(_aggregate(_deviation)),
        "DATAPOINT_COUNT": Function(_aggregate(_count)),
    }
)

_RANKINGS: Mapping[str, Reduction] = MappingProxyType({"AVG": _mean, "MIN": _minimum, "MAX": _maximum, "SUM": sum})


def _metrics(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    part = text(arguments[0]) if arguments else ""
    return tuple(series for query_id, series in context.metrics() if part in query_id)


def _metric_count(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    del context
    return float(len(array(arguments[0])))


def _first(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    return next(iter(array(arguments[0])), TimeSeries({}, context.grid))


def _last(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    return next(reversed(array(arguments[0])), TimeSeries({}, context.grid))


def _slice(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    del context
    start = natural_number(arguments[1])
    end = None if len(arguments) == 2 else natural_number(arguments[2])  # noqa: PLR2004  the array and its start
    return array(arguments[0])[start:end]


def _sort(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    del context
    members, by, order, *limit = arguments
    rank = _RANKINGS[keyword(by, tuple(_RANKINGS))]
    descending = keyword(order, ("ASC", "DESC")) == "DESC"
    pairs = [(rank(tuple(member.values.values())), member) for member in array(members)]
    with_values = sorted((pair for pair in pairs if not isnan(pair[0])), key=lambda pair: pair[0], reverse=descending)
    empty = [pair for pair in pairs if isnan(pair[0])]
    return tuple(member for _, member in with_values + empty)[: natural_number(limit[0]) if limit else None]


def _remove_empty(arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    del context
    return tuple(one for one in array(arguments[0]) if one.values)


def _search(arguments: Sequence[Operand], context: EvaluationContext) -> SeriesArray:
    criteria, statistic, *period = arguments
    seconds = natural_number(period[0]) if period else None
    if seconds == 0:
        raise ValidationFault("the period must be longer than 0 seconds.")
    return context.search(text(criteria), text(statistic), seconds)


ARRAY_FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "METRICS": Function(_metrics, least=0),
        "METRIC_COUNT": Function(_metric_count),
        "FIRST": Function(_first),
        "LAST": Function(_last),
        "SLICE": Function(_slice, least=2, most=3),
        "SORT": Function(_sort, least=3, most=4),
        "REMOVE_EMPTY": Function(_remove_empty),
        "SEARCH": Function(_search, least=2, most=3),
    }
)
