"""Security groups.

Promise: a name is unique in its VPC. A group can't be deleted while an interface has it, or a gateway or a rule of
another group in its VPC refers to it. Rules of a peered VPC that refer to a deleted group allow nothing any more.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Final

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, new_tags, resource_of
from moyai.api.ec2.select import DescribedKind, PagedRequest, select
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.ingress import managed_for
from moyai.domain.queries.vpc import all_in_scope, all_in_vpc, default_vpc_of, interfaces_in
from moyai.domain.vpc.errors import (
    CannotDelete,
    DependencyViolation,
    DryRunOperation,
    InvalidGroupDuplicate,
    InvalidGroupReserved,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
)
from moyai.domain.vpc.not_found import GroupNotFound, VpcNotFound
from moyai.domain.vpc.peering import PeeringStatus
from moyai.domain.vpc.quotas import SECURITY_GROUPS, SecurityGroupLimitExceeded
from moyai.domain.vpc.security_group import (
    DEFAULT_NAME,
    SecurityGroup,
    SecurityGroupRule,
    default_egress_rules,
    new_group_id,
)
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Delete, Put
from moyai.kernel.arn import arn

GROUP: Final = "GroupId"
_TEXT: Final = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")


class CreateSecurityGroupRequest(ChangeRequest, frozen=True):
    group_name: str
    description: str
    vpc_id: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeSecurityGroupsRequest(PagedRequest, frozen=True):
    group_ids: tuple[str, ...] = ()
    group_names: tuple[str, ...] = ()


class DescribeSecurityGroupReferencesRequest(ChangeRequest, frozen=True):
    group_id: tuple[str, ...]


class DescribeSecurityGroupVpcAssociationsRequest(PagedRequest, frozen=True):
    """The associations of groups with other VPCs to describe."""


class DeleteSecurityGroupRequest(ChangeRequest, frozen=True):
    """The group to delete, by its id, or by its name in the default VPC."""

    group_id: str | None = None
    group_name: str | None = None


def create_security_group(ctx: Context, request: CreateSecurityGroupRequest) -> dict[str, object]:
    """Create a group, which allows all outgoing traffic and no incoming traffic."""
    vpc = _vpc(ctx, request.vpc_id)
    _check_text(request)
    tags = new_tags(request.tag_specifications, "security-group")
    if any(group.name == request.group_name for group in all_in_vpc(ctx.store.world, SecurityGroup, ctx.scope, vpc.id)):
        raise InvalidGroupDuplicate(f"The security group '{request.group_name}' already exists for VPC '{vpc.id}'")
    if len(all_in_scope(ctx.store.world, SecurityGroup, ctx.scope)) >= SECURITY_GROUPS:
        raise SecurityGroupLimitExceeded(SECURITY_GROUPS)
    group = SecurityGroup(
        new_group_id(ctx.ids),
        vpc.id,
        ctx.scope,
        request.group_name,
        request.description,
        default_egress_rules(vpc, ctx.ids),
        tags,
    )
    commit(ctx, request, Put(group))
    return {"group_id": group.id, "security_group_arn": _arn(group), "tags": tag_list(tags)}


def describe_security_groups(ctx: Context, request: DescribeSecurityGroupsRequest) -> dict[str, object]:
    """The security groups of the scope. Names are those of groups in the default VPC, as on AWS."""
    groups = all_in_scope(ctx.store.world, SecurityGroup, ctx.scope)
    if request.group_names:
        groups = _groups_named(ctx, groups, request.group_names)
    page = select(_KIND, groups, request.group_ids, request)
    return {"security_groups": [_group(item) for item in page.items], "next_token": page.next_token}


def describe_security_group_references(
    ctx: Context, request: DescribeSecurityGroupReferencesRequest
) -> dict[str, object]:
    """The peered VPCs whose groups have rules that refer to one of these groups."""
    if request.dry_run:
        raise DryRunOperation
    groups = [group_named(ctx, identity, None) for identity in request.group_id]
    references = [reference for group in groups for reference in _references(ctx, group)]
    return {"security_group_reference_set": references}


def describe_security_group_vpc_associations(
    ctx: Context,  # noqa: ARG001
    request: DescribeSecurityGroupVpcAssociationsRequest,
) -> dict[str, object]:
    """The associations of groups with other VPCs: none, because a group is used in its own VPC only."""
    page = select(_VPC_ASSOCIATIONS, (), (), request)
    return {"security_group_vpc_associations": [], "next_token": page.next_token}


def delete_security_group(ctx: Context, request: DeleteSecurityGroupRequest) -> dict[str, object]:
    """Delete an unused group."""
    group = group_named(ctx, request.group_id, request.group_name)
    world = ctx.store.world
    if group.name == DEFAULT_NAME:
        raise CannotDelete(f'the specified group: "{group.id}" name: "{DEFAULT_NAME}" cannot be deleted by a user')
    referring = (other for other in world.security_groups.by("referenced", group.id) if other.vpc == group.vpc)
    service = managed_for(world, group.id)
    gateways = (g.arn for g in world.service_gateways.by("vpc", group.vpc) if g.inbound_group == group.id)
    interfaces, referrers = interfaces_in(world, group), (other.id for other in referring)
    users = [*interfaces, *referrers, *gateways, *(() if service is None else (service,))]
    if users:
        raise DependencyViolation(f"resource {group.id} has a dependent object: {', '.join(users[:5])}")
    commit(ctx, request, Delete(SecurityGroup, group.id))
    return {"return": True, "group_id": group.id}


def group_named(ctx: Context, identity: str | None, name: str | None) -> SecurityGroup:
    """The group with this id, or with this name in the default VPC. Raises EC2's errors."""
    if identity and name:
        raise InvalidParameterCombination("GroupId and GroupName can't be used together.")
    if not name:
        return resource_of(ctx, SecurityGroup, identity, GroupNotFound, GROUP)
    [group] = _groups_named(ctx, all_in_scope(ctx.store.world, SecurityGroup, ctx.scope), (name,))
    return group


def _references(ctx: Context, group: SecurityGroup) -> Iterator[dict[str, object]]:
    world = ctx.store.world
    referring_vpcs = {other.vpc for other in world.security_groups.by("referenced", group.id)}
    for peering in world.vpc_peerings.by("vpc", group.vpc):
        other = peering.other(group.vpc).vpc
        if peering.status is PeeringStatus.ACTIVE and other in referring_vpcs:
            yield {"group_id": group.id, "referencing_vpc_id": other, "vpc_peering_connection_id": peering.id}


def _groups_named(ctx: Context, groups: Iterable[SecurityGroup], names: tuple[str, ...]) -> list[SecurityGroup]:
    vpc = default_vpc_of(ctx.store.world, ctx.scope)
    by_name = {group.name: group for group in groups if vpc is not None and group.vpc == vpc.id}
    unknown = sorted(set(names) - set(by_name))
    if unknown:
        raise GroupNotFound(unknown)
    return [by_name[name] for name in dict.fromkeys(names)]


def _vpc(ctx: Context, identity: str | None) -> Vpc:
    if identity is not None:
        return resource_of(ctx, Vpc, identity, VpcNotFound, "VpcId")
    vpc = default_vpc_of(ctx.store.world, ctx.scope)
    if vpc is None:
        raise MissingParameter("The request must contain the parameter VpcId: there is no default VPC.")
    return vpc


def _check_text(request: CreateSecurityGroupRequest) -> None:
    if request.group_name.lower() == DEFAULT_NAME:
        raise InvalidGroupReserved(f"Cannot use reserved security group name: {DEFAULT_NAME}")
    if request.group_name.startswith("sg-"):
        raise InvalidParameterValue("Invalid group name: it may not begin with sg-.")
    for member, text in (("GroupName", request.group_name), ("GroupDescription", request.description)):
        if not _TEXT.fullmatch(text):
            raise InvalidParameterValue(
                f"Value ({text[:80]}) for parameter {member} is invalid. Up to 255 of a-z, A-Z, 0-9, spaces and "
                "._-:/()#,@[]+=&;{}!$* are allowed."
            )


def _group(group: SecurityGroup) -> dict[str, object]:
    return {
        "group_id": group.id,
        "security_group_arn": _arn(group),
        "group_name": group.name,
        "description": group.description,
        "vpc_id": group.vpc,
        "owner_id": group.scope.account,
        "ip_permissions": permission_list(group.way(egress=False)),
        "ip_permissions_egress": permission_list(group.way(egress=True)),
        "tags": tag_list(group.tags),
    }


def permission_list(rules: Iterable[SecurityGroupRule]) -> list[dict[str, object]]:
    """Rules as the IpPermissions of responses have them: one element for each protocol and port range."""
    rules_by_ports: dict[tuple[str, int | None, int | None], list[SecurityGroupRule]] = {}
    for rule in rules:
        rules_by_ports.setdefault((rule.protocol, rule.from_port, rule.to_port), []).append(rule)
    return [
        {
            "ip_protocol": protocol,
            "from_port": from_port,
            "to_port": to_port,
            "ip_ranges": [
                {"cidr_ip": rule.cidr_ipv4, "description": rule.description} for rule in members if rule.cidr_ipv4
            ],
            "user_id_group_pairs": [
                {"group_id": rule.group.id, "user_id": rule.group.account, "description": rule.description}
                for rule in members
                if rule.group is not None
            ],
            "ipv6_ranges": [
                {"cidr_ipv6": rule.cidr_ipv6, "description": rule.description} for rule in members if rule.cidr_ipv6
            ],
            "prefix_list_ids": [],
        }
        for (protocol, from_port, to_port), members in rules_by_ports.items()
    ]


def _arn(group: SecurityGroup) -> str:
    return arn("ec2", group.scope, f"security-group/{group.id}")


_KIND = DescribedKind[SecurityGroup](
    "security groups",
    lambda group: group.id,
    MappingProxyType(
        {
            "group-id": lambda g: (g.id,),
            "group-name": lambda g: (g.name,),
            "description": lambda g: (g.description,),
            "vpc-id": lambda g: (g.vpc,),
            "owner-id": lambda g: (g.scope.account,),
            "ip-permission.cidr": lambda g: [r.cidr_ipv4 for r in g.way(egress=False) if r.cidr_ipv4],
            "ip-permission.ipv6-cidr": lambda g: [r.cidr_ipv6 for r in g.way(egress=False) if r.cidr_ipv6],
            "ip-permission.group-id": lambda g: [r.group.id for r in g.way(egress=False) if r.group],
            "ip-permission.protocol": lambda g: [r.protocol for r in g.way(egress=False)],
            "ip-permission.from-port": lambda g: [str(r.from_port) for r in g.way(egress=False)],
            "ip-permission.to-port": lambda g: [str(r.to_port) for r in g.way(egress=False)],
            "egress.ip-permission.cidr": lambda g: [r.cidr_ipv4 for r in g.way(egress=True) if r.cidr_ipv4],
            "egress.ip-permission.ipv6-cidr": lambda g: [r.cidr_ipv6 for r in g.way(egress=True) if r.cidr_ipv6],
            "egress.ip-permission.group-id": lambda g: [r.group.id for r in g.way(egress=True) if r.group],
            "egress.ip-permission.protocol": lambda g: [r.protocol for r in g.way(egress=True)],
            "egress.ip-permission.from-port": lambda g: [str(r.from_port) for r in g.way(egress=True)],
            "egress.ip-permission.to-port": lambda g: [str(r.to_port) for r in g.way(egress=True)],
        }
    ),
    GroupNotFound,
    lambda group: group.tags,
)
_VPC_ASSOCIATIONS = DescribedKind[str](
    "associations of security groups",
    str,
    MappingProxyType(dict.fromkeys(("group-id", "group-owner-id", "state", "vpc-id", "vpc-owner-id"), lambda _: ())),
    GroupNotFound,
)
