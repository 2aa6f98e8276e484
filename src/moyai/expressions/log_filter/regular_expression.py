r"""Regular expressions of filter patterns, searched for in time that is linear in the length of the text.

Promise: AWS's dialect: letters, digits, blanks and ``: _ # = @ / ; , -`` as they are, ``.``, classes, ``\d \D \s``
``\S \w \W \xhh``, a backslash before anything else, ``? * + {n} {n,} {n,m}``, ``|``, ``^``, ``$``; no parentheses.
Expressions come from callers, so they are not given to ``re``, which some of them would keep busy for ever. A
nondeterministic automaton follows all paths at once, and each set of its states is computed once.
Refuses, with InvalidParameter: any other syntax, and more than 500 positions when counts are expanded.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from moyai.domain.logs.errors import InvalidParameter

_MAX_POSITIONS: Final = 500
_MAX_CACHED_STEPS: Final = 5000
_LAST_ASCII: Final = "\x7f"
_NOT_ASCII: Final = "\x80"
"""Stands for every character that is not ASCII: no expression can name one."""
_LITERAL: Final = frozenset(string.ascii_letters + string.digits + "_#=@/;,-: ")
_WORD: Final = frozenset(string.ascii_letters + string.digits + "_")
_DIGIT: Final = frozenset(string.digits)
_BLANK: Final = frozenset(" \t\n\r\f\v")
_COUNT: Final = re.compile(r"\{(\d{1,3})(?:(,)(\d{1,3})?)?\}")


class _CharacterSet(NamedTuple):
    """The named characters; with ``others``, all characters but these."""

    characters: frozenset[str]
    others: bool = False

    def contains(self, character: str) -> bool:
        return (character in self.characters) is not self.others


class _Position(NamedTuple):
    """A position of an expression, which matches one character. ``skip``: or none; ``stay``: or any number more."""

    characters: _CharacterSet
    skip: bool = False
    stay: bool = False


_CLASSES: Final = (
    ("d", _CharacterSet(_DIGIT)),
    ("D", _CharacterSet(_DIGIT, others=True)),
    ("s", _CharacterSet(_BLANK)),
    ("S", _CharacterSet(_BLANK, others=True)),
    ("w", _CharacterSet(_WORD)),
    ("W", _CharacterSet(_WORD, others=True)),
)
_ANY: Final = _CharacterSet(frozenset(), others=True)

_State = tuple[int, int]
"""The index of an alternative, and that of the next position in it."""
_States = frozenset[_State]


def compile_regular_expression(text: str) -> Callable[[str], bool]:
    """A predicate: whether the expression matches anywhere in a text. Raises InvalidParameter."""
    return _Automaton([_AlternativeParser(part).parse() for part in _alternatives(text)]).matches


def _alternatives(text: str) -> list[str]:
    """The expression, split at each ``|`` that is neither escaped nor in a class."""
    parts, is_escaped, inside = [""], False, False
    for character in text:
        if character == "|" and not is_escaped and not inside:
            parts.append("")
            continue
        inside = not is_escaped and (character == "[" or (inside and character != "]"))
        is_escaped = character == "\\" and not is_escaped
        parts[-1] += character
    return parts


class _Alternative(NamedTuple):
    positions: tuple[_Position, ...]
    begins: bool
    ends: bool


class _AlternativeParser:
    """Parses one of the alternatives between the ``|`` of an expression."""

    def __init__(self, text: str) -> None:
        self._begins = text.startswith("^")
        self._ends = text.endswith("$") and not text.endswith("\\$")
        self._text = text[self._begins : len(text) - self._ends]
        self._at = 0

    def parse(self) -> _Alternative:
        positions: list[_Position] = []
        while self._at < len(self._text):
            characters = self._characters()
            positions += self._positions_of(characters)
            if len(positions) > _MAX_POSITIONS:
                raise InvalidParameter(f"Invalid filter pattern: a regular expression of over {_MAX_POSITIONS} places.")
        if not positions:
            raise InvalidParameter("Invalid filter pattern: an empty regular expression.")
        return _Alternative(tuple(positions), self._begins, self._ends)

    def _characters(self) -> _CharacterSet:
        character = self._next()
        if character == ".":
            return _ANY
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape()
        if character not in _LITERAL:
            raise self._fault(character)
        return _CharacterSet(frozenset(character))

    def _positions_of(self, characters: _CharacterSet) -> Iterable[_Position]:
        sign = self._text[self._at : self._at + 1]
        quantifier = _COUNT.match(self._text, self._at)
        if quantifier is not None:
            self._at = quantifier.end()
            least, more, most = int(quantifier[1]), quantifier[2], quantifier[3]
            if most is not None and int(most) < least:
                raise self._fault(quantifier[0])
            rest = [_Position(characters, skip=True)] * (int(most) - least if most is not None else 0)
            endless = [_Position(characters, skip=True, stay=True)] if more and most is None else []
            return [*[_Position(characters)] * least, *rest, *endless]
        if sign not in {"?", "*", "+"} or not sign:
            return [_Position(characters)]
        self._at += 1
        several = _Position(characters, skip=True, stay=sign != "?")
        return [_Position(characters), several] if sign == "+" else [several]

    def _class(self) -> _CharacterSet:
        others = self._text.startswith("^", self._at)
        self._at += others
        characters: set[str] = set()
        while (character := self._next()) != "]":
            if character == "\\":
                escape = self._escape()
                if escape.others:
                    raise self._fault("\\")
                characters |= escape.characters
                continue
            last = character
            if self._text.startswith("-", self._at) and self._text[self._at + 1 : self._at + 2] not in {"", "]"}:
                self._at += 1
                last = self._next()
            if not character <= last <= _LAST_ASCII:
                raise self._fault(character)
            characters |= {chr(code) for code in range(ord(character), ord(last) + 1)}
        return _CharacterSet(frozenset(characters), others=others)

    def _escape(self) -> _CharacterSet:
        character = self._next()
        if character == "x":
            digits = self._text[self._at : self._at + 2]
            self._at += 2
            if not re.fullmatch("[0-7][0-9a-fA-F]", digits):
                raise self._fault("\\x")
            return _CharacterSet(frozenset(chr(int(digits, 16))))
        named_class = dict(_CLASSES).get(character)
        if named_class is None and (character.isalnum() or character > _LAST_ASCII):
            raise self._fault("\\" + character)
        return named_class or _CharacterSet(frozenset(character))

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise InvalidParameter("Invalid filter pattern: a regular expression that has no end.")
        self._at += 1
        return self._text[self._at - 1]

    def _fault(self, text: str) -> InvalidParameter:
        return InvalidParameter(f"Invalid filter pattern: {text!r} can't stand in a regular expression like that.")


class _Automaton:
    """A nondeterministic automaton of all alternatives, which caches the sets of states that it has computed."""

    def __init__(self, alternatives: list[_Alternative]) -> None:
        self._alternatives = alternatives
        self._initial = self._closure((n, 0) for n in range(len(alternatives)))
        self._restarts = self._closure((n, 0) for n, one in enumerate(alternatives) if not one.begins)
        self._steps: dict[tuple[_States, str], _States] = {}

    def matches(self, text: str) -> bool:
        """Whether an alternative matches anywhere in the text."""
        states = self._initial
        for character in text:
            if self._is_accepting(states, at_end=False):
                return True
            symbol = character if character <= _LAST_ASCII else _NOT_ASCII
            after = self._steps.get((states, symbol))
            states = self._step(states, symbol) if after is None else after
        return self._is_accepting(states, at_end=True)

    def _is_accepting(self, states: _States, *, at_end: bool) -> bool:
        return any(
            position == len(self._alternatives[n].positions) and (at_end or not self._alternatives[n].ends)
            for n, position in states
        )

    def _step(self, states: _States, character: str) -> _States:
        next_states = set()
        for alternative, position in states:
            positions = self._alternatives[alternative].positions
            if position < len(positions) and positions[position].characters.contains(character):
                next_states.add((alternative, position + 1))
                if positions[position].stay:
                    next_states.add((alternative, position))
        after = self._closure(next_states) | self._restarts
        if len(self._steps) >= _MAX_CACHED_STEPS:
            self._steps.clear()
        self._steps[states, character] = after
        return after

    def _closure(self, states: Iterable[_State]) -> _States:
        """These states, and those that are reached from them without reading a character."""
        closure: set[_State] = set()
        for alternative, start in states:
            positions, position = self._alternatives[alternative].positions, start
            closure.add((alternative, position))
            while position < len(positions) and positions[position].skip:
                position += 1
                closure.add((alternative, position))
        return frozenset(closure)
