"""Operators on numbers, series and arrays.

Promise: between two series, a value that only one of them has is calculated with 0; a period that neither has is left
out. Between a series and an array the operator is applied to each series of the array; two arrays of the same length
are combined pairwise. True is 1, false is 0; any number but 0 is true.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.expressions.metric_math.series import UNDEFINED, Operand, TimeSeries, combine, shared_grid

BinaryOperator: TypeAlias = Callable[[float, float], float]


def operate(sign: str, left: Operand, right: Operand) -> Operand:
    """``left sign right``. Raises ValidationFault."""
    return _apply(sign, OPERATORS[sign], left, right)


def negate(operand: Operand) -> Operand:
    """The value of ``-operand``. Raises ValidationFault for a text."""
    return _apply("-", operator.sub, 0.0, operand)


def _apply(sign: str, compute: BinaryOperator, left: Operand, right: Operand) -> Operand:
    if isinstance(left, str) or isinstance(right, str):
        raise ValidationFault(f"A text or a word can't be an operand of '{sign}'.")
    if isinstance(left, tuple):
        if not isinstance(right, tuple):
            return tuple(_of_series(compute, series, right, series) for series in left)
        if len(left) != len(right):
            raise ValidationFault(f"The arrays beside '{sign}' have {len(left)} and {len(right)} time series.")
        return tuple(_of_series(compute, one, other) for one, other in zip(left, right, strict=True))
    if isinstance(right, tuple):
        return tuple(_of_series(compute, left, series, series) for series in right)
    return (
        compute(left, right)
        if isinstance(left, float) and isinstance(right, float)
        else _of_series(compute, left, right)
    )


def _of_series(
    compute: BinaryOperator, left: float | TimeSeries, right: float | TimeSeries, named_as: TimeSeries | None = None
) -> TimeSeries:
    """``named_as``: the operand whose label and metric the result keeps; None when neither has precedence."""
    if isinstance(left, float):
        if isinstance(right, float):
            raise TypeError("one of them is a series")
        return right.with_values((at, compute(left, value)) for at, value in right.values.items())
    if isinstance(right, float):
        return left.with_values((at, compute(value, right)) for at, value in left.values.items())
    grid = shared_grid((left, right)) or left.grid
    left_values, right_values = left.values, right.values
    moments = left_values if left_values.keys() == right_values.keys() else left_values.keys() | right_values.keys()
    pairs = ((at, compute(left_values.get(at, 0.0), right_values.get(at, 0.0))) for at in moments)
    result = combine(grid, (left, right), pairs)
    if named_as is None:
        return result
    return TimeSeries(result.values, result.grid, named_as.label, named_as.stat, incomplete=result.incomplete)


def _divide(left: float, right: float) -> float:
    return left / right if right else UNDEFINED


def _power(left: float, right: float) -> float:
    try:
        power = left**right
    except (ArithmeticError, ValueError):
        return UNDEFINED
    return UNDEFINED if isinstance(power, complex) else float(power)


def _truth(holds: Callable[[float, float], bool]) -> BinaryOperator:
    def compute(left: float, right: float) -> float:
        return UNDEFINED if math.isnan(left) or math.isnan(right) else float(holds(left, right))

    return compute


OPERATORS: Mapping[str, BinaryOperator] = MappingProxyType(
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
