"""Finds the listener rules by which ECS shifts traffic."""

from __future__ import annotations

from moyai.domain.elb.rule import Rule
from moyai.domain.world import World


def find_rule(world: World, arn: str | None) -> Rule | None:
    """The rule with this ARN, or the default rule of the listener with it."""
    if arn is None:
        return None
    of_listener = (rule for rule in world.rules.by("listener", arn) if rule.priority is None)
    return world.rules.get(arn) or next(of_listener, None)
