"""An expression, worked out."""

from __future__ import annotations

from functools import reduce
from typing import TypeAlias

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.around import Around
from moyai.domain.cloudwatch.math.functions import apply
from moyai.domain.cloudwatch.math.line import Line, Lines, Term
from moyai.domain.cloudwatch.math.operators import negative, operate
from moyai.domain.cloudwatch.math.parse import parse
from moyai.domain.cloudwatch.math.syntax import Array, Call, Chain, Name, Negative, Node, Number, Text

Result: TypeAlias = Line | Lines


def evaluate(expression: str, around: Around) -> Result:
    """The series, or the array of series, that the expression comes to. Raises ValidationFault."""
    result = _term(parse(expression), around)
    if isinstance(result, float | str):
        raise ValidationFault("The result must be a time series or an array of time series, and is a single value.")
    return result


def _term(node: Node, around: Around) -> Term:
    term = _worked_out(node, around)
    if isinstance(term, Line):
        around.spend(len(term.values) + 1)
    elif isinstance(term, tuple):
        around.spend(sum(len(line.values) + 1 for line in term))
    return term


def _worked_out(node: Node, around: Around) -> Term:
    match node:
        case Number(value) | Text(value):
            return value
        case Name(name):
            return name if name[:1].isupper() else around.answer(name)
        case Array(items):
            return _array([_term(item, around) for item in items])
        case Negative(of):
            return negative(_term(of, around))
        case Chain(first, rest):
            return reduce(lambda left, step: operate(step[0], left, _term(step[1], around)), rest, _term(first, around))
        case Call(function, arguments):
            return apply(function, tuple(_term(one, around) for one in arguments), around)


def _array(items: list[Term]) -> Lines:
    """One array of series; arrays in it are joined."""
    lines: list[Line] = []
    for item in items:
        if isinstance(item, Line):
            lines.append(item)
        elif isinstance(item, tuple):
            lines += item
        else:
            raise ValidationFault("An array can hold time series only.")
    return tuple(lines)
