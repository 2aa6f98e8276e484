"""Searches for metrics: ``{AWS/ECS,ClusterName,ServiceName} MetricName="CPUUtilization" NOT (front OR "cart")``.

Promise: NOT binds tighter than AND (which may be left out), AND tighter than OR; only in capitals are they operators.
A schema is a namespace and the names of all of the metric's dimensions, in any order; a namespace alone matches any of
its metrics. A term without a property is looked for in the namespace, the metric's name, and the names and values of
its dimensions.
Refuses: more than 1,024 characters, nesting deeper than fifty levels, the metrics of other accounts.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.metric import MetricId
from moyai.expressions.metric_search.words import contains_words

_MAX_LENGTH: Final = 1024
_MAX_DEPTH: Final = 50
_TOKEN: Final = re.compile(r"""\s*("(?:\\.|[^"\\])*"|[()=]|[^\s"()=]+)""")
_SCHEMA: Final = re.compile(r"\s*\{([^}]*)\}\s*,?")
_NAME: Final = re.compile(r"""\s*("(?:\\.|[^"\\])*"|[^\s",]+)\s*(,|$)""")
_ESCAPE: Final = re.compile(r"\\(.)")
_QUOTE: Final = '"'
_END: Final = ""


class MetricSchema(NamedTuple):
    """``{AWS/ECS,ClusterName,ServiceName}``; without dimensions, any metric of the namespace."""

    namespace: str
    dimensions: frozenset[str]


class SearchTerm(NamedTuple):
    """``CPU``, ``"CPUUtilization"`` (exact), ``ServiceName=front`` (a property)."""

    text: str
    exact: bool = False
    property: str | None = None


class Not(NamedTuple):
    """Metrics that do not match the criterion: ``NOT front``."""

    criterion: Criterion


class AllOf(NamedTuple):
    """Metrics that match all criteria: ``cpu AND front``, or just ``cpu front``."""

    criteria: tuple[Criterion, ...]


class AnyOf(NamedTuple):
    """Metrics that match one of the criteria: ``cpu OR memory``."""

    criteria: tuple[Criterion, ...]


Criterion: TypeAlias = SearchTerm | Not | AllOf | AnyOf


class MetricSearch(NamedTuple):
    """A parsed search; it has a schema, a criterion, or both."""

    schema: MetricSchema | None
    criterion: Criterion | None

    def matches(self, metric: MetricId) -> bool:
        """Whether the search finds this metric."""
        if self.schema is not None and self.schema not in schemas_of(metric):
            return False
        return self.criterion is None or _holds(self.criterion, metric)


def schemas_of(metric: MetricId) -> frozenset[MetricSchema]:
    """The schemas that match a metric: its namespace alone, and the one with the names of all its dimensions."""
    names = frozenset(name for name, _ in metric.dimensions)
    return frozenset({MetricSchema(metric.namespace, frozenset()), MetricSchema(metric.namespace, names)})


def _holds(criterion: Criterion, metric: MetricId) -> bool:
    match criterion:
        case Not(inner):
            return not _holds(inner, metric)
        case AllOf(criteria):
            return all(_holds(one, metric) for one in criteria)
        case AnyOf(criteria):
            return any(_holds(one, metric) for one in criteria)
        case SearchTerm(text, exact, property_name):
            return any(name == text if exact else contains_words(text, name) for name in _names(metric, property_name))


def _names(metric: MetricId, property_name: str | None) -> Iterator[str]:
    """The texts of a metric in which a term is looked for; ``property_name``: those of one property only."""
    if property_name in {None, "MetricName"}:
        yield metric.name
    if property_name in {None, "Namespace"}:
        yield metric.namespace
    for name, value in metric.dimensions:
        if property_name is None:
            yield name
        if property_name in {None, name}:
            yield value


def short_names(metrics: Sequence[MetricId]) -> tuple[str, ...]:
    """The default label of each of the metrics that a search has found, in their order.

    It has the values of those dimensions in which the metrics differ, and the metric's name when that differs or
    nothing else does.
    """
    dimensions = sorted({name for metric in metrics for name, _ in metric.dimensions})
    distinctive = [name for name in dimensions if len({metric.dimension(name) for metric in metrics}) > 1]
    with_name = len({metric.name for metric in metrics}) > 1 or not distinctive
    return tuple(_short_name(metric, distinctive, with_name=with_name) for metric in metrics)


def _short_name(metric: MetricId, dimensions: Sequence[str], *, with_name: bool) -> str:
    values = [value for name in dimensions if (value := metric.dimension(name)) is not None]
    return " ".join([*values, metric.name] if with_name or not values else values)


def parse_search(text: str) -> MetricSearch:
    """Parse a search. Raises ValidationFault."""
    if len(text) > _MAX_LENGTH:
        raise ValidationFault(f"A search can have at most {_MAX_LENGTH:,} characters.")
    match = _SCHEMA.match(text)
    schema = None if match is None else _schema(match.group(1))
    rest = text if match is None else text[match.end() :]
    criterion = _Parser(rest).parse() if rest.strip() else None
    if schema is None and criterion is None:
        raise ValidationFault("A search must have a metric schema, a search term, or both.")
    return MetricSearch(schema, criterion)


def _schema(text: str) -> MetricSchema:
    names: list[str] = []
    position, more = 0, True
    while more:
        match = _NAME.match(text, position)
        if match is None:
            raise ValidationFault(f"The metric schema '{{{text[:100]}}}' is not a namespace and dimension names.")
        names.append(_without_quotes(match.group(1)))
        position, more = match.end(), bool(match.group(2))
    return MetricSchema(names[0], frozenset(names[1:]))


def _without_quotes(word: str) -> str:
    return _ESCAPE.sub(r"\1", word[1:-1]) if word.startswith(_QUOTE) else word


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokenize(text)
        self._position = 0
        self._depth = 0

    def parse(self) -> Criterion:
        criterion = self._any_of()
        if self._next != _END:
            raise ValidationFault(f"The search has '{self._next[:50]}' where it should end.")
        return criterion

    def _any_of(self) -> Criterion:
        criteria = [self._all_of()]
        while self._next == "OR":
            self._take()
            criteria.append(self._all_of())
        return criteria[0] if len(criteria) == 1 else AnyOf(tuple(criteria))

    def _all_of(self) -> Criterion:
        criteria = [self._criterion()]
        while self._next not in {_END, "OR", ")"}:
            if self._next == "AND":
                self._take()
            criteria.append(self._criterion())
        return criteria[0] if len(criteria) == 1 else AllOf(tuple(criteria))

    def _criterion(self) -> Criterion:
        word = self._take()
        if word in {"NOT", "("}:
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise ValidationFault(f"The search nests deeper than {_MAX_DEPTH}.")
            criterion = Not(self._criterion()) if word == "NOT" else self._end_of_parentheses()
            self._depth -= 1
            return criterion
        _check_term(word)
        if self._next != "=":
            return SearchTerm(_without_quotes(word), word.startswith(_QUOTE))
        self._take()
        if word.lower() == ":aws.accountid":
            raise ValidationFault("A search by account is not supported by moyai: accounts are not linked here.")
        value = self._take()
        _check_term(value)
        return SearchTerm(_without_quotes(value), value.startswith(_QUOTE), _without_quotes(word))

    def _end_of_parentheses(self) -> Criterion:
        criterion = self._any_of()
        if self._take() != ")":
            raise ValidationFault("The search lacks a ')'.")
        return criterion

    @property
    def _next(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else _END

    def _take(self) -> str:
        word = self._next
        self._position += 1
        return word


def _check_term(word: str) -> None:
    if word in {_END, ")", "=", "AND", "OR", "NOT", "("}:
        raise ValidationFault(f"The search has {repr(word) if word else 'nothing'} where a term is due.")


def _tokenize(text: str) -> list[str]:
    tokens: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValidationFault("The search has a quote that is not closed.")
        tokens.append(match.group(1))
        position = match.end()
    return tokens
