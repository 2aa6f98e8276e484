"""Filter patterns on JSON: ``{ $.a.b[0] = "x*" && ($.n >= 3 || $.gone NOT EXISTS) }``.

Promise: ``= != < <= > >=`` with numbers, ``= !=`` with strings (``*`` stands for anything) and ``%expressions%``,
``IS TRUE``, ``IS FALSE``, ``IS NULL``, ``EXISTS``, ``NOT EXISTS``, ``&&`` before ``||``, parentheses. A message that is
no JSON object does not pass; a comparison with what isn't there is false.
Refuses, with InvalidParameter: all else; what nests deeper than 20.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax-MatchTermsJSONLogEvents.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt
from types import MappingProxyType
from typing import Any, Final

import msgspec

from moyai.domain.logs.errors import InvalidParameter
from moyai.domain.logs.likeness import fitting

Holds = Callable[[Any], bool]
_Step = str | int

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<path>\$(?:\.[\w@-]+|\[(?:'[^']*'|\"[^\"]*\"|\d{1,6})\])+)"
    r"|(?P<text>\"(?:[^\"\\]|\\.)*\")|(?P<expression>%[^%]+%)|(?P<sign>&&|\|\||!=|<=|>=|[=<>(){}])|(?P<word>[^\s\"()&|<>={}%\[\]]+))"
)
_STEP: Final = re.compile(r"\.([\w@-]+)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(\d+)\]")
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_ORDER: Final[Mapping[str, Callable[[float, float], bool]]] = MappingProxyType({"<": lt, "<=": le, ">": gt, ">=": ge})
_DEEPEST: Final = 20
_END: Final = ("end", "")
_ABSENT: Final = object()


def compiled(text: str) -> Callable[[str], bool]:
    """The test that a pattern in braces means. Raises InvalidParameter."""
    holds = _Parser(text).whole()

    def passes(message: str) -> bool:
        try:
            value = msgspec.json.decode(message)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return False
        return isinstance(value, dict) and holds(value)

    return passes


class _Parser:
    """Recursive descent: alternatives of conjunctions of conditions."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._depth = 0
        self._next = _END
        self._advance()

    def whole(self) -> Holds:
        self._expect("{")
        holds = self._either()
        self._expect("}")
        if self._next != _END:
            raise self._fault()
        return holds

    def _either(self) -> Holds:
        ways = [self._both()]
        while self._next == ("sign", "||"):
            self._advance()
            ways.append(self._both())
        return ways[0] if len(ways) == 1 else lambda value: any(way(value) for way in ways)

    def _both(self) -> Holds:
        parts = [self._one()]
        while self._next == ("sign", "&&"):
            self._advance()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda value: all(part(value) for part in parts)

    def _one(self) -> Holds:
        if self._next == ("sign", "("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise InvalidParameter(f"Invalid filter pattern: it nests deeper than {_DEEPEST}.")
            self._advance()
            holds = self._either()
            self._expect(")")
            self._depth -= 1
            return holds
        kind, path = self._advance()
        if kind != "path":
            raise self._fault()
        steps = _steps(path)
        kind, operator = self._advance()
        if kind == "sign" and operator in {"=", "!=", *_ORDER}:
            return _comparison(steps, operator, self._operand())
        if kind == "word":
            return self._said(steps, operator.upper())
        raise self._fault()

    def _said(self, steps: tuple[_Step, ...], word: str) -> Holds:
        if word == "EXISTS":
            return lambda value: _at(value, steps) is not _ABSENT
        if word == "NOT" and self._advance()[1].upper() == "EXISTS":
            return lambda value: _at(value, steps) is _ABSENT
        if word == "IS":
            wanted = {"TRUE": True, "FALSE": False, "NULL": None}.get(self._advance()[1].upper(), _ABSENT)
            if wanted is not _ABSENT:
                return lambda value: _at(value, steps) is wanted
        raise self._fault()

    def _operand(self) -> str:
        kind, text = self._advance()
        if kind not in {"word", "text", "expression"}:
            raise self._fault()
        return text

    def _expect(self, sign: str) -> None:
        if self._advance() != ("sign", sign):
            raise self._fault()

    def _advance(self) -> tuple[str, str]:
        """The token that is due; the one behind it is read."""
        due = self._next
        rest = self._text[self._position :].strip()
        if not rest:
            self._next = _END
            return due
        found = _TOKEN.match(self._text, self._position)
        if found is None:
            raise self._fault()
        self._position = found.end()
        kind = found.lastgroup or ""
        self._next = (kind, found[kind])
        return due

    def _fault(self) -> InvalidParameter:
        return InvalidParameter(
            f"Invalid filter pattern: it can't be understood before {self._text[self._position :][:50]!r}."
        )


def _steps(path: str) -> tuple[_Step, ...]:
    return tuple(
        int(found[4]) if found[4] is not None else next(part for part in found.groups() if part is not None)
        for found in _STEP.finditer(path)
    )


def _at(value: Any, steps: tuple[_Step, ...]) -> Any:  # noqa: ANN401 (whatever a message holds)
    for step in steps:
        if isinstance(step, str):
            value = value.get(step, _ABSENT) if isinstance(value, dict) else _ABSENT
        else:
            value = value[step] if isinstance(value, list) and step < len(value) else _ABSENT
    return value


def _comparison(steps: tuple[_Step, ...], operator: str, operand: str) -> Holds:
    if not operand.startswith('"') and _NUMBER.fullmatch(operand):
        return _of_numbers(steps, operator, float(operand))
    if operator in _ORDER:
        raise InvalidParameter(f"Invalid filter pattern: {operator} compares with a number.")
    equal = fitting(operand)
    if operator == "=":
        return lambda value: isinstance(found := _at(value, steps), str) and equal(found)
    return lambda value: (found := _at(value, steps)) is not _ABSENT and not (isinstance(found, str) and equal(found))


def _of_numbers(steps: tuple[_Step, ...], operator: str, number: float) -> Holds:
    if operator == "!=":
        return lambda value: (found := _at(value, steps)) is not _ABSENT and not (_is_number(found) and found == number)
    holds = eq if operator == "=" else _ORDER[operator]
    return lambda value: _is_number(found := _at(value, steps)) and holds(found, number)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
