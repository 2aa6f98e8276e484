"""Functions that give arrays of series, or pick from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.around import Around
from moyai.domain.cloudwatch.math.functions.arguments import Function, lines, text, whole, word
from moyai.domain.cloudwatch.math.functions.summarize import greatest, least, mean
from moyai.domain.cloudwatch.math.line import Line, Lines, Term

_BY: Mapping[str, Callable[[Sequence[float]], float]] = MappingProxyType(
    {"AVG": mean, "MIN": least, "MAX": greatest, "SUM": sum}
)


def _metrics(arguments: Sequence[Term], around: Around) -> Term:
    part = text(arguments[0]) if arguments else ""
    return tuple(line for query_id, line in around.metrics() if part in query_id)


def _metric_count(arguments: Sequence[Term], around: Around) -> Term:
    del around
    return float(len(lines(arguments[0])))


def _first(arguments: Sequence[Term], around: Around) -> Term:
    return next(iter(lines(arguments[0])), Line({}, around.grid))


def _last(arguments: Sequence[Term], around: Around) -> Term:
    return next(reversed(lines(arguments[0])), Line({}, around.grid))


def _slice(arguments: Sequence[Term], around: Around) -> Term:
    del around
    start = whole(arguments[1])
    end = None if len(arguments) == 2 else whole(arguments[2])  # noqa: PLR2004  the array and where it begins
    return lines(arguments[0])[start:end]


def _sort(arguments: Sequence[Term], around: Around) -> Term:
    del around
    of, by, order, *limit = arguments
    rank = _BY[word(by, tuple(_BY))]
    descending = word(order, ("ASC", "DESC")) == "DESC"
    ranked = [(rank(tuple(one.values.values())), one) for one in lines(of)]
    known = sorted((pair for pair in ranked if not math.isnan(pair[0])), key=lambda pair: pair[0], reverse=descending)
    empty = [pair for pair in ranked if math.isnan(pair[0])]
    return tuple(one for _, one in known + empty)[: whole(limit[0]) if limit else None]


def _remove_empty(arguments: Sequence[Term], around: Around) -> Term:
    del around
    return tuple(one for one in lines(arguments[0]) if one.values)


def _search(arguments: Sequence[Term], around: Around) -> Lines:
    criteria, statistic, *period = arguments
    seconds = whole(period[0]) if period else None
    if seconds == 0:
        raise ValidationFault("the period must be longer than 0 seconds.")
    return around.search(text(criteria), text(statistic), seconds)


ARRAYS: Mapping[str, Function] = MappingProxyType(
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
