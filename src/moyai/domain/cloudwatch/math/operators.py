"""Operators on numbers, series and arrays.

Promise: between two series, a value that one of them lacks counts as 0; where both lack it there is none. Between a
series and an array each of the array is taken, between two arrays of one length each with its like. True is 1, false
0; any number but 0 is true.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.line import UNTOLD, Line, Term, merged, same_grid

Binary: TypeAlias = Callable[[float, float], float]


def operate(sign: str, left: Term, right: Term) -> Term:
    """``left sign right``. Raises ValidationFault."""
    return _combined(sign, OPERATORS[sign], left, right)


def negative(of: Term) -> Term:
    """``-of``. Raises ValidationFault."""
    return _combined("-", operator.sub, 0.0, of)


def _combined(sign: str, compute: Binary, left: Term, right: Term) -> Term:
    if isinstance(left, str) or isinstance(right, str):
        raise ValidationFault(f"A text or a word can't be an operand of '{sign}'.")
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            raise ValidationFault(f"The arrays beside '{sign}' have {len(left)} and {len(right)} time series.")
        return tuple(_of_lines(compute, one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, tuple):
        return tuple(_with_array(compute, one, right) for one in left)
    if isinstance(right, tuple):
        return tuple(_of_lines(compute, left, one, one) for one in right)
    return (
        compute(left, right)
        if isinstance(left, float) and isinstance(right, float)
        else _of_lines(compute, left, right)
    )


def _with_array(compute: Binary, one: Line, right: Term) -> Line:
    return _of_lines(compute, one, right, one)  # type: ignore[arg-type]  # neither text nor array: both are dealt with


def _of_lines(compute: Binary, left: float | Line, right: float | Line, keeps: Line | None = None) -> Line:
    """``keeps``: the series whose name the result has; none when both are as good."""
    if isinstance(left, float):
        if isinstance(right, float):
            raise TypeError("one of them is a series")
        return right.made((at, compute(left, value)) for at, value in right.values.items())
    if isinstance(right, float):
        return left.made((at, compute(value, right)) for at, value in left.values.items())
    grid = same_grid((left, right)) or left.grid
    mine, theirs = left.values, right.values
    moments = mine if mine.keys() == theirs.keys() else mine.keys() | theirs.keys()
    made = merged(grid, (left, right), ((at, compute(mine.get(at, 0.0), theirs.get(at, 0.0))) for at in moments))
    return made if keeps is None else _named_as(made, keeps)


def _named_as(made: Line, keeps: Line) -> Line:
    return Line(made.values, made.grid, keeps.label, keeps.stat, dropped=made.dropped)


def _divide(left: float, right: float) -> float:
    return left / right if right else UNTOLD


def _power(left: float, right: float) -> float:
    try:
        raised = left**right
    except (ArithmeticError, ValueError):
        return UNTOLD
    return UNTOLD if isinstance(raised, complex) else float(raised)


def _truth(holds: Callable[[float, float], bool]) -> Binary:
    def compute(left: float, right: float) -> float:
        return UNTOLD if math.isnan(left) or math.isnan(right) else float(holds(left, right))

    return compute


OPERATORS: Mapping[str, Binary] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": _divide,
        "^": _power,
        "==": _truth(operator.eq),
        "!=": _truth(operator.ne),
        "<": _truth(operator.lt),
        "<=": _truth(operator.le),
        ">": _truth(operator.gt),
        ">=": _truth(operator.ge),
        "AND": _truth(lambda left, right: bool(left) and bool(right)),
        "OR": _truth(lambda left, right: bool(left) or bool(right)),
    }
)
