"""A search's text: ``{AWS/ECS,ClusterName,ServiceName} MetricName="CPUUtilization" NOT (front OR "cart")``.

Promise: NOT binds tighter than AND (which may be left out), AND tighter than OR. Only these three in capitals are
operators.
Refuses: more than 1,024 characters, what nests deeper than fifty, other accounts' metrics.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import re
from typing import Final

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.search.criteria import Criterion, Every, Found, Not, Schema, Search, Some

_LONGEST: Final = 1024
_MAX_DEPTH: Final = 50
_TOKEN: Final = re.compile(r"""\s*("(?:\\.|[^"\\])*"|[()=]|[^\s"()=]+)""")
_SCHEMA: Final = re.compile(r"\s*\{([^}]*)\}\s*,?")
_NAME: Final = re.compile(r"""\s*("(?:\\.|[^"\\])*"|[^\s",]+)\s*(,|$)""")
_ESCAPED: Final = re.compile(r"\\(.)")
_QUOTE: Final = '"'
_END: Final = ""


def parse_search(text: str) -> Search:
    """What is searched. Raises ValidationFault."""
    if len(text) > _LONGEST:
        raise ValidationFault(f"A search can have at most {_LONGEST:,} characters.")
    match = _SCHEMA.match(text)
    schema = None if match is None else _schema(match.group(1))
    rest = text if match is None else text[match.end() :]
    term = _Parser(rest).whole() if rest.strip() else None
    if schema is None and term is None:
        raise ValidationFault("A search must have a metric schema, a search term, or both.")
    return Search(schema, term)


def _schema(text: str) -> Schema:
    names: list[str] = []
    position, more = 0, True
    while more:
        match = _NAME.match(text, position)
        if match is None:
            raise ValidationFault(f"The metric schema '{{{text[:100]}}}' is not a namespace and dimension names.")
        names.append(_plain(match.group(1)))
        position, more = match.end(), bool(match.group(2))
    return Schema(names[0], frozenset(names[1:]))


def _plain(word: str) -> str:
    return _ESCAPED.sub(r"\1", word[1:-1]) if word.startswith(_QUOTE) else word


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._place = 0
        self._depth = 0

    def whole(self) -> Criterion:
        found = self._some()
        if self._next != _END:
            raise ValidationFault(f"The search has '{self._next[:50]}' where it should end.")
        return found

    def _some(self) -> Criterion:
        found = [self._every()]
        while self._next == "OR":
            self._take()
            found.append(self._every())
        return found[0] if len(found) == 1 else Some(tuple(found))

    def _every(self) -> Criterion:
        found = [self._one()]
        while self._next not in {_END, "OR", ")"}:
            if self._next == "AND":
                self._take()
            found.append(self._one())
        return found[0] if len(found) == 1 else Every(tuple(found))

    def _one(self) -> Criterion:
        word = self._take()
        if word in {"NOT", "("}:
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise ValidationFault(f"The search nests deeper than {_MAX_DEPTH}.")
            found = Not(self._one()) if word == "NOT" else self._closed()
            self._depth -= 1
            return found
        _check_term(word)
        if self._next != "=":
            return Found(_plain(word), word.startswith(_QUOTE))
        self._take()
        if word.lower() == ":aws.accountid":
            raise ValidationFault("A search by account is not supported by moyai: accounts are not linked here.")
        value = self._take()
        _check_term(value)
        return Found(_plain(value), value.startswith(_QUOTE), _plain(word))

    def _closed(self) -> Criterion:
        found = self._some()
        if self._take() != ")":
            raise ValidationFault("The search lacks a ')'.")
        return found

    @property
    def _next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else _END

    def _take(self) -> str:
        word = self._next
        self._place += 1
        return word


def _check_term(word: str) -> None:
    if word in {_END, ")", "=", "AND", "OR", "NOT", "("}:
        raise ValidationFault(f"The search has {repr(word) if word else 'nothing'} where a term is due.")


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValidationFault("The search has a quote that is not closed.")
        found.append(match.group(1))
        position = match.end()
    return found
