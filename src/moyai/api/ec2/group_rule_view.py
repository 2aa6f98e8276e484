"""DescribeSecurityGroupRules, and the forms of rules in responses.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from moyai.api.ec2.select import DescribedKind, PagedRequest, flag, select
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import all_in_scope
from moyai.domain.vpc.not_found import GroupRuleNotFound
from moyai.domain.vpc.security_group import SecurityGroup, SecurityGroupRule
from moyai.kernel.arn import arn


class DescribeRulesRequest(PagedRequest, frozen=True):
    security_group_rule_ids: tuple[str, ...] = ()


class RuleOfGroup(NamedTuple):
    """A rule with its security group."""

    group: SecurityGroup
    rule: SecurityGroupRule


def describe_security_group_rules(ctx: Context, request: DescribeRulesRequest) -> dict[str, object]:
    """The rules of the scope's groups."""
    groups = all_in_scope(ctx.store.world, SecurityGroup, ctx.scope)
    rules = [RuleOfGroup(group, rule) for group in groups for rule in group.rules]
    page = select(_KIND, rules, request.security_group_rule_ids, request)
    return {"security_group_rules": [rule_form(item) for item in page.items], "next_token": page.next_token}


def rule_form(group_rule: RuleOfGroup) -> dict[str, object]:
    """A rule as responses have it."""
    group, rule = group_rule
    return {
        **_members(group, rule),
        "security_group_rule_arn": arn("ec2", group.scope, f"security-group-rule/{rule.id}"),
        "group_owner_id": group.scope.account,
        "referenced_group_info": _referenced_group(group, rule),
        "tags": tag_list(rule.tags),
    }


def _referenced_group(group: SecurityGroup, rule: SecurityGroupRule) -> dict[str, object] | None:
    if rule.group is None:
        return None
    info: dict[str, object] = {"group_id": rule.group.id, "user_id": rule.group.account}
    return info if rule.group.vpc == group.vpc else info | {"vpc_id": rule.group.vpc}


def revoked_form(group: SecurityGroup, rule: SecurityGroupRule) -> dict[str, object]:
    """A revoked rule as the responses of Revoke operations have it."""
    return {**_members(group, rule), "referenced_group_id": None if rule.group is None else rule.group.id}


def _members(group: SecurityGroup, rule: SecurityGroupRule) -> dict[str, object]:
    """The members of a rule that all responses have."""
    return {
        "security_group_rule_id": rule.id,
        "group_id": group.id,
        "is_egress": rule.egress,
        "ip_protocol": rule.protocol,
        "from_port": -1 if rule.from_port is None else rule.from_port,
        "to_port": -1 if rule.to_port is None else rule.to_port,
        "cidr_ipv4": rule.cidr_ipv4,
        "cidr_ipv6": rule.cidr_ipv6,
        "description": rule.description,
    }


_KIND = DescribedKind[RuleOfGroup](
    "security group rules",
    lambda group_rule: group_rule.rule.id,
    MappingProxyType(
        {
            "group-id": lambda o: (o.group.id,),
            "security-group-rule-id": lambda o: (o.rule.id,),
            "is-egress": lambda o: flag(o.rule.egress),
        }
    ),
    GroupRuleNotFound,
    lambda group_rule: group_rule.rule.tags,
)
