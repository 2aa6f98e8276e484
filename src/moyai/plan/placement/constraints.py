"""Whether placement constraints allow a task on a container instance.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from moyai.domain.ecs.placement import MEMBER_OF, PlacementConstraint
from moyai.expressions.cluster_query.evaluate import InstanceFacts, PatternTooSlow, satisfies
from moyai.expressions.cluster_query.parse import parse_cluster_query
from moyai.expressions.cluster_query.syntax import ClusterQuery


def is_member(facts: InstanceFacts, constraints: Iterable[PlacementConstraint]) -> bool:
    """Whether every ``memberOf`` among the constraints holds. A pattern that takes too long holds nowhere."""
    queries = (_parsed(c.expression or "") for c in constraints if c.type == MEMBER_OF)
    try:
        return all(satisfies(facts, query) for query in queries)
    except PatternTooSlow:
        return False


@lru_cache(maxsize=256)
def _parsed(text: str) -> ClusterQuery:
    """The query in a text that was checked when the constraint was requested."""
    return parse_cluster_query(text)
