"""Parses an expression's text into its tree, by recursive descent.

Promise: from the loosest operator to the tightest: ``OR ||``, ``AND &&``, comparisons, ``+ -``, ``* /``, a leading
minus, ``^``. All are left-associative but ``^``. AWS publishes no precedence; this is the usual one. Operators of one
precedence are one node, however many there are, so a tree is only as deep as its parentheses.
Refuses: expressions nested deeper than fifty levels; Metrics Insights (``SELECT …``), by name.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from moyai.domain.cloudwatch.errors import ValidationFault

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
_TOKEN: Final = re.compile(
    r"""
    (?P<number> (?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)? )
  | (?P<name>   [A-Za-z_][A-Za-z0-9_]* )
  | (?P<text>   "[^"]*" | '[^']*' )
  | (?P<sign>   && | \|\| | [=!<>]= | [-+*/^()\[\],<>] )
    """,
    re.VERBOSE,
)
_SPACE: Final = re.compile(r"\s*")


class NumberNode(NamedTuple):
    """A number, as in ``0.5``."""

    value: float


class TextNode(NamedTuple):
    """A quoted text, as the search ``'{AWS/ECS,ClusterName} MetricName="CPUUtilization"'``."""

    text: str


class NameNode(NamedTuple):
    """``m1``, or a word that a function takes: ``REPEAT``."""

    name: str


class ArrayNode(NamedTuple):
    """An array of series: ``[m1, m2]``."""

    items: tuple[Node, ...]


class NegationNode(NamedTuple):
    """The negation of an operand: ``-m1``."""

    operand: Node


class OperatorChain(NamedTuple):
    """``m1 - m2 + 3``: evaluated from left to right, each sign with its right operand."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


class CallNode(NamedTuple):
    """A function's call: ``FILL(m1, 0)``."""

    function: str
    arguments: tuple[Node, ...]


Node: TypeAlias = NumberNode | TextNode | NameNode | ArrayNode | NegationNode | OperatorChain | CallNode


class TokenKind(Enum):
    """The lexical classes of a token."""

    NUMBER = "number"
    NAME = "name"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


class Token(NamedTuple):
    """One token; ``text`` is without quotes, ``position`` is that of its first character, counted from 1."""

    kind: TokenKind
    text: str
    position: int


def parse(expression: str) -> Node:
    """The expression's tree. Raises ValidationFault."""
    if _SELECT.match(expression):
        raise ValidationFault(
            "Metrics Insights queries (SELECT) are not supported by moyai: use SEARCH and metric math."
        )
    return _Parser(expression).parse()


class _Parser:
    def __init__(self, expression: str) -> None:
        self._tokens = _tokenize(expression)
        self._next = next(self._tokens)
        self._depth = 0

    def parse(self) -> Node:
        node = self._binary(0)
        if self._next.kind is not TokenKind.END:
            raise _unexpected_token(self._next, "an operator")
        return node

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._negation()
        first = self._binary(level + 1)
        rest: list[tuple[str, Node]] = []
        while (sign := self._next_operator()) in _LEVELS[level]:
            self._take()
            rest.append((sign, self._binary(level + 1)))
        return OperatorChain(first, tuple(rest)) if rest else first

    def _next_operator(self) -> str:
        """The next token as an operator; empty when it is none."""
        token = self._next
        if token.kind is TokenKind.NAME:
            return token.text if token.text in {"AND", "OR"} else ""
        return _WORDS.get(token.text, token.text) if token.kind is TokenKind.SIGN else ""

    def _negation(self) -> Node:
        if not self._next_is("-"):
            return self._power()
        self._take()
        self._enter_level()
        node = NegationNode(self._negation())
        self._depth -= 1
        return node

    def _power(self) -> Node:
        base = self._atom()
        if self._next_operator() != "^":
            return base
        self._take()
        self._enter_level()
        node = OperatorChain(base, (("^", self._negation()),))
        self._depth -= 1
        return node

    def _atom(self) -> Node:
        token = self._take()
        if token.kind is TokenKind.NUMBER:
            return NumberNode(float(token.text))
        if token.kind is TokenKind.TEXT:
            return TextNode(token.text)
        if token.kind is TokenKind.NAME and token.text not in {"AND", "OR"}:
            if not self._next_is("("):
                return NameNode(token.text)
            self._take()
            return CallNode(token.text, self._items(")"))
        if token.kind is TokenKind.SIGN and token.text == "[":
            return ArrayNode(self._items("]"))
        if token.kind is not TokenKind.SIGN or token.text != "(":
            raise _unexpected_token(token, "a number, an id or a function")
        self._enter_level()
        node = self._binary(0)
        self._close(")")
        return node

    def _items(self, end: str) -> tuple[Node, ...]:
        self._enter_level()
        items: list[Node] = []
        if not self._next_is(end):
            items.append(self._binary(0))
            while self._next_is(","):
                self._take()
                items.append(self._binary(0))
        self._close(end)
        return tuple(items)

    def _next_is(self, sign: str) -> bool:
        return self._next.kind is TokenKind.SIGN and self._next.text == sign

    def _enter_level(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValidationFault(f"The expression nests deeper than {MAX_DEPTH}.")

    def _close(self, end: str) -> None:
        token = self._take()
        if token.kind is not TokenKind.SIGN or token.text != end:
            raise _unexpected_token(token, f"'{end}'")
        self._depth -= 1

    def _take(self) -> Token:
        token = self._next
        self._next = next(self._tokens, token)
        return token


def _unexpected_token(token: Token, due: str) -> ValidationFault:
    if token.kind is TokenKind.END:
        return ValidationFault(f"The expression ends where {due} is due.")
    return ValidationFault(f"Unexpected '{token.text[:50]}' at position {token.position}, where {due} is due.")


def _tokenize(expression: str) -> Iterator[Token]:
    """The tokens in their order, and an END. Raises ValidationFault for a character that begins no token."""
    position = _after_space(expression, 0)
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None or match.lastgroup is None:
            raise ValidationFault(f"Unexpected '{expression[position]}' at position {position + 1}.")
        kind = TokenKind(match.lastgroup)
        text = match.group()
        yield Token(kind, text[1:-1] if kind is TokenKind.TEXT else text, position + 1)
        position = _after_space(expression, match.end())
    yield Token(TokenKind.END, "", position + 1)


def _after_space(expression: str, position: int) -> int:
    match = _SPACE.match(expression, position)
    return position if match is None else match.end()
