"""Arithmetic on metrics: ``m1 / (m1 + m2) * 100``. Pure.

Promise: ``+ - * /``, parentheses, numbers and ids. An operation on two metrics has a value where both have one; a
division by zero has none.
Refuses: functions, by name; comparisons; what nests deeper than fifty parentheses.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from operator import add, mul, sub

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.kernel.clock import Instant

Values = Mapping[Instant, float]
"""A metric's values by the start of their periods."""
Term = Values | float
Resolve = Callable[[str], Values]
"""Gives the values of an id. Raises ValidationFault when there is no such id."""

_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[-+*/()]))")
_MAX_DEPTH = 50
_END = ""


def calculate(expression: str, resolve: Resolve) -> Values:
    """The expression's values. Raises ValidationFault."""
    result = _Parser(expression, resolve).whole()
    if isinstance(result, float):
        raise ValidationFault(f"The expression '{expression[:100]}' is a number; it must have a metric in it.")
    return result


class _Parser:
    """Recursive descent: a sum of products of factors."""

    def __init__(self, expression: str, resolve: Resolve) -> None:
        self._tokens = _tokens(expression)
        self._next = next(self._tokens)
        self._resolve = resolve
        self._depth = 0

    def whole(self) -> Term:
        result = self._sum()
        if self._next != _END:
            raise ValidationFault(f"The expression has '{self._next}' where an operator is due.")
        return result

    def _sum(self) -> Term:
        result = self._product()
        while self._next in {"+", "-"}:
            operate = add if self._take() == "+" else sub
            result = _combine(operate, result, self._product())
        return result

    def _product(self) -> Term:
        result = self._factor()
        while self._next in {"*", "/"}:
            operate = mul if self._take() == "*" else _divide
            result = _combine(operate, result, self._factor())
        return result

    def _factor(self) -> Term:
        word = self._take()
        if word in {"-", "("}:
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise ValidationFault(f"The expression nests deeper than {_MAX_DEPTH}.")
            result = _combine(mul, -1.0, self._factor()) if word == "-" else self._closed()
            self._depth -= 1
            return result
        if word[:1].isdigit() or word[:1] == ".":
            return float(word)
        if not word.isidentifier():
            raise ValidationFault(f"The expression has '{word or 'nothing'}' where a number or an id is due.")
        if self._next == "(":
            raise ValidationFault(f"The function {word} is not supported by moyai: use + - * / on metrics and numbers.")
        return self._resolve(word)

    def _closed(self) -> Term:
        result = self._sum()
        if self._take() != ")":
            raise ValidationFault("The expression lacks a ')'.")
        return result

    def _take(self) -> str:
        word, self._next = self._next, next(self._tokens, _END) if self._next != _END else _END
        return word


def _tokens(expression: str) -> Iterator[str]:
    position, text = 0, expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValidationFault(
                f"'{text[position:].strip()[:1]}' in an expression is not supported: use + - * / ( )."
            )
        position = match.end()
        yield str(match.group(match.lastgroup or 0))
    yield _END


def _divide(a: float, b: float) -> float | None:
    return a / b if b else None


def _combine(operate: Callable[[float, float], float | None], left: Term, right: Term) -> Term:
    if isinstance(left, float) and isinstance(right, float):
        value = operate(left, right)
        if value is None:
            raise ValidationFault("The expression divides by zero.")
        return value
    if isinstance(left, float):
        pairs = ((at, operate(left, value)) for at, value in right.items()) if not isinstance(right, float) else ()
    elif isinstance(right, float):
        pairs = ((at, operate(value, right)) for at, value in left.items())
    else:
        pairs = ((at, operate(value, right[at])) for at, value in left.items() if at in right)
    return {at: value for at, value in pairs if value is not None}
