"""Whether a container instance is one that constraints let a task go to.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from moyai.domain.ecs.placement import MEMBER_OF, PlacementConstraint
from moyai.plan.placement.evaluate import Facts, PatternTooSlow, satisfies
from moyai.plan.placement.parse import parse
from moyai.plan.placement.syntax import Expression


def is_member(facts: Facts, constraints: Iterable[PlacementConstraint]) -> bool:
    """Whether every ``memberOf`` among the constraints holds. A pattern that takes too long holds nowhere."""
    expressions = (_parsed(one.expression or "") for one in constraints if one.type == MEMBER_OF)
    try:
        return all(satisfies(facts, expression) for expression in expressions)
    except PatternTooSlow:
        return False


@lru_cache(maxsize=256)
def _parsed(text: str) -> Expression:
    """What was found to be an expression when it was asked for."""
    return parse(text)
