"""The rule language of composite alarms: ``ALARM(front-errors) AND NOT (OK("cart slow") OR FALSE)``.

Promise: NOT binds tighter than AND, AND tighter than OR. TRUE and FALSE may be in small letters, as AWS's pages have
them, too. An alarm is named by its name or its ARN, in quotes where it
has spaces or parentheses in it.
Refuses: more than a hundred alarms, more than 500 states and constants, and what nests deeper than fifty parentheses.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.alarm import AlarmState, alarm_arn
from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.kernel.ids import AlarmArn
from moyai.kernel.scope import Scope

StateOf = Callable[[AlarmArn], AlarmState | None]
"""The state of an alarm; None when there is no such alarm."""
Holds = Callable[[StateOf], bool]

_MAX_ALARMS: Final = 100
_MAX_ELEMENTS: Final = 500
_MAX_DEPTH: Final = 50
_TOKEN: Final = re.compile(r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<sign>[()])|(?P<word>[^\s()"']+))""")
_STATES: Final = frozenset(AlarmState)
_END: Final = ""


class Rule(NamedTuple):
    """A rule that was read: whether it holds, and the alarms that it names, each once."""

    holds: Holds
    alarms: tuple[AlarmArn, ...]


def parse_rule(text: str, scope: Scope) -> Rule:
    """Read a rule of alarms in ``scope``. Raises ValidationFault."""
    reading = _Reading(text, scope)
    return Rule(reading.whole(), tuple(dict.fromkeys(reading.alarms)))


class _Reading:
    """Recursive descent: a disjunction of conjunctions of, perhaps negated, terms."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._tokens = _tokens(text)
        self._next = next(self._tokens)
        self._scope = scope
        self._depth = self._elements = 0
        self.alarms: list[AlarmArn] = []

    def whole(self) -> Holds:
        result = self._either()
        if self._next != _END:
            raise _wrong(f"has '{self._next}' where AND or OR is due")
        if len(set(self.alarms)) > _MAX_ALARMS:
            raise _wrong(f"names more than {_MAX_ALARMS} alarms")
        return result

    def _either(self) -> Holds:
        terms = [self._both()]
        while self._next == "OR":
            self._take()
            terms.append(self._both())
        return lambda state_of: any(term(state_of) for term in terms)

    def _both(self) -> Holds:
        terms = [self._term()]
        while self._next == "AND":
            self._take()
            terms.append(self._term())
        return lambda state_of: all(term(state_of) for term in terms)

    def _term(self) -> Holds:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _wrong(f"nests deeper than {_MAX_DEPTH}")
        found = self._inner(self._take())
        self._depth -= 1
        return found

    def _inner(self, word: str) -> Holds:
        if word == "NOT":
            inner = self._term()
            return lambda state_of: not inner(state_of)
        if word == "(":
            found = self._either()
            self._close()
            return found
        self._elements += 1
        if self._elements > _MAX_ELEMENTS:
            raise _wrong(f"has more than {_MAX_ELEMENTS} elements")
        if word.upper() in {"TRUE", "FALSE"}:
            return lambda _: word.upper() == "TRUE"
        if word not in _STATES:
            raise _wrong(f"has '{word or 'nothing'}' where ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE, NOT or ( is due")
        return self._state(AlarmState(word))

    def _state(self, wanted: AlarmState) -> Holds:
        if self._take() != "(":
            raise _wrong(f"has no '(' after {wanted}")
        name = self._take().strip("\"'")
        if name in {"", "(", ")"}:
            raise _wrong(f"names no alarm in {wanted}()")
        self._close()
        arn = AlarmArn(name) if name.startswith("arn:") else alarm_arn(self._scope, name)
        self.alarms.append(arn)
        return lambda state_of: state_of(arn) is wanted

    def _close(self) -> None:
        if self._take() != ")":
            raise _wrong("lacks a ')'")

    def _take(self) -> str:
        word, self._next = self._next, next(self._tokens, _END) if self._next != _END else _END
        return word


def _tokens(text: str) -> Iterator[str]:
    position, rule = 0, text.rstrip()
    while position < len(rule):
        match = _TOKEN.match(rule, position)
        if match is None:
            raise _wrong("has a quote that isn't closed")
        position = match.end()
        yield str(match.group(match.lastgroup or 0))
    yield _END


def _wrong(what: str) -> ValidationFault:
    return ValidationFault(f"AlarmRule {what}.")
