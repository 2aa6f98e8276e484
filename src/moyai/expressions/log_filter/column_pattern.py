"""Filter patterns on columns: ``[ip, user, ..., status = 4* || status = 500, bytes > 1000]``.

Promise: a message is split at blanks; text in ``[…]`` or ``"…"`` is one column. ``...`` matches any number of columns;
without it the pattern's last column is the rest of the message, and a message with fewer columns does not match. A
column of the pattern is a name alone, or has conditions: ``= !=`` with a word (``*`` matches anything), a phrase or a
``%regular expression%``, or ``= != < <= > >=`` with a number; ``&&`` binds tighter than ``||``.
Refuses, with InvalidParameter: any other pattern; two ``...``.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-unstructured-log-events.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from types import MappingProxyType
from typing import Final

from moyai.domain.logs.errors import InvalidParameter
from moyai.expressions.log_filter.operand import TextPredicate, compile_operand

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
_GAP: Final = "..."


def compile_column_pattern(text: str) -> TextPredicate:
    """The predicate of a pattern in brackets. Raises InvalidParameter."""
    if not text.endswith("]"):
        raise _fault(text)
    columns = _columns(text[1:-1])
    if columns.count(_GAP) > 1:
        raise InvalidParameter("Invalid filter pattern: there can be one ... only.")
    gap = columns.index(_GAP) if _GAP in columns else None
    tests = [_column_test(column) for column in columns if column != _GAP]

    def matches(message: str) -> bool:
        values = _values(message, len(tests), gap)
        return values is not None and all(test(value) for test, value in zip(tests, values, strict=False))

    return matches


def compile_column(pattern: str, name: str) -> Callable[[str], str | None]:
    """The text of a message in the column of this name. Raises InvalidParameter if the pattern has no such column."""
    columns = _columns(pattern[1:-1])
    gap = columns.index(_GAP) if _GAP in columns else None
    names = [_NAME.match(column) for column in columns if column != _GAP]
    index = next((number for number, match in enumerate(names) if match is not None and match[0] == name), None)
    if index is None:
        raise InvalidParameter(f"Invalid selector: the filter pattern has no column {name[:100]!r}.")

    def select(message: str) -> str | None:
        values = _values(message, len(names), gap)
        return None if values is None else values[index]

    return select


def _values(message: str, count: int, gap: int | None) -> list[str] | None:
    """The columns of a message that a pattern with ``count`` of them has; None when there are fewer."""
    values = [next(part for part in match.groups() if part is not None) for match in _COLUMN.finditer(message)]
    if len(values) < count:
        return None
    return values if gap is None else [*values[:gap], *values[len(values) - (count - gap) :]]


def _columns(text: str) -> list[str]:
    """Split a pattern at its commas, except those in phrases and regular expressions."""
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


def _column_test(column: str) -> TextPredicate:
    if _NAME.fullmatch(column):
        return lambda _: True
    alternatives: list[list[TextPredicate]] = [[]]
    position, name = 0, None
    while True:
        match = _CONDITION.match(column, position)
        if match is None or name not in {None, match["name"]}:
            raise _fault(column[position:])
        name, position = match["name"], match.end()
        alternatives[-1].append(_condition(match["sign"], match["value"]))
        link, position = column[position : position + 2], position + 2
        if not link:
            return lambda value: any(all(part(value) for part in conjunction) for conjunction in alternatives)
        if link == "||":
            alternatives.append([])
        elif link != "&&":
            raise _fault(column[position - 2 :])


def _condition(sign: str, operand: str) -> TextPredicate:
    if _NUMBER.fullmatch(operand):
        number, holds = float(operand), _ORDER[sign]
        return lambda value: holds(float(value), number) if _NUMBER.fullmatch(value) else sign == "!="
    if sign not in {"=", "!="}:
        raise InvalidParameter(f"Invalid filter pattern: {sign} compares with a number.")
    equals = compile_operand(operand)
    return equals if sign == "=" else lambda value: not equals(value)


def _fault(text: str) -> InvalidParameter:
    return InvalidParameter(f"Invalid filter pattern: it can't be understood from {text[:50]!r} on.")
