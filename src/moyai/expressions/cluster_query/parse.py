"""Parses a cluster query into its tree.

Promise: all of AWS's subjects, operators under both of their names, lists, dates and patterns. A value is written as it
is, up to a space or an unmatched parenthesis, or in single or double quotes. An error names the position of the fault.
Refuses: text that is longer or nests deeper than the limits here.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import regex

from moyai.expressions.cluster_query.syntax import (
    ATTRIBUTE,
    ORDERED,
    ORDERING,
    SUBJECTS,
    WITH_LIST,
    WITH_PATTERN,
    WITHOUT_VALUE,
    Alternative,
    ClusterQuery,
    Conjunction,
    Negation,
    Operator,
    SubjectComparison,
    instant_of,
    is_count,
    version_of,
)
from moyai.kernel.errors import MoyaiError

MAX_LENGTH = 2000
_MAX_DEPTH = 50
_MAX_LIST_LENGTH = 100
_MAX_VALUE_LENGTH = 256
_SUBJECT = re.compile(r"attribute:[A-Za-z0-9_./\\-]*|[A-Za-z0-9:]+")
_WORD_OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "equals": Operator.EQUALS,
        "not_equals": Operator.NOT_EQUALS,
        "greater_than_equal": Operator.GREATER_EQUAL,
        "greater_than": Operator.GREATER,
        "less_than_equal": Operator.LESS_EQUAL,
        "less_than": Operator.LESS,
        "not_exists": Operator.NOT_EXISTS,
        "not_in": Operator.NOT_IN,
        "not_matches": Operator.NOT_MATCHES,
        "matches": Operator.MATCHES,
        "exists": Operator.EXISTS,
        "in": Operator.IN,
    }
)
_SIGNS = ("!exists", "!in", "==", "!=", ">=", "<=", "=~", "!~", ">", "<")
_OPERATOR = re.compile(
    "|".join(re.escape(sign) for sign in _SIGNS) + "|" + "|".join(rf"{n}(?![A-Za-z_])" for n in _WORD_OPERATORS)
)
_ENDS_VALUE = re.compile(r"&&|\|\||\s")
_ENDS_PATTERN = re.compile(r"\s")


class InvalidClusterQuery(MoyaiError):
    """The text is not a cluster query; the message names the fault and its place."""


def parse_cluster_query(text: str) -> ClusterQuery:
    """Parse a query. Raises InvalidClusterQuery."""
    if len(text) > MAX_LENGTH:
        raise InvalidClusterQuery(f"The expression is longer than {MAX_LENGTH} characters.")
    return _Parser(text).parse()


class _Parser:
    """A recursive descent parser on characters: which of them end a value depends on the operator before it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def parse(self) -> ClusterQuery:
        query = self._alternative()
        self._skip()
        if self._at < len(self._text):
            raise self._fault("&&, || or the end")
        return query

    def _alternative(self) -> ClusterQuery:
        parts = [self._conjunction()]
        while self._word("||", "or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Alternative(tuple(parts))

    def _conjunction(self) -> ClusterQuery:
        parts = [self._term()]
        while self._word("&&", "and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Conjunction(tuple(parts))

    def _term(self) -> ClusterQuery:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise InvalidClusterQuery(f"The expression nests deeper than {_MAX_DEPTH} levels.")
        query: ClusterQuery
        if self._word("!", "not"):
            query = Negation(self._term())
        elif self._word("("):
            query = self._alternative()
            if not self._word(")"):
                raise self._fault(")")
        else:
            query = self._comparison()
        self._depth -= 1
        return query

    def _comparison(self) -> SubjectComparison:
        subject = self._subject()
        self._skip()
        start = self._at
        operator = self._operator()
        if operator in ORDERING and subject not in ORDERED:
            self._at = start
            raise InvalidClusterQuery(f"The operator {operator} at character {start + 1} can't be used with {subject}.")
        if operator in WITHOUT_VALUE:
            return SubjectComparison(subject, operator)
        values = self._list() if operator in WITH_LIST else (self._value(pattern=operator in WITH_PATTERN),)
        for value in values:
            _check(subject, operator, value)
        return SubjectComparison(subject, operator, values)

    def _subject(self) -> str:
        self._skip()
        match = _SUBJECT.match(self._text, self._at)
        name = "" if match is None else match.group()
        if name == ATTRIBUTE:
            self._at += len(name)
            raise self._fault("the name of an attribute")
        if name not in SUBJECTS and not name.startswith(ATTRIBUTE):
            raise self._fault(f"one of {', '.join(sorted(SUBJECTS))} or {ATTRIBUTE}NAME")
        self._at += len(name)
        return name

    def _operator(self) -> Operator:
        match = _OPERATOR.match(self._text, self._at)
        if match is None:
            raise self._fault("an operator")
        self._at = match.end()
        sign = match.group()
        return _WORD_OPERATORS.get(sign) or Operator(sign)

    def _list(self) -> tuple[str, ...]:
        if not self._word("["):
            raise self._fault("[")
        values = [self._value(ends="],")]
        while self._word(","):
            values.append(self._value(ends="],"))
        if not self._word("]"):
            raise self._fault(", or ]")
        if len(values) > _MAX_LIST_LENGTH:
            raise InvalidClusterQuery(f"A list has at most {_MAX_LIST_LENGTH} values.")
        return tuple(values)

    def _value(self, *, pattern: bool = False, ends: str = "") -> str:
        self._skip()
        start = self._at
        quote = self._text[start : start + 1]
        if quote and quote in "'\"":
            end = self._text.find(quote, start + 1)
            if end < 0:
                raise self._fault(f"a value that ends with {quote}")
            self._at = end + 1
            value = self._text[start + 1 : end]
        else:
            self._at = self._end_of_value(_ENDS_PATTERN if pattern else _ENDS_VALUE, ends)
            value = self._text[start : self._at]
            if not value:
                raise self._fault("a value")
        if len(value) > _MAX_VALUE_LENGTH:
            raise InvalidClusterQuery(
                f"The value at character {start + 1} is longer than {_MAX_VALUE_LENGTH} characters."
            )
        return value

    def _end_of_value(self, ender: re.Pattern[str], ends: str) -> int:
        depth, at = 0, self._at
        while at < len(self._text):
            character = self._text[at]
            if ender.match(self._text, at) or character in ends or (character == ")" and not depth):
                break
            depth += (character == "(") - (character == ")")
            at += 1
        return at

    def _word(self, *spellings: str) -> bool:
        """Take one of these words if it comes next; a word of letters only as a whole."""
        self._skip()
        for word in spellings:
            end = self._at + len(word)
            goes_on = word.isalpha() and (
                self._text[end : end + 1].isalnum() or self._text[end : end + 1] in {"_", ":"}
            )
            if self._text.startswith(word, self._at) and not goes_on:
                self._at = end
                return True
        return False

    def _skip(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _fault(self, due: str) -> InvalidClusterQuery:
        rest = self._text[self._at : self._at + 20] or "the end"
        return InvalidClusterQuery(f"At character {self._at + 1} of the expression, {due} is due, not {rest!r}.")


def _check(subject: str, operator: Operator, value: str) -> None:
    """Raise InvalidClusterQuery for a value that the subject can't be compared with."""
    if operator in WITH_PATTERN:
        try:
            regex.compile(value)
        except regex.error as error:
            raise InvalidClusterQuery(f"{value!r} is no regular expression: {error}.") from error
        return
    wrong = {
        "registeredAt": (instant_of(value) is None, "a date"),
        "runningTasksCount": (not is_count(value), "a number"),
        "agentVersion": (operator in ORDERING and version_of(value) is None, "a version"),
        "agentConnected": (value not in {"true", "false"}, "true or false"),
    }.get(subject)
    if wrong is not None and wrong[0]:
        raise InvalidClusterQuery(f"{subject} can't be compared with {value!r}, which is not {wrong[1]}.")
