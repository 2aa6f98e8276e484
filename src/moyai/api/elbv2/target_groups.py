"""Target groups: created, described, changed and deleted.

Promise: CreateTargetGroup with the name and the settings of one that exists returns that one. A target group that
no rule uses can be deleted, and its targets with it.
Refuses: the target type ``lambda``, the protocols QUIC, TCP_QUIC and GENEVE, the target optimizer, and IPv6 with
instances and with datagrams.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.elbv2.lookup import (
    LOAD_BALANCER,
    TARGET_GROUP,
    MarkerPageRequest,
    check_name,
    check_unmanaged,
    find,
    page_of,
    resource_of,
    resources_of,
)
from moyai.api.elbv2.tags import new_tags
from moyai.api.operation import Context
from moyai.api.tagging import Tag
from moyai.domain.elb.errors import DuplicateTargetGroupName, ResourceInUse, TargetGroupNotFound, TooManyTargetGroups
from moyai.domain.elb.quotas import TARGET_GROUPS
from moyai.domain.elb.target_group import (
    IPV4,
    IPV6,
    ProtocolVersion,
    Target,
    TargetGroup,
    TargetHealthCheck,
    TargetProtocol,
    TargetType,
)
from moyai.domain.keys import named_key, scope_key
from moyai.domain.queries.load_balancing import groups_of_load_balancer, load_balancers_of_group
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Delete, Put, World
from moyai.kernel.errors import InvalidInput
from moyai.plan.elb.health_checks import CheckedGroup, HealthCheckSettings, changed_health_check, new_health_check
from moyai.plan.elb.new_records import new_target_group_arn

_NOUN: Final = "target group"


class CreateTargetGroupRequest(HealthCheckSettings, frozen=True, kw_only=True):
    name: str
    protocol: str | None = None
    protocol_version: str | None = None
    port: int | None = None
    vpc_id: str | None = None
    target_type: str = TargetType.INSTANCE
    ip_address_type: str = IPV4
    tags: tuple[Tag, ...] = ()


class ModifyTargetGroupRequest(HealthCheckSettings, frozen=True, kw_only=True):
    target_group_arn: str


class DescribeTargetGroupsRequest(MarkerPageRequest, frozen=True):
    load_balancer_arn: str | None = None
    target_group_arns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class TargetGroupRequest(msgspec.Struct, frozen=True):
    """The target group that an operation is about."""

    target_group_arn: str


def create_target_group(ctx: Context, request: CreateTargetGroupRequest) -> dict[str, object]:
    """Create a target group without targets."""
    check_name(_NOUN, request.name)
    group = _new_target_group(ctx, request)
    world = ctx.store.world
    existing = world.target_groups.by("name", named_key(ctx.scope, request.name))
    if existing:
        if _settings(group) != _settings(existing[0]):
            raise DuplicateTargetGroupName(
                f"A target group with the same name '{request.name}' exists, but with different settings"
            )
        return {"target_groups": [target_group_view(world, existing[0])]}
    if world.target_groups.count("scope", scope_key(ctx.scope)) >= TARGET_GROUPS:
        raise TooManyTargetGroups(f"There are {TARGET_GROUPS} target groups in the region, which is the maximum")
    ctx.store.apply([Put(group)])
    return {"target_groups": [target_group_view(world, group)]}


def describe_target_groups(ctx: Context, request: DescribeTargetGroupsRequest) -> dict[str, object]:
    """The target groups of the scope, or those with these ARNs or names, or those of a load balancer."""
    world = ctx.store.world
    if sum(map(bool, (request.load_balancer_arn, request.target_group_arns, request.names))) > 1:
        raise InvalidInput("Specify one of a load balancer ARN, target group ARNs and target group names")
    if request.load_balancer_arn is not None:
        balancer = resource_of(ctx, LOAD_BALANCER, request.load_balancer_arn)
        in_use = (world.target_groups.get(group) for group in groups_of_load_balancer(world, balancer.arn))
        groups = [group for group in in_use if group is not None]
    elif request.target_group_arns:
        groups = resources_of(ctx, TARGET_GROUP, request.target_group_arns)
    elif request.names:
        groups = [_group_named(ctx, name) for name in dict.fromkeys(request.names)]
    else:
        groups = list(world.target_groups.by("scope", scope_key(ctx.scope)))
    listing = ("target groups", request.load_balancer_arn, request.target_group_arns, request.names)
    selected, marker = page_of(groups, listing, request)
    return {"target_groups": [target_group_view(world, group) for group in selected], "next_marker": marker}


def modify_target_group(ctx: Context, request: ModifyTargetGroupRequest) -> dict[str, object]:
    """Change the health check of a target group."""
    group = resource_of(ctx, TARGET_GROUP, request.target_group_arn)
    checked = CheckedGroup(group.protocol, group.protocol_version, group.target_type)
    group = replace(group, health_check=changed_health_check(checked, group.health_check, request))
    ctx.store.apply([Put(group)])
    return {"target_groups": [target_group_view(ctx.store.world, group)]}


def delete_target_group(ctx: Context, request: TargetGroupRequest) -> None:
    """Delete a target group that no rule uses, with its targets. One that does not exist is no error."""
    group = find(ctx, TARGET_GROUP, request.target_group_arn)
    if group is None:
        return
    world = ctx.store.world
    if world.rules.count("target_group", group.arn):
        raise ResourceInUse(f"Target group '{group.arn}' is currently in use by a listener or a rule")
    check_unmanaged(world, group.arn, ResourceInUse)
    targets = [Delete(Target, target.key) for target in world.targets.each("group", group.arn)]
    ctx.store.apply([*targets, Delete(TargetGroup, group.arn)])


def target_group_view(world: World, group: TargetGroup) -> dict[str, object]:
    """A target group as the API has it."""
    return {
        "target_group_arn": group.arn,
        "target_group_name": group.name,
        "protocol": group.protocol,
        "protocol_version": group.protocol_version,
        "port": group.port,
        "vpc_id": group.vpc,
        "target_type": group.target_type,
        "ip_address_type": group.ip_address_type,
        "load_balancer_arns": load_balancers_of_group(world, group.arn),
        **_health_check_view(group),
    }


def _health_check_view(group: TargetGroup) -> dict[str, object]:
    check: TargetHealthCheck = group.health_check
    code = "grpc_code" if group.protocol_version is ProtocolVersion.GRPC else "http_code"
    return {
        "health_check_protocol": check.protocol,
        "health_check_port": "traffic-port" if check.port is None else str(check.port),
        "health_check_enabled": check.enabled,
        "health_check_interval_seconds": check.interval,
        "health_check_timeout_seconds": check.timeout,
        "healthy_threshold_count": check.healthy_threshold,
        "unhealthy_threshold_count": check.unhealthy_threshold,
        "health_check_path": check.path,
        "matcher": None if check.matcher is None else {code: check.matcher},
    }


def _new_target_group(ctx: Context, request: CreateTargetGroupRequest) -> TargetGroup:
    target_type = _target_type(request.target_type)
    protocol = _protocol(request.protocol, target_type)
    version = _version(protocol, request.protocol_version)
    if request.port is None:
        raise InvalidInput("A port must be specified")
    vpc = _vpc(ctx, request.vpc_id)
    _check_address_type(request.ip_address_type, vpc, target_type, protocol)
    return TargetGroup(
        arn=new_target_group_arn(ctx.scope, request.name, ctx.ids),
        name=request.name,
        target_type=target_type,
        protocol=protocol,
        port=request.port,
        vpc=vpc.id,
        health_check=new_health_check(CheckedGroup(protocol, version, target_type), request),
        created_at=ctx.now,
        protocol_version=version,
        ip_address_type=request.ip_address_type,
        tags=new_tags("targetgroup", request.tags),
    )


def _settings(group: TargetGroup) -> tuple[object, ...]:
    """The settings that a repeated request has to have."""
    where = group.target_type, group.protocol, group.protocol_version, group.port, group.vpc
    return (*where, group.ip_address_type, group.health_check, group.tags)


def _check_address_type(text: str, vpc: Vpc, target_type: TargetType, protocol: TargetProtocol) -> None:
    if text not in {IPV4, IPV6}:
        raise InvalidInput(f"IP address type '{text[:100]}' must be one of '{IPV4}, {IPV6}'")
    if text == IPV4:
        return
    if target_type is not TargetType.IP:
        raise InvalidInput(
            f"IP address type '{IPV6}' is not supported by moyai for target type '{target_type}'. Use 'ip'"
        )
    if protocol in {TargetProtocol.UDP, TargetProtocol.TCP_UDP}:
        raise InvalidInput(f"IP address type '{IPV6}' is not supported by moyai for protocol '{protocol}'")
    if vpc.ipv6 is None:
        raise InvalidInput(
            f"The VPC '{vpc.id}' must have an IPv6 CIDR block for a target group of IP address type '{IPV6}'"
        )


def _target_type(text: str) -> TargetType:
    if text not in set(TargetType):
        raise InvalidInput(f"Target type '{text}' is not supported by moyai: it is instance, ip or alb")
    return TargetType(text)


def _protocol(text: str | None, target_type: TargetType) -> TargetProtocol:
    if text is None:
        raise InvalidInput("A protocol must be specified")
    if text not in set(TargetProtocol):
        raise InvalidInput(f"Protocol '{text}' is not supported by moyai: it is one of {', '.join(TargetProtocol)}")
    if target_type is TargetType.ALB and text != TargetProtocol.TCP:
        raise InvalidInput(f"Protocol '{text}' is not supported for target groups with target type 'alb'. Use 'TCP'")
    return TargetProtocol(text)


def _version(protocol: TargetProtocol, text: str | None) -> ProtocolVersion | None:
    if not protocol.is_http:
        if text is not None:
            raise InvalidInput(f"Protocol version is not supported for target groups with protocol '{protocol}'")
        return None
    if text is not None and text not in set(ProtocolVersion):
        raise InvalidInput(f"Protocol version '{text[:100]}' must be one of '{', '.join(ProtocolVersion)}'")
    return ProtocolVersion(text or ProtocolVersion.HTTP1)


def _vpc(ctx: Context, identity: str | None) -> Vpc:
    if identity is None:
        raise InvalidInput("A VPC ID must be specified")
    vpc = find_in_scope(ctx.store.world, Vpc, ctx.scope, identity)
    if vpc is None:
        raise InvalidInput(f"The VPC ID '{identity[:100]}' is not found")
    return vpc


def _group_named(ctx: Context, name: str) -> TargetGroup:
    groups = ctx.store.world.target_groups.by("name", named_key(ctx.scope, name))
    if not groups:
        raise TargetGroupNotFound
    return groups[0]
