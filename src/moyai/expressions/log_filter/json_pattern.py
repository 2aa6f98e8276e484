"""Filter patterns on JSON: ``{ $.a.b[0] = "x*" && ($.n >= 3 || $.gone NOT EXISTS) }``.

Promise: ``= != < <= > >=`` with numbers, ``= !=`` with strings (``*`` matches anything) and ``%regex%``, ``IS TRUE``,
``IS FALSE``, ``IS NULL``, ``EXISTS``, ``NOT EXISTS``, parentheses; ``&&`` binds tighter than ``||``. Without quotation
marks ``= !=`` compare a number by its text (``$.latency = *``); booleans and null equal nothing. A message that is no
JSON object does not match; a comparison with a missing value is false.
Refuses, with InvalidParameter: any other pattern, and nesting deeper than 20 levels.
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
from moyai.expressions.log_filter.operand import TextPredicate, compile_operand
from moyai.kernel.json_values import is_number

_JsonPredicate = Callable[[Any], bool]
_Step = str | int
"""A member's name, or an index of an array."""

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


def compile_json_pattern(text: str) -> TextPredicate:
    """The predicate of a pattern in braces. Raises InvalidParameter."""
    holds = _Parser(text).parse()

    def matches(message: str) -> bool:
        try:
            value = msgspec.json.decode(message)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return False
        return isinstance(value, dict) and holds(value)

    return matches


def compile_path(path: str) -> Callable[[str], str | None]:
    """The value at a path (``$.a.b[0]``) of a JSON message, as text: a number or a string. Raises InvalidParameter."""
    match = _TOKEN.fullmatch(path)
    if match is None or match["path"] is None:
        raise InvalidParameter(f"Invalid selector: {path[:100]!r} is no path.")
    steps = _steps(path)

    def select(message: str) -> str | None:
        try:
            value = _value_at(msgspec.json.decode(message), steps)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return None
        return str(value) if isinstance(value, str) or is_number(value) else None

    return select


class _Parser:
    """A recursive descent parser: alternatives of conjunctions of conditions."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._depth = 0
        self._next = _END
        self._advance()

    def parse(self) -> _JsonPredicate:
        self._expect("{")
        holds = self._alternative()
        self._expect("}")
        if self._next != _END:
            raise self._fault()
        return holds

    def _alternative(self) -> _JsonPredicate:
        alternatives = [self._conjunction()]
        while self._next == ("sign", "||"):
            self._advance()
            alternatives.append(self._conjunction())
        return alternatives[0] if len(alternatives) == 1 else lambda value: any(one(value) for one in alternatives)

    def _conjunction(self) -> _JsonPredicate:
        parts = [self._condition()]
        while self._next == ("sign", "&&"):
            self._advance()
            parts.append(self._condition())
        return parts[0] if len(parts) == 1 else lambda value: all(part(value) for part in parts)

    def _condition(self) -> _JsonPredicate:
        if self._next == ("sign", "("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise InvalidParameter(f"Invalid filter pattern: it nests deeper than {_DEEPEST}.")
            self._advance()
            holds = self._alternative()
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
            return self._word_condition(steps, operator.upper())
        raise self._fault()

    def _word_condition(self, steps: tuple[_Step, ...], word: str) -> _JsonPredicate:
        if word == "EXISTS":
            return lambda value: _value_at(value, steps) is not _ABSENT
        if word == "NOT" and self._advance()[1].upper() == "EXISTS":
            return lambda value: _value_at(value, steps) is _ABSENT
        if word == "IS":
            literal = {"TRUE": True, "FALSE": False, "NULL": None}.get(self._advance()[1].upper(), _ABSENT)
            if literal is not _ABSENT:
                return lambda value: _value_at(value, steps) is literal
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
        """Take the next token, and read the one after it."""
        token = self._next
        rest = self._text[self._position :].strip()
        if not rest:
            self._next = _END
            return token
        match = _TOKEN.match(self._text, self._position)
        if match is None:
            raise self._fault()
        self._position = match.end()
        kind = match.lastgroup or ""
        self._next = (kind, match[kind])
        return token

    def _fault(self) -> InvalidParameter:
        return InvalidParameter(
            f"Invalid filter pattern: it can't be understood before {self._text[self._position :][:50]!r}."
        )


def _steps(path: str) -> tuple[_Step, ...]:
    return tuple(
        int(match[4]) if match[4] is not None else next(part for part in match.groups() if part is not None)
        for match in _STEP.finditer(path)
    )


def _value_at(value: Any, steps: tuple[_Step, ...]) -> Any:  # noqa: ANN401 (any JSON value)
    for step in steps:
        if isinstance(step, str):
            value = value.get(step, _ABSENT) if isinstance(value, dict) else _ABSENT
        else:
            value = value[step] if isinstance(value, list) and step < len(value) else _ABSENT
    return value


def _comparison(steps: tuple[_Step, ...], operator: str, operand: str) -> _JsonPredicate:
    if not operand.startswith('"') and _NUMBER.fullmatch(operand):
        return _number_comparison(steps, operator, float(operand))
    if operator in _ORDER:
        raise InvalidParameter(f"Invalid filter pattern: {operator} compares with a number.")
    equal, has_numbers = compile_operand(operand), not operand.startswith('"')

    def is_equal(member: object) -> bool:
        return (isinstance(member, str) or (has_numbers and is_number(member))) and equal(str(member))

    if operator == "=":
        return lambda value: is_equal(_value_at(value, steps))
    return lambda value: (member := _value_at(value, steps)) is not _ABSENT and not is_equal(member)


def _number_comparison(steps: tuple[_Step, ...], operator: str, number: float) -> _JsonPredicate:
    if operator == "!=":
        return lambda value: (
            (member := _value_at(value, steps)) is not _ABSENT and not (is_number(member) and member == number)
        )
    holds = eq if operator == "=" else _ORDER[operator]
    return lambda value: is_number(member := _value_at(value, steps)) and holds(member, number)
