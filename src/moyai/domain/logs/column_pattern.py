"""Filter patterns on columns: ``[ip, user, ..., status = 4* || status = 500, bytes > 1000]``.

Promise: a message is cut at blanks, and what is in ``[…]`` or ``"…"`` is one column. ``...`` stands for any number of
columns; without it the pattern's last column is all the rest, and a message with fewer columns does not pass. A column
has a name alone, or conditions: ``= !=`` with a word (``*`` stands for anything), a phrase or ``%an expression%``,
``< <= > >=``, and ``=`` and ``!=`` too, with numbers; ``&&`` before ``||``.
Refuses, with InvalidParameter: all else; two ``...``.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-unstructured-log-events.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from types import MappingProxyType
from typing import Final

from moyai.domain.logs.errors import InvalidParameter
from moyai.domain.logs.likeness import Fits, fitting

_COLUMN: Final = re.compile(r"\[([^\]]*)\]|\"([^\"]*)\"|(\S+)")
_PIECE: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|%[^%]*%|[^,\"%]+|,")
_CONDITION: Final = re.compile(
    r"\s*(?P<name>[A-Za-z_][\w-]*)\s*(?P<sign>!=|<=|>=|=|<|>)\s*"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|%[^%]+%|[^\s\",&|%\[\]]+)\s*"
)
_NAME: Final = re.compile(r"[A-Za-z_][\w-]*")
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d*)?")
_ORDER: Final[Mapping[str, Callable[[float, float], bool]]] = MappingProxyType(
    {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "!=": ne}
)
_ANY: Final = "..."


def compiled(text: str) -> Callable[[str], bool]:
    """The test that a pattern in brackets means. Raises InvalidParameter."""
    if not text.endswith("]"):
        raise _fault(text)
    columns = _columns(text[1:-1])
    if columns.count(_ANY) > 1:
        raise InvalidParameter("Invalid filter pattern: there can be one ... only.")
    gap = columns.index(_ANY) if _ANY in columns else None
    tests = [_test(column) for column in columns if column != _ANY]

    def passes(message: str) -> bool:
        found = [next(part for part in cut.groups() if part is not None) for cut in _COLUMN.finditer(message)]
        if len(found) < len(tests):
            return False
        if gap is not None:
            found = [*found[:gap], *found[len(found) - (len(tests) - gap) :]]
        return all(test(value) for test, value in zip(tests, found, strict=False))

    return passes


def _columns(text: str) -> list[str]:
    """The pattern's columns: what is between commas, but for those in phrases and expressions."""
    columns = [""]
    position = 0
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:
            raise _fault(text[position:])
        position = piece.end()
        if piece[0] == ",":
            columns.append("")
        else:
            columns[-1] += piece[0]
    return [column.strip() for column in columns]


def _test(column: str) -> Fits:
    if _NAME.fullmatch(column):
        return lambda _: True
    ways: list[list[Fits]] = [[]]
    position, name = 0, None
    while True:
        found = _CONDITION.match(column, position)
        if found is None or name not in {None, found["name"]}:
            raise _fault(column[position:])
        name, position = found["name"], found.end()
        ways[-1].append(_condition(found["sign"], found["value"]))
        link, position = column[position : position + 2], position + 2
        if not link:
            return lambda value: any(all(part(value) for part in way) for way in ways)
        if link == "||":
            ways.append([])
        elif link != "&&":
            raise _fault(column[position - 2 :])


def _condition(sign: str, operand: str) -> Fits:
    if _NUMBER.fullmatch(operand):
        number, holds = float(operand), _ORDER[sign]
        return lambda value: holds(float(value), number) if _NUMBER.fullmatch(value) else sign == "!="
    if sign not in {"=", "!="}:
        raise InvalidParameter(f"Invalid filter pattern: {sign} compares with a number.")
    fits = fitting(operand)
    return fits if sign == "=" else lambda value: not fits(value)


def _fault(text: str) -> InvalidParameter:
    return InvalidParameter(f"Invalid filter pattern: it can't be understood from {text[:50]!r} on.")
