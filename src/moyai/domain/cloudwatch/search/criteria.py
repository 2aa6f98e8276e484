"""Search criteria as a tree, and whether a metric fits them.

Promise: a schema is a namespace and all of the metric's dimensions, in any order; a namespace alone is any of its
metrics. A term without a property is looked for in the namespace, the name, the dimensions' names and their values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from moyai.domain.cloudwatch.metric import MetricId
from moyai.domain.cloudwatch.search.words import is_found


class Schema(NamedTuple):
    """``{AWS/ECS,ClusterName,ServiceName}``; without dimensions, any metric of the namespace."""

    namespace: str
    dimensions: frozenset[str]


class Found(NamedTuple):
    """``CPU``, ``"CPUUtilization"`` (exact), ``ServiceName=front`` (a property)."""

    text: str
    exact: bool = False
    property: str | None = None


class Not(NamedTuple):
    """``NOT front``."""

    of: Criterion


class Every(NamedTuple):
    """``cpu AND front``, or just ``cpu front``."""

    of: tuple[Criterion, ...]


class Some(NamedTuple):
    """``cpu OR memory``."""

    of: tuple[Criterion, ...]


Criterion: TypeAlias = Found | Not | Every | Some


class Search(NamedTuple):
    """What is searched; one of both at least."""

    schema: Schema | None
    term: Criterion | None

    def fits(self, metric: MetricId) -> bool:
        """Whether the metric is one of those."""
        if self.schema is not None and self.schema not in schemas_of(metric):
            return False
        return self.term is None or _holds(self.term, metric)


def schemas_of(metric: MetricId) -> frozenset[Schema]:
    """Those that it has: its namespace's, and the one with the names of all its dimensions."""
    names = frozenset(name for name, _ in metric.dimensions)
    return frozenset({Schema(metric.namespace, frozenset()), Schema(metric.namespace, names)})


def _holds(term: Criterion, metric: MetricId) -> bool:
    match term:
        case Not(of):
            return not _holds(of, metric)
        case Every(of):
            return all(_holds(one, metric) for one in of)
        case Some(of):
            return any(_holds(one, metric) for one in of)
        case Found(text, exact, named):
            return any(name == text if exact else is_found(text, name) for name in _names(metric, named))


def _names(metric: MetricId, named: str | None) -> Iterator[str]:
    if named in {None, "MetricName"}:
        yield metric.name
    if named in {None, "Namespace"}:
        yield metric.namespace
    for name, value in metric.dimensions:
        if named is None:
            yield name
        if named in {None, name}:
            yield value
