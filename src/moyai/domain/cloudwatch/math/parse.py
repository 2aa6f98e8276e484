"""An expression's text into its tree, by recursive descent.

Promise: from loosest to tightest ``OR ||``, ``AND &&``, comparisons, ``+ -``, ``* /``, a sign in front, ``^``. All of
them go from left to right but ``^``. AWS publishes no order; this is the usual one.
Refuses: what nests deeper than fifty; Metrics Insights (``SELECT …``), by name.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.syntax import Array, Call, Chain, Name, Negative, Node, Number, Text
from moyai.domain.cloudwatch.math.tokens import Kind, Token, tokens

MAX_DEPTH: Final = 50
_LEVELS: Final = (
    frozenset({"OR"}),
    frozenset({"AND"}),
    frozenset({"==", "!=", "<", "<=", ">", ">="}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
)
_WORDS: Mapping[str, str] = MappingProxyType({"||": "OR", "&&": "AND"})
_SELECT: Final = re.compile(r"\s*SELECT\b", re.IGNORECASE)


def parse(expression: str) -> Node:
    """The tree. Raises ValidationFault."""
    if _SELECT.match(expression):
        raise ValidationFault(
            "Metrics Insights queries (SELECT) are not supported by moyai: use SEARCH and metric math."
        )
    return _Parser(expression).whole()


class _Parser:
    def __init__(self, expression: str) -> None:
        self._tokens = tokens(expression)
        self._next = next(self._tokens)
        self._depth = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._next.kind is not Kind.END:
            raise _unexpected(self._next, "an operator")
        return node

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._signed()
        first = self._level(level + 1)
        rest: list[tuple[str, Node]] = []
        while (sign := self._operator()) in _LEVELS[level]:
            self._take()
            rest.append((sign, self._level(level + 1)))
        return Chain(first, tuple(rest)) if rest else first

    def _operator(self) -> str:
        """The next token as an operator; empty when it can be none."""
        token = self._next
        if token.kind is Kind.NAME:
            return token.text if token.text in {"AND", "OR"} else ""
        return _WORDS.get(token.text, token.text) if token.kind is Kind.SIGN else ""

    def _signed(self) -> Node:
        if self._next.text != "-" or self._next.kind is not Kind.SIGN:
            return self._power()
        self._take()
        self._deeper()
        node = Negative(self._signed())
        self._depth -= 1
        return node

    def _power(self) -> Node:
        base = self._atom()
        if self._operator() != "^":
            return base
        self._take()
        self._deeper()
        node = Chain(base, (("^", self._signed()),))
        self._depth -= 1
        return node

    def _atom(self) -> Node:
        token = self._take()
        if token.kind is Kind.NUMBER:
            return Number(float(token.text))
        if token.kind is Kind.TEXT:
            return Text(token.text)
        if token.kind is Kind.NAME and token.text not in {"AND", "OR"}:
            return Call(token.text, self._listed(")")) if self._opens() else Name(token.text)
        if token.kind is Kind.SIGN and token.text == "[":
            return Array(self._listed("]"))
        if token.kind is not Kind.SIGN or token.text != "(":
            raise _unexpected(token, "a number, an id or a function")
        self._deeper()
        node = self._level(0)
        self._close(")")
        return node

    def _opens(self) -> bool:
        """Whether the name before was a function's; its parenthesis is taken then."""
        if self._next.kind is Kind.SIGN and self._next.text == "(":
            self._take()
            return True
        return False

    def _listed(self, end: str) -> tuple[Node, ...]:
        self._deeper()
        items: list[Node] = []
        if self._next.text != end or self._next.kind is not Kind.SIGN:
            items.append(self._level(0))
            while self._next.kind is Kind.SIGN and self._next.text == ",":
                self._take()
                items.append(self._level(0))
        self._close(end)
        return tuple(items)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValidationFault(f"The expression nests deeper than {MAX_DEPTH}.")

    def _close(self, end: str) -> None:
        token = self._take()
        if token.kind is not Kind.SIGN or token.text != end:
            raise _unexpected(token, f"'{end}'")
        self._depth -= 1

    def _take(self) -> Token:
        token = self._next
        self._next = next(self._tokens, token)
        return token


def _unexpected(token: Token, due: str) -> ValidationFault:
    if token.kind is Kind.END:
        return ValidationFault(f"The expression ends where {due} is due.")
    return ValidationFault(f"Unexpected '{token.text[:50]}' at position {token.place}, where {due} is due.")
