"""The rules of security groups: authorize, revoke, modify, update descriptions.

Promise: the rules of a request are added or removed together, or none of them is. A rule cannot be added twice, and a
rule that the group does not have cannot be revoked. Changes apply to running tasks.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import SUCCESS, ChangeRequest, TagSpecification, commit, new_id, new_tags, resource_of
from moyai.api.ec2.group_rule_view import RuleOfGroup, revoked_form, rule_form
from moyai.api.ec2.groups import GROUP, group_named
from moyai.api.ec2.permissions import (
    IpPermission,
    OneRule,
    UserIdGroupPair,
    checked_description,
    checked_ports,
    reference,
    requested_rules,
)
from moyai.api.ec2.ranges import network, network_of_ipv6
from moyai.api.operation import Context
from moyai.domain.vpc.errors import (
    InvalidParameterCombination,
    InvalidPermissionDuplicate,
    InvalidPermissionMalformed,
    InvalidPermissionNotFound,
    MissingParameter,
)
from moyai.domain.vpc.not_found import GroupNotFound, GroupRuleNotFound
from moyai.domain.vpc.quotas import RULES, RulesPerSecurityGroupLimitExceeded
from moyai.domain.vpc.security_group import SecurityGroup, SecurityGroupRule
from moyai.domain.world import Put


class AuthorizeRequest(OneRule, frozen=True, kw_only=True):
    """Input of AuthorizeSecurityGroupEgress: the rules to add."""

    group_id: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class AuthorizeIngressRequest(AuthorizeRequest, frozen=True, kw_only=True):
    """Input of AuthorizeSecurityGroupIngress, which may name a group of the default VPC by its name."""

    group_name: str | None = None


class RevokeRequest(OneRule, frozen=True, kw_only=True):
    """Input of RevokeSecurityGroupEgress: the rules to remove, by their traffic or by their ids."""

    group_id: str | None = None
    security_group_rule_ids: tuple[str, ...] = ()


class RevokeIngressRequest(RevokeRequest, frozen=True, kw_only=True):
    """Input of RevokeSecurityGroupIngress, which may name a group of the default VPC by its name."""

    group_name: str | None = None


class RuleRequest(msgspec.Struct, frozen=True):
    """The new members of a rule."""

    ip_protocol: str | None = None
    from_port: int | None = None
    to_port: int | None = None
    cidr_ipv4: str | None = None
    cidr_ipv6: str | None = None
    referenced_group_id: str | None = None
    description: str | None = None


class RuleUpdate(msgspec.Struct, frozen=True):
    """The id of a rule, and its new members."""

    security_group_rule_id: str
    security_group_rule: RuleRequest = RuleRequest()


class ModifyRulesRequest(ChangeRequest, frozen=True):
    """Input of ModifySecurityGroupRules: the rules to replace."""

    group_id: str
    security_group_rules: tuple[RuleUpdate, ...] = ()


class RuleDescription(msgspec.Struct, frozen=True):
    """The id of a rule, and its new description."""

    security_group_rule_id: str | None = None
    description: str | None = None


class UpdateRuleDescriptionsRequest(ChangeRequest, frozen=True):
    """The new descriptions of rules, which are named by their traffic or by their ids."""

    group_id: str | None = None
    group_name: str | None = None
    ip_permissions: tuple[IpPermission, ...] = ()
    security_group_rule_descriptions: tuple[RuleDescription, ...] = ()


def authorize_security_group_ingress(ctx: Context, request: AuthorizeIngressRequest) -> dict[str, object]:
    """Add rules for connections to the group's members."""
    return _authorize(ctx, request, egress=False)


def authorize_security_group_egress(ctx: Context, request: AuthorizeRequest) -> dict[str, object]:
    """Add rules for connections from the group's members."""
    return _authorize(ctx, request, egress=True)


def revoke_security_group_ingress(ctx: Context, request: RevokeIngressRequest) -> dict[str, object]:
    """Remove rules for connections to the group's members."""
    return _revoke(ctx, request, egress=False)


def revoke_security_group_egress(ctx: Context, request: RevokeRequest) -> dict[str, object]:
    """Remove rules for connections from the group's members."""
    return _revoke(ctx, request, egress=True)


def update_security_group_rule_descriptions_ingress(
    ctx: Context, request: UpdateRuleDescriptionsRequest
) -> dict[str, object]:
    """Replace the descriptions of rules for connections to the group's members."""
    return _update_descriptions(ctx, request, egress=False)


def update_security_group_rule_descriptions_egress(
    ctx: Context, request: UpdateRuleDescriptionsRequest
) -> dict[str, object]:
    """Replace the descriptions of rules for connections from the group's members."""
    return _update_descriptions(ctx, request, egress=True)


def _authorize(ctx: Context, request: AuthorizeRequest, *, egress: bool) -> dict[str, object]:
    group = _group(ctx, request)
    tags = new_tags(request.tag_specifications, "security-group-rule")
    requested = requested_rules(ctx, group, request.permissions(), egress=egress)
    fresh = [replace(rule, id=new_id(ctx, "sgr"), tags=tags) for rule in requested]
    changed = _with_rules(group, [*group.rules, *fresh])
    commit(ctx, ChangeRequest(dry_run=request.dry_run), Put(changed))
    return {"return": True, "security_group_rules": [rule_form(RuleOfGroup(group, rule)) for rule in fresh]}


def _revoke(ctx: Context, request: RevokeRequest, *, egress: bool) -> dict[str, object]:
    group = _group(ctx, request)
    permissions = request.permissions()
    if permissions and request.security_group_rule_ids:
        raise InvalidParameterCombination("Rules are named by their ids or by their permissions, not by both.")
    if request.security_group_rule_ids:
        revoked_rules = [_by_id(group, identity, egress=egress) for identity in request.security_group_rule_ids]
    else:
        revoked_rules = [
            _rule_for(group, rule) for rule in requested_rules(ctx, group, permissions, egress=egress, existing=True)
        ]
    ids = {rule.id for rule in revoked_rules}
    changed = replace(group, rules=tuple(rule for rule in group.rules if rule.id not in ids))
    commit(ctx, ChangeRequest(dry_run=request.dry_run), Put(changed))
    return {"return": True, "revoked_security_group_rules": [revoked_form(group, rule) for rule in revoked_rules]}


def modify_security_group_rules(ctx: Context, request: ModifyRulesRequest) -> dict[str, object]:
    """Replace rules; they keep their ids."""
    group = resource_of(ctx, SecurityGroup, request.group_id, GroupNotFound, GROUP)
    if not request.security_group_rules:
        raise MissingParameter("The request must contain the parameter SecurityGroupRules.")
    changed_rules = {
        update.security_group_rule_id: _with_update(ctx, group, update) for update in request.security_group_rules
    }
    commit(ctx, request, Put(_with_rules(group, [changed_rules.get(rule.id, rule) for rule in group.rules])))
    return dict(SUCCESS)


def _update_descriptions(ctx: Context, request: UpdateRuleDescriptionsRequest, *, egress: bool) -> dict[str, object]:
    group = group_named(ctx, request.group_id, request.group_name)
    descriptions = {
        _by_id(group, update.security_group_rule_id or "", egress=egress).id: checked_description(update.description)
        for update in request.security_group_rule_descriptions
    }
    if request.ip_permissions or not descriptions:
        for rule in requested_rules(ctx, group, request.ip_permissions, egress=egress, existing=True):
            descriptions[_rule_for(group, rule).id] = rule.description
    rules = tuple(
        replace(rule, description=descriptions[rule.id]) if rule.id in descriptions else rule for rule in group.rules
    )
    commit(ctx, request, Put(replace(group, rules=rules)))
    return dict(SUCCESS)


def _group(ctx: Context, request: AuthorizeRequest | RevokeRequest) -> SecurityGroup:
    name = request.group_name if isinstance(request, AuthorizeIngressRequest | RevokeIngressRequest) else None
    return group_named(ctx, request.group_id, name)


def _with_rules(group: SecurityGroup, rules: Iterable[SecurityGroupRule]) -> SecurityGroup:
    """The group with these rules. Raises InvalidPermissionDuplicate, RulesPerSecurityGroupLimitExceeded."""
    all_rules = tuple(rules)
    rule_keys: set[tuple[object, ...]] = set()
    for rule in all_rules:
        if rule.traffic in rule_keys:
            raise InvalidPermissionDuplicate(f'the specified rule "{_text(rule)}" already exists in {group.id}')
        rule_keys.add(rule.traffic)
    changed_group = replace(group, rules=all_rules)
    if any(len(changed_group.way(egress=egress)) > RULES for egress in (False, True)):
        raise RulesPerSecurityGroupLimitExceeded(RULES)
    return changed_group


def _rule_for(group: SecurityGroup, rule: SecurityGroupRule) -> SecurityGroupRule:
    """The group's rule for the same traffic. Raises InvalidPermissionNotFound."""
    equal = next((r for r in group.rules if r.traffic == rule.traffic), None)
    if equal is None:
        raise InvalidPermissionNotFound(f'The specified rule "{_text(rule)}" does not exist in {group.id}.')
    return equal


def _by_id(group: SecurityGroup, identity: str, *, egress: bool) -> SecurityGroupRule:
    rule = next((r for r in group.way(egress=egress) if r.id == identity), None)
    if rule is None:
        raise GroupRuleNotFound([identity])
    return rule


def _with_update(ctx: Context, group: SecurityGroup, update: RuleUpdate) -> SecurityGroupRule:
    new_values = update.security_group_rule
    rule = next((r for r in group.rules if r.id == update.security_group_rule_id), None)
    if rule is None:
        raise GroupRuleNotFound([update.security_group_rule_id])
    if (
        sum(peer is not None for peer in (new_values.cidr_ipv4, new_values.cidr_ipv6, new_values.referenced_group_id))
        != 1
    ):
        raise InvalidPermissionMalformed("A rule has one peer: CidrIpv4, CidrIpv6 or ReferencedGroupId.")
    protocol_and_ports = checked_ports(new_values.ip_protocol, new_values.from_port, new_values.to_port)
    peer = new_values.referenced_group_id
    return replace(
        rule,
        protocol=protocol_and_ports.protocol,
        from_port=protocol_and_ports.from_port,
        to_port=protocol_and_ports.to_port,
        cidr=_range(new_values),
        group=None if peer is None else reference(ctx, group, UserIdGroupPair(peer)),
        description=checked_description(new_values.description),
    )


def _range(rule: RuleRequest) -> str | None:
    if rule.cidr_ipv6 is not None:
        return str(network_of_ipv6(rule.cidr_ipv6, "CidrIpv6"))
    return None if rule.cidr_ipv4 is None else str(network(rule.cidr_ipv4, "CidrIpv4"))


def _text(rule: SecurityGroupRule) -> str:
    peer = rule.cidr if rule.group is None else rule.group.id
    way = "to" if rule.egress else "from"
    reach = "all" if rule.from_port is None else f"{rule.from_port} to {rule.to_port}"
    return f"{way}: {peer}, {rule.protocol}, ports {reach}, ALLOW"
