"""The rules of security groups: authorize, revoke, modify, describe.

Promise: rules go in and out together or not at all. A rule that the group has is not added twice; one that it hasn't
can't be revoked. What changes is enforced for tasks that run.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import (
    SUCCESS,
    ChangeRequest,
    TagSpecification,
    commit,
    found,
    new_id,
    new_tags,
)
from moyai.api.ec2.group_rule_view import RuleOfGroup, revoked_form, rule_form
from moyai.api.ec2.groups import GROUP, named
from moyai.api.ec2.permissions import (
    IpPermission,
    OneRule,
    UserIdGroupPair,
    described,
    ports,
    reference,
    wanted,
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
from moyai.domain.vpc.security_group import Rule, SecurityGroup
from moyai.domain.world import Put


class AuthorizeRequest(OneRule, frozen=True, kw_only=True):
    """Input of AuthorizeSecurityGroupEgress: the rules to add."""

    group_id: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class AuthorizeIngressRequest(AuthorizeRequest, frozen=True, kw_only=True):
    """Input of AuthorizeSecurityGroupIngress, which may name the group in the default VPC."""

    group_name: str | None = None


class RevokeRequest(OneRule, frozen=True, kw_only=True):
    """Input of RevokeSecurityGroupEgress: the rules to remove, by their traffic or by their ids."""

    group_id: str | None = None
    security_group_rule_ids: tuple[str, ...] = ()


class RevokeIngressRequest(RevokeRequest, frozen=True, kw_only=True):
    """Input of RevokeSecurityGroupIngress, which may name the group in the default VPC."""

    group_name: str | None = None


class RuleRequest(msgspec.Struct, frozen=True):
    """The new contents of a rule."""

    ip_protocol: str | None = None
    from_port: int | None = None
    to_port: int | None = None
    cidr_ipv4: str | None = None
    cidr_ipv6: str | None = None
    referenced_group_id: str | None = None
    description: str | None = None


class RuleUpdate(msgspec.Struct, frozen=True):
    """The id of a rule, and its new contents."""

    security_group_rule_id: str
    security_group_rule: RuleRequest = RuleRequest()


class ModifyRulesRequest(ChangeRequest, frozen=True):
    """Input of ModifySecurityGroupRules: the rules to replace."""

    group_id: str
    security_group_rules: tuple[RuleUpdate, ...] = ()


class RuleDescription(msgspec.Struct, frozen=True):
    """A rule by its id, and its description."""

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
    asked = wanted(ctx, group, request.permissions(), egress=egress)
    fresh = [replace(rule, id=new_id(ctx, "sgr"), tags=tags) for rule in asked]
    changed = _with_rules(group, [*group.rules, *fresh])
    commit(ctx, ChangeRequest(dry_run=request.dry_run), Put(changed))
    return {"return": True, "security_group_rules": [rule_form(RuleOfGroup(group, rule)) for rule in fresh]}


def _revoke(ctx: Context, request: RevokeRequest, *, egress: bool) -> dict[str, object]:
    group = _group(ctx, request)
    permissions = request.permissions()
    if permissions and request.security_group_rule_ids:
        raise InvalidParameterCombination("Rules are named by their ids or by what they let through, not by both.")
    if request.security_group_rule_ids:
        gone = [_by_id(group, one, egress=egress) for one in request.security_group_rule_ids]
    else:
        gone = [_alike(group, rule) for rule in wanted(ctx, group, permissions, egress=egress, there=True)]
    ids = {rule.id for rule in gone}
    left = replace(group, rules=tuple(rule for rule in group.rules if rule.id not in ids))
    commit(ctx, ChangeRequest(dry_run=request.dry_run), Put(left))
    return {"return": True, "revoked_security_group_rules": [revoked_form(group, rule) for rule in gone]}


def modify_security_group_rules(ctx: Context, request: ModifyRulesRequest) -> dict[str, object]:
    """Replace rules; they keep their ids."""
    group = found(ctx, SecurityGroup, request.group_id, GroupNotFound, GROUP)
    if not request.security_group_rules:
        raise MissingParameter("The request must contain the parameter SecurityGroupRules.")
    changed = {update.security_group_rule_id: _modified(ctx, group, update) for update in request.security_group_rules}
    commit(ctx, request, Put(_with_rules(group, [changed.get(rule.id, rule) for rule in group.rules])))
    return dict(SUCCESS)


def _update_descriptions(ctx: Context, request: UpdateRuleDescriptionsRequest, *, egress: bool) -> dict[str, object]:
    group = named(ctx, request.group_id, request.group_name)
    said = {
        _by_id(group, one.security_group_rule_id or "", egress=egress).id: described(one.description)
        for one in request.security_group_rule_descriptions
    }
    if request.ip_permissions or not said:
        for rule in wanted(ctx, group, request.ip_permissions, egress=egress, there=True):
            said[_alike(group, rule).id] = rule.description
    rules = tuple(replace(rule, description=said[rule.id]) if rule.id in said else rule for rule in group.rules)
    commit(ctx, request, Put(replace(group, rules=rules)))
    return dict(SUCCESS)


def _group(ctx: Context, request: AuthorizeRequest | RevokeRequest) -> SecurityGroup:
    name = request.group_name if isinstance(request, AuthorizeIngressRequest | RevokeIngressRequest) else None
    return named(ctx, request.group_id, name)


def _with_rules(group: SecurityGroup, rules: Iterable[Rule]) -> SecurityGroup:
    """The group with these rules. Raises InvalidPermissionDuplicate or the quota's error."""
    kept = tuple(rules)
    seen: set[tuple[object, ...]] = set()
    for rule in kept:
        if rule.traffic in seen:
            raise InvalidPermissionDuplicate(f'the specified rule "{_words(rule)}" already exists in {group.id}')
        seen.add(rule.traffic)
    changed = replace(group, rules=kept)
    if any(len(changed.way(egress=egress)) > RULES for egress in (False, True)):
        raise RulesPerSecurityGroupLimitExceeded(RULES)
    return changed


def _alike(group: SecurityGroup, rule: Rule) -> Rule:
    """The group's rule that lets the same through. Raises InvalidPermissionNotFound."""
    alike = next((one for one in group.rules if one.traffic == rule.traffic), None)
    if alike is None:
        raise InvalidPermissionNotFound(f'The specified rule "{_words(rule)}" does not exist in {group.id}.')
    return alike


def _by_id(group: SecurityGroup, identity: str, *, egress: bool) -> Rule:
    rule = next((one for one in group.way(egress=egress) if one.id == identity), None)
    if rule is None:
        raise GroupRuleNotFound([identity])
    return rule


def _modified(ctx: Context, group: SecurityGroup, update: RuleUpdate) -> Rule:
    asked = update.security_group_rule
    rule = next((one for one in group.rules if one.id == update.security_group_rule_id), None)
    if rule is None:
        raise GroupRuleNotFound([update.security_group_rule_id])
    if sum(one is not None for one in (asked.cidr_ipv4, asked.cidr_ipv6, asked.referenced_group_id)) != 1:
        raise InvalidPermissionMalformed("A rule has one other side: CidrIpv4, CidrIpv6 or ReferencedGroupId.")
    what = ports(asked.ip_protocol, asked.from_port, asked.to_port)
    other = asked.referenced_group_id
    return replace(
        rule,
        protocol=what.protocol,
        from_port=what.from_port,
        to_port=what.to_port,
        cidr=_range(asked),
        group=None if other is None else reference(ctx, group, UserIdGroupPair(other)),
        description=described(asked.description),
    )


def _range(asked: RuleRequest) -> str | None:
    if asked.cidr_ipv6 is not None:
        return str(network_of_ipv6(asked.cidr_ipv6, "CidrIpv6"))
    return None if asked.cidr_ipv4 is None else str(network(asked.cidr_ipv4, "CidrIpv4"))


def _words(rule: Rule) -> str:
    other = rule.cidr if rule.group is None else rule.group.id
    way = "to" if rule.egress else "from"
    reach = "all" if rule.from_port is None else f"{rule.from_port} to {rule.to_port}"
    return f"{way}: {other}, {rule.protocol}, ports {reach}, ALLOW"
