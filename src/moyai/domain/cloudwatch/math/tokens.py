"""The words of an expression: numbers, names, texts in quotes, and signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.errors import ValidationFault

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


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    NAME = "name"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


class Token(NamedTuple):
    """One word; ``text`` is without its quotes, ``place`` where it begins, counted from 1."""

    kind: Kind
    text: str
    place: int


def tokens(expression: str) -> Iterator[Token]:
    """The words in their order, and an END. Raises ValidationFault for what is none."""
    position = _after_space(expression, 0)
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None or match.lastgroup is None:
            raise ValidationFault(f"Unexpected '{expression[position]}' at position {position + 1}.")
        kind = Kind(match.lastgroup)
        text = match.group()
        yield Token(kind, text[1:-1] if kind is Kind.TEXT else text, position + 1)
        position = _after_space(expression, match.end())
    yield Token(Kind.END, "", position + 1)


def _after_space(expression: str, position: int) -> int:
    match = _SPACE.match(expression, position)
    return position if match is None else match.end()
