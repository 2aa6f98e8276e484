r"""Regular expressions of filter patterns, found anywhere in a text in time that grows with its length alone.

Promise: AWS's dialect: letters, digits, blanks and ``: _ # = @ / ; , -`` as they are, ``.``, classes, ``\d \D \s``
``\S \w \W \xhh``, a backslash before anything else, ``? * + {n} {n,} {n,m}``, ``|``, ``^``, ``$``; no parentheses.
They come from callers, so they are not given to ``re``, which some of them keep busy for ever: all ways through the
expression are followed at once, and each set of places is worked out once.
Refuses, with InvalidParameter: all else, and what is longer than 500 places when its counts are written out.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from moyai.domain.logs.errors import InvalidParameter

_MOST_PLACES: Final = 500
_MOST_KEPT: Final = 5000
_LAST: Final = "\x7f"
_BEYOND: Final = "\x80"
"""Stands for every character that is not ASCII: no expression can name one."""
_PLAIN: Final = frozenset(string.ascii_letters + string.digits + "_#=@/;,-: ")
_WORD: Final = frozenset(string.ascii_letters + string.digits + "_")
_DIGIT: Final = frozenset(string.digits)
_BLANK: Final = frozenset(" \t\n\r\f\v")
_COUNT: Final = re.compile(r"\{(\d{1,3})(?:(,)(\d{1,3})?)?\}")


class _Characters(NamedTuple):
    """These, or all others."""

    named: frozenset[str]
    others: bool = False

    def have(self, character: str) -> bool:
        return (character in self.named) is not self.others


class _Place(NamedTuple):
    """One character of a text; ``skip``: or none; ``stay``: and any number more of them."""

    characters: _Characters
    skip: bool = False
    stay: bool = False


_CLASSES: Final = (
    ("d", _Characters(_DIGIT)),
    ("D", _Characters(_DIGIT, others=True)),
    ("s", _Characters(_BLANK)),
    ("S", _Characters(_BLANK, others=True)),
    ("w", _Characters(_WORD)),
    ("W", _Characters(_WORD, others=True)),
)
_ANY: Final = _Characters(frozenset(), others=True)

_Node = tuple[int, int]
"""An alternative, and how far in it."""
_Nodes = frozenset[_Node]


def searched(text: str) -> Callable[[str], bool]:
    """Whether the expression is found in a text. Raises InvalidParameter."""
    return _Machine([_Reader(part).alternative() for part in _alternatives(text)]).found


def _alternatives(text: str) -> list[str]:
    parts, escaped, inside = [""], False, False
    for character in text:
        if character == "|" and not escaped and not inside:
            parts.append("")
            continue
        inside = not escaped and (character == "[" or (inside and character != "]"))
        escaped = character == "\\" and not escaped
        parts[-1] += character
    return parts


class _Alternative(NamedTuple):
    places: tuple[_Place, ...]
    begins: bool
    ends: bool


class _Reader:
    """Reads one alternative from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._begins = text.startswith("^")
        self._ends = text.endswith("$") and not text.endswith("\\$")
        self._text = text[self._begins : len(text) - self._ends]
        self._at = 0

    def alternative(self) -> _Alternative:
        places: list[_Place] = []
        while self._at < len(self._text):
            characters = self._one()
            places += self._often(characters)
            if len(places) > _MOST_PLACES:
                raise InvalidParameter(f"Invalid filter pattern: a regular expression of over {_MOST_PLACES} places.")
        if not places:
            raise InvalidParameter("Invalid filter pattern: an empty regular expression.")
        return _Alternative(tuple(places), self._begins, self._ends)

    def _one(self) -> _Characters:
        character = self._next()
        if character == ".":
            return _ANY
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escaped()
        if character not in _PLAIN:
            raise self._fault(character)
        return _Characters(frozenset(character))

    def _often(self, characters: _Characters) -> Iterable[_Place]:
        sign = self._text[self._at : self._at + 1]
        counted = _COUNT.match(self._text, self._at)
        if counted is not None:
            self._at = counted.end()
            least, more, most = int(counted[1]), counted[2], counted[3]
            if most is not None and int(most) < least:
                raise self._fault(counted[0])
            rest = [_Place(characters, skip=True)] * (int(most) - least if most is not None else 0)
            endless = [_Place(characters, skip=True, stay=True)] if more and most is None else []
            return [*[_Place(characters)] * least, *rest, *endless]
        if sign not in {"?", "*", "+"} or not sign:
            return [_Place(characters)]
        self._at += 1
        several = _Place(characters, skip=True, stay=sign != "?")
        return [_Place(characters), several] if sign == "+" else [several]

    def _class(self) -> _Characters:
        others = self._text.startswith("^", self._at)
        self._at += others
        named: set[str] = set()
        while (character := self._next()) != "]":
            if character == "\\":
                one = self._escaped()
                if one.others:
                    raise self._fault("\\")
                named |= one.named
                continue
            last = character
            if self._text.startswith("-", self._at) and self._text[self._at + 1 : self._at + 2] not in {"", "]"}:
                self._at += 1
                last = self._next()
            if not character <= last <= _LAST:
                raise self._fault(character)
            named |= {chr(code) for code in range(ord(character), ord(last) + 1)}
        return _Characters(frozenset(named), others=others)

    def _escaped(self) -> _Characters:
        character = self._next()
        if character == "x":
            digits = self._text[self._at : self._at + 2]
            self._at += 2
            if not re.fullmatch("[0-7][0-9a-fA-F]", digits):
                raise self._fault("\\x")
            return _Characters(frozenset(chr(int(digits, 16))))
        known = dict(_CLASSES).get(character)
        if known is None and (character.isalnum() or character > _LAST):
            raise self._fault("\\" + character)
        return known or _Characters(frozenset(character))

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise InvalidParameter("Invalid filter pattern: a regular expression that has no end.")
        self._at += 1
        return self._text[self._at - 1]

    def _fault(self, what: str) -> InvalidParameter:
        return InvalidParameter(f"Invalid filter pattern: {what!r} can't stand in a regular expression like that.")


class _Machine:
    """All alternatives at once."""

    def __init__(self, alternatives: list[_Alternative]) -> None:
        self._all = alternatives
        self._first = self._reached((number, 0) for number in range(len(alternatives)))
        self._again = self._reached((number, 0) for number, one in enumerate(alternatives) if not one.begins)
        self._steps: dict[tuple[_Nodes, str], _Nodes] = {}

    def found(self, text: str) -> bool:
        """Whether it is in the text."""
        nodes = self._first
        for character in text:
            if self._is_through(nodes, at_end=False):
                return True
            known = character if character <= _LAST else _BEYOND
            after = self._steps.get((nodes, known))
            nodes = self._step(nodes, known) if after is None else after
        return self._is_through(nodes, at_end=True)

    def _is_through(self, nodes: _Nodes, *, at_end: bool) -> bool:
        return any(place == len(self._all[n].places) and (at_end or not self._all[n].ends) for n, place in nodes)

    def _step(self, nodes: _Nodes, character: str) -> _Nodes:
        went = set()
        for number, place in nodes:
            places = self._all[number].places
            if place < len(places) and places[place].characters.have(character):
                went.add((number, place + 1))
                if places[place].stay:
                    went.add((number, place))
        after = self._reached(went) | self._again
        if len(self._steps) >= _MOST_KEPT:
            self._steps.clear()
        self._steps[nodes, character] = after
        return after

    def _reached(self, nodes: Iterable[_Node]) -> _Nodes:
        """These, and those that are there without another character."""
        found: set[_Node] = set()
        for number, start in nodes:
            places, place = self._all[number].places, start
            found.add((number, place))
            while place < len(places) and places[place].skip:
                place += 1
                found.add((number, place))
        return frozenset(found)
