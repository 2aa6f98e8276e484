"""The rules of composite alarms, parsed to predicates: ``ALARM(front-errors) AND NOT (OK("cart slow") OR FALSE)``.

Promise: NOT binds tighter than AND, AND tighter than OR. TRUE and FALSE may also be in small letters, as on AWS's
pages. An alarm is given by its name or its ARN, in quotes where that has spaces or parentheses.
Refuses: more than a hundred alarms, more than 500 states and constants, and nesting deeper than fifty levels.
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
RulePredicate = Callable[[StateOf], bool]

_MAX_ALARMS: Final = 100
_MAX_ELEMENTS: Final = 500
_MAX_DEPTH: Final = 50
_TOKEN: Final = re.compile(r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<sign>[()])|(?P<word>[^\s()"']+))""")
_STATES: Final = frozenset(AlarmState)
_END: Final = ""


class AlarmRule(NamedTuple):
    """A parsed rule: a predicate on the states of alarms, and the alarms that it names, each once."""

    holds: RulePredicate
    alarms: tuple[AlarmArn, ...]


def parse_alarm_rule(text: str, scope: Scope) -> AlarmRule:
    """Parse a rule; alarms without an ARN are in ``scope``. Raises ValidationFault."""
    parser = _Parser(text, scope)
    return AlarmRule(parser.parse(), tuple(dict.fromkeys(parser.alarms)))


class _Parser:
    """A recursive descent parser: a disjunction of conjunctions of terms, which may be negated."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._tokens = _tokenize(text)
        self._next = next(self._tokens)
        self._scope = scope
        self._depth = self._elements = 0
        self.alarms: list[AlarmArn] = []

    def parse(self) -> RulePredicate:
        result = self._disjunction()
        if self._next != _END:
            raise _fault(f"has '{self._next}' where AND or OR is due")
        if len(set(self.alarms)) > _MAX_ALARMS:
            raise _fault(f"names more than {_MAX_ALARMS} alarms")
        return result

    def _disjunction(self) -> RulePredicate:
        terms = [self._conjunction()]
        while self._next == "OR":
            self._take()
            terms.append(self._conjunction())
        return lambda state_of: any(term(state_of) for term in terms)

    def _conjunction(self) -> RulePredicate:
        terms = [self._term()]
        while self._next == "AND":
            self._take()
            terms.append(self._term())
        return lambda state_of: all(term(state_of) for term in terms)

    def _term(self) -> RulePredicate:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _fault(f"nests deeper than {_MAX_DEPTH}")
        predicate = self._inner(self._take())
        self._depth -= 1
        return predicate

    def _inner(self, word: str) -> RulePredicate:
        if word == "NOT":
            inner = self._term()
            return lambda state_of: not inner(state_of)
        if word == "(":
            predicate = self._disjunction()
            self._close()
            return predicate
        self._elements += 1
        if self._elements > _MAX_ELEMENTS:
            raise _fault(f"has more than {_MAX_ELEMENTS} elements")
        if word.upper() in {"TRUE", "FALSE"}:
            return lambda _: word.upper() == "TRUE"
        if word not in _STATES:
            raise _fault(f"has '{word or 'nothing'}' where ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE, NOT or ( is due")
        return self._state(AlarmState(word))

    def _state(self, state: AlarmState) -> RulePredicate:
        if self._take() != "(":
            raise _fault(f"has no '(' after {state}")
        name = self._take().strip("\"'")
        if name in {"", "(", ")"}:
            raise _fault(f"names no alarm in {state}()")
        self._close()
        arn = AlarmArn(name) if name.startswith("arn:") else alarm_arn(self._scope, name)
        self.alarms.append(arn)
        return lambda state_of: state_of(arn) is state

    def _close(self) -> None:
        if self._take() != ")":
            raise _fault("lacks a ')'")

    def _take(self) -> str:
        word, self._next = self._next, next(self._tokens, _END) if self._next != _END else _END
        return word


def _tokenize(text: str) -> Iterator[str]:
    position, rule = 0, text.rstrip()
    while position < len(rule):
        match = _TOKEN.match(rule, position)
        if match is None:
            raise _fault("has a quote that isn't closed")
        position = match.end()
        yield str(match.group(match.lastgroup or 0))
    yield _END


def _fault(problem: str) -> ValidationFault:
    return ValidationFault(f"AlarmRule {problem}.")
