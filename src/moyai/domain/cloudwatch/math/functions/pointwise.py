"""Functions that make a series of a series: value by value, or each with the one before.

Promise: the first value of DIFF, RATE and DIFF_TIME has none before it, and so there is no result for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from types import MappingProxyType

from moyai.domain.cloudwatch.math.around import Around
from moyai.domain.cloudwatch.math.functions.arguments import Function, each
from moyai.domain.cloudwatch.math.line import UNTOLD, Line, Term

Step = Callable[[float, float], float]
"""From a difference of two values, and of their times in seconds, to a result."""


def _valued(change: Callable[[float], float]) -> Function:
    def call(arguments: Sequence[Term], around: Around) -> Term:
        del around
        [term] = arguments
        if isinstance(term, float):
            return UNTOLD if math.isnan(term) else change(term)
        return each(term, lambda line: line.made((at, change(value)) for at, value in line.values.items()))

    return Function(call)


def _stepping(step: Step) -> Function:
    def stepped(line: Line) -> Line:
        pairs = pairwise(line.values.items())
        return line.made((at, step(value - last, at - before)) for (before, last), (at, value) in pairs)

    def call(arguments: Sequence[Term], around: Around) -> Term:
        del around
        return each(arguments[0], stepped)

    return Function(call)


def _running_sum(arguments: Sequence[Term], around: Around) -> Term:
    del around
    return each(arguments[0], _summed)


def _summed(line: Line) -> Line:
    return line.made(zip(line.values, accumulate(line.values.values()), strict=True))


def _logarithm(of: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: of(value) if value > 0 else UNTOLD


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


POINTWISE: Mapping[str, Function] = MappingProxyType(
    {
        "ABS": _valued(abs),
        "CEIL": _valued(_ceiling),
        "FLOOR": _valued(_floor),
        "LOG": _valued(_logarithm(math.log)),
        "LOG10": _valued(_logarithm(math.log10)),
        "DIFF": _stepping(_difference),
        "DIFF_TIME": _stepping(_time_difference),
        "RATE": _stepping(lambda value, seconds: value / seconds),
        "RUNNING_SUM": Function(_running_sum),
    }
)
