"""The rules of security groups as they apply to an interface."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.security_group import ALL, SecurityGroup, SecurityGroupRule
from moyai.domain.world import World
from moyai.kernel.ids import SecurityGroupId
from moyai.kernel.scope import Scope


def rules_for_tcp(
    world: World, scope: Scope, groups: Iterable[SecurityGroupId], port: int, *, egress: bool
) -> Iterator[SecurityGroupRule]:
    """The rules of these groups that concern TCP connections to a port, in one direction."""
    records = (find_in_scope(world, SecurityGroup, scope, group) for group in groups)
    rules = (rule for group in records if group is not None for rule in group.way(egress=egress))
    return (rule for rule in rules if _is_for_tcp(rule, port))


def _is_for_tcp(rule: SecurityGroupRule, port: int) -> bool:
    is_port = rule.from_port is None or rule.to_port is None or rule.from_port <= port <= rule.to_port
    return rule.protocol == ALL or (rule.protocol == "tcp" and is_port)
