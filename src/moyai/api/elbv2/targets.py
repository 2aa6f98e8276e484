"""Targets: registered, deregistered, and their health.

Promise: registering a target that drains ends its draining. A deregistered target stays DRAINING until its requests
have ended; then the reconciler removes it. As on AWS, deregistering a target that is not registered is no error.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.elbv2.lookup import TARGET_GROUP, resource_of
from moyai.api.elbv2.target_places import place_of, registered_id
from moyai.api.operation import Context
from moyai.domain.elb.errors import TooManyTargets
from moyai.domain.elb.quotas import TARGETS
from moyai.domain.elb.target_group import (
    NOT_IN_USE,
    NOT_REGISTERED,
    REGISTRATION_IN_PROGRESS,
    Target,
    TargetGroup,
    TargetHealth,
    TargetType,
    target_key,
)
from moyai.domain.queries.load_balancing import health_of
from moyai.domain.world import Change, Delete, Put, World

_ANOMALY_DETECTION: Final = MappingProxyType({"result": "normal", "mitigation_in_effect": "no"})


class TargetRequest(msgspec.Struct, frozen=True):
    id: str
    port: int | None = None
    availability_zone: str | None = None


class TargetsRequest(msgspec.Struct, frozen=True):
    """Targets of a target group."""

    target_group_arn: str
    targets: tuple[TargetRequest, ...]


class DescribeTargetHealthRequest(msgspec.Struct, frozen=True):
    target_group_arn: str
    targets: tuple[TargetRequest, ...] = ()
    include: tuple[str, ...] = ()


def register_targets(ctx: Context, request: TargetsRequest) -> None:
    """Register targets in a group, all of them or none."""
    group = resource_of(ctx, TARGET_GROUP, request.target_group_arn)
    world = ctx.store.world
    targets = {target.key: target for target in (_register(ctx, group, target) for target in request.targets)}
    keys = {target.key for target in world.targets.each("group", group.arn)} | set(targets)
    if len(keys) > TARGETS:
        raise TooManyTargets(f"A target group has at most {TARGETS} targets; there would be {len(keys)}")
    if group.target_type is TargetType.ALB and len(keys) > 1:
        raise TooManyTargets("A target group of the type 'alb' has one target")
    ctx.store.apply([Put(target) for key, target in targets.items() if world.targets.get(key) != target])


def deregister_targets(ctx: Context, request: TargetsRequest) -> None:
    """Begin to drain targets of a group; targets of a group that no rule uses are removed at once."""
    group = resource_of(ctx, TARGET_GROUP, request.target_group_arn)
    world = ctx.store.world
    changes: dict[str, Change] = {}
    for target_request in request.targets:
        target = world.targets.get(_key(group, target_request))
        if target is not None and target.deregistered_at is None:
            in_use = health_of(world, target) != NOT_IN_USE
            draining = replace(target, deregistered_at=ctx.now)
            changes[target.key] = Put(draining) if in_use else Delete(Target, target.key)
    ctx.store.apply(list(changes.values()))


def describe_target_health(ctx: Context, request: DescribeTargetHealthRequest) -> dict[str, object]:
    """The health of all targets of a group, or of those in the request."""
    group = resource_of(ctx, TARGET_GROUP, request.target_group_arn)
    world = ctx.store.world
    if request.targets:
        descriptions = [_requested_health(world, group, target) for target in request.targets]
    else:
        targets = world.targets.each("group", group.arn)
        descriptions = [_description(group, target, health_of(world, target)) for target in targets]
    if request.include and group.protocol.is_http:
        descriptions = [{**description, "anomaly_detection": _ANOMALY_DETECTION} for description in descriptions]
    return {"target_health_descriptions": descriptions}


def _register(ctx: Context, group: TargetGroup, request: TargetRequest) -> Target:
    """The target as it is after its registration."""
    place = place_of(ctx, group, request.id, request.port, request.availability_zone)
    current = ctx.store.world.targets.get(_key(group, request))
    if current is not None and current.deregistered_at is None:
        return current
    in_use = ctx.store.world.rules.count("target_group", group.arn)
    return Target(
        group=group.arn,
        id=registered_id(group, request.id),
        port=_port(group, request),
        address=place.address,
        zone=place.zone,
        registered_at=ctx.now,
        task=None if current is None else current.task,
        health=REGISTRATION_IN_PROGRESS if in_use else NOT_IN_USE,
    )


def _requested_health(world: World, group: TargetGroup, request: TargetRequest) -> dict[str, object]:
    target = world.targets.get(_key(group, request))
    if target is not None:
        return _description(group, target, health_of(world, target))
    unregistered = Target(group.arn, registered_id(group, request.id), _port(group, request), "", "", group.created_at)
    return _description(group, unregistered, NOT_REGISTERED)


def _description(group: TargetGroup, target: Target, health: TargetHealth) -> dict[str, object]:
    return {
        "target": {
            "id": target.id,
            "port": target.port,
            "availability_zone": (target.zone or None) if group.target_type is TargetType.IP else None,
        },
        "health_check_port": str(group.health_check.port or target.port),
        "target_health": {"state": health.state, "reason": health.reason, "description": health.description},
    }


def _port(group: TargetGroup, request: TargetRequest) -> int:
    return group.port if request.port is None else request.port


def _key(group: TargetGroup, request: TargetRequest) -> str:
    return target_key(group.arn, registered_id(group, request.id), _port(group, request))
