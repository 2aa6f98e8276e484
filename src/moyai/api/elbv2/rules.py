"""Rules: created, described, changed, deleted, and their priorities.

Promise: no two rules of a listener have the same priority, and SetRulePriorities changes all priorities of a request or
none, so that two rules can be swapped. The default rule has no conditions and is changed by ModifyListener only.
Refuses: rules of network load balancers beside the default one.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.elbv2.action_checks import check_action
from moyai.api.elbv2.actions import ActionRequest, action_of, action_view
from moyai.api.elbv2.conditions import ConditionRequest, condition_view, conditions_of
from moyai.api.elbv2.lookup import (
    LISTENER,
    RULE,
    MarkerPageRequest,
    check_unmanaged,
    page_of,
    resource_of,
    resources_of,
)
from moyai.api.elbv2.tags import new_tags
from moyai.api.elbv2.transforms import Rewrites, TransformRequest, rewrites_of, transform_views
from moyai.api.operation import Context
from moyai.api.tagging import Tag
from moyai.domain.elb.errors import OperationNotPermitted, PriorityInUse, TooManyRules, UnsupportedProtocol
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType
from moyai.domain.elb.quotas import RULES
from moyai.domain.elb.rule import Rule
from moyai.domain.queries.load_balancing import rules_of_load_balancer
from moyai.domain.world import Delete, Put
from moyai.kernel.errors import InvalidInput
from moyai.plan.elb.new_records import new_rule_arn

_DEFAULT: Final = "default"
_AFTER_ALL_PRIORITIES: Final = 100_000
"""The place of the default rule in a list, after the greatest priority."""


class CreateRuleRequest(msgspec.Struct, frozen=True):
    listener_arn: str
    conditions: tuple[ConditionRequest, ...]
    priority: int
    actions: tuple[ActionRequest, ...]
    tags: tuple[Tag, ...] = ()
    transforms: tuple[TransformRequest, ...] = ()


class ModifyRuleRequest(msgspec.Struct, frozen=True):
    rule_arn: str
    conditions: tuple[ConditionRequest, ...] = ()
    actions: tuple[ActionRequest, ...] = ()
    transforms: tuple[TransformRequest, ...] = ()
    reset_transforms: bool = False


class RuleRequest(msgspec.Struct, frozen=True):
    """The rule that an operation is about."""

    rule_arn: str


class DescribeRulesRequest(MarkerPageRequest, frozen=True):
    listener_arn: str | None = None
    rule_arns: tuple[str, ...] = ()


class RulePriorityRequest(msgspec.Struct, frozen=True):
    rule_arn: str | None = None
    priority: int | None = None


class SetRulePrioritiesRequest(msgspec.Struct, frozen=True):
    rule_priorities: tuple[RulePriorityRequest, ...]


def create_rule(ctx: Context, request: CreateRuleRequest) -> dict[str, object]:
    """Create a rule with a priority that no other rule of the listener has."""
    listener = resource_of(ctx, LISTENER, request.listener_arn)
    world = ctx.store.world
    balancer = world.load_balancers[listener.load_balancer]
    _check_type(balancer)
    conditions, rewrites = conditions_of(request.conditions), rewrites_of(request.transforms)
    action, order = action_of(request.actions)
    if any(rule.priority == request.priority for rule in world.rules.each("listener", listener.arn)):
        raise PriorityInUse(f"Priority '{request.priority}' is currently in use")
    check_action(ctx, balancer, listener.protocol, action)
    if sum(rule.priority is not None for rule in rules_of_load_balancer(world, balancer.arn)) >= RULES:
        raise TooManyRules(f"The load balancer has {RULES} rules, which is the maximum")
    rule = Rule(
        arn=new_rule_arn(listener.arn, ctx.ids),
        listener=listener.arn,
        action=action,
        priority=request.priority,
        conditions=conditions,
        host_rewrite=rewrites.host,
        url_rewrite=rewrites.url,
        order=order,
        tags=new_tags("listener-rule", request.tags),
    )
    ctx.store.apply([Put(rule)])
    return {"rules": [rule_view(rule)]}


def describe_rules(ctx: Context, request: DescribeRulesRequest) -> dict[str, object]:
    """The rules of a listener in the order of their priorities, or those with these ARNs."""
    if (request.listener_arn is None) is (not request.rule_arns):
        raise InvalidInput("You must specify either listener rule ARNs or a listener ARN")
    if request.listener_arn is not None:
        listener = resource_of(ctx, LISTENER, request.listener_arn)
        rules = list(ctx.store.world.rules.by("listener", listener.arn))
    else:
        rules = resources_of(ctx, RULE, request.rule_arns)
    listing = ("rules", request.listener_arn, request.rule_arns)
    selected, marker = page_of(rules, listing, request, _sort_key)
    return {"rules": [rule_view(rule) for rule in selected], "next_marker": marker}


def modify_rule(ctx: Context, request: ModifyRuleRequest) -> dict[str, object]:
    """Change the conditions, the action or the transforms of a rule; what the request leaves out stays."""
    rule = _changeable(ctx, request.rule_arn, "modified")
    listener = ctx.store.world.listeners[rule.listener]
    changed = rule
    if request.conditions:
        changed = replace(changed, conditions=conditions_of(request.conditions))
    if request.actions:
        action, order = action_of(request.actions)
        check_action(ctx, ctx.store.world.load_balancers[listener.load_balancer], listener.protocol, action, rule)
        changed = replace(changed, action=action, order=order)
    if request.transforms and request.reset_transforms:
        raise InvalidInput("Transforms and ResetTransforms cannot be specified at the same time")
    if request.transforms or request.reset_transforms:
        rewrites = rewrites_of(request.transforms)
        changed = replace(changed, host_rewrite=rewrites.host, url_rewrite=rewrites.url)
    ctx.store.apply([Put(changed)])
    return {"rules": [rule_view(changed)]}


def delete_rule(ctx: Context, request: RuleRequest) -> None:
    """Delete a rule other than the default one."""
    rule = _changeable(ctx, request.rule_arn, "deleted")
    check_unmanaged(ctx.store.world, rule.arn, OperationNotPermitted)
    ctx.store.apply([Delete(Rule, rule.arn)])


def set_rule_priorities(ctx: Context, request: SetRulePrioritiesRequest) -> dict[str, object]:
    """Give rules other priorities, all at once."""
    changed: dict[str, Rule] = {}
    for pair in request.rule_priorities:
        if pair.rule_arn is None or pair.priority is None:
            raise InvalidInput("Each rule priority must have a rule ARN and a priority")
        if pair.rule_arn in changed:
            raise InvalidInput(f"Rule '{pair.rule_arn}' is specified more than once")
        rule = _changeable(ctx, pair.rule_arn, "given a priority")
        changed[rule.arn] = replace(rule, priority=pair.priority)
    for listener in {rule.listener for rule in changed.values()}:
        _check_priorities([changed.get(r.arn, r) for r in ctx.store.world.rules.each("listener", listener)])
    ctx.store.apply([Put(rule) for rule in changed.values()])
    return {"rules": [rule_view(rule) for rule in changed.values()]}


def rule_view(rule: Rule) -> dict[str, object]:
    """A rule as the API has it."""
    return {
        "rule_arn": rule.arn,
        "priority": _DEFAULT if rule.priority is None else str(rule.priority),
        "conditions": [condition_view(condition) for condition in rule.conditions],
        "actions": [action_view(rule.action, rule.order)],
        "is_default": rule.priority is None,
        "transforms": transform_views(Rewrites(rule.host_rewrite, rule.url_rewrite)),
    }


def _sort_key(rule: Rule) -> str:
    return f"{_AFTER_ALL_PRIORITIES if rule.priority is None else rule.priority:06} {rule.arn}"


def _check_type(balancer: LoadBalancer) -> None:
    if balancer.type is LoadBalancerType.NETWORK:
        raise UnsupportedProtocol("Rules of network load balancers are not supported by moyai, beside the default rule")


def _check_priorities(rules: list[Rule]) -> None:
    priorities: set[int] = set()
    for rule in rules:
        if rule.priority in priorities:
            raise PriorityInUse(f"Priority '{rule.priority}' is currently in use")
        priorities |= set() if rule.priority is None else {rule.priority}


def _changeable(ctx: Context, arn: str, change: str) -> Rule:
    """A rule that is not a default rule. Raises RuleNotFound, OperationNotPermitted."""
    rule = resource_of(ctx, RULE, arn)
    if rule.priority is None:
        raise OperationNotPermitted(f"Default rule '{rule.arn}' cannot be {change}")
    return rule
