"""Scalable targets: register, describe, deregister.

Refuses: targets of other accounts. A role is checked and not used, as on AWS.
Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.autoscaling.lookup import (
    DIMENSION,
    NAMESPACE,
    ScalableTargetRequest,
    active_service,
    check_kind,
    page_of,
    service_named,
    target_of,
)
from moyai.api.operation import Context, PageRequest
from moyai.api.tagging import TagOperations, checked_tags
from moyai.domain.autoscaling.errors import ResourceNotFound, TooManyTags
from moyai.domain.autoscaling.target import ScalableTarget
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.tagging import TagRules
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput
from moyai.plan.scaling.lifecycle import cause_of_bounds, deregister_target, enforce_bounds
from moyai.plan.scaling.tracking import new_target_arn, resource_id

_ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]{1,1000}")
_PAGE_SIZE: Final = 50
_MAX_CAPACITY: Final = 5000
_SERVICE_LINKED_ROLE_PATH: Final = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
_SERVICE_LINKED_ROLE_NAME: Final = "AWSServiceRoleForApplicationAutoScaling_ECSService"
_TAG_RULES: Final = TagRules("scalable-target", InvalidInput, TooManyTags)


class Suspension(msgspec.Struct, frozen=True):
    """The kinds of scaling to suspend or resume; None leaves them as they are."""

    dynamic_scaling_in_suspended: bool | None = None
    dynamic_scaling_out_suspended: bool | None = None
    scheduled_scaling_suspended: bool | None = None


class RegisterScalableTargetRequest(ScalableTargetRequest, frozen=True, kw_only=True):
    """A new target, or changes to one."""

    min_capacity: int | None = None
    max_capacity: int | None = None
    role_arn: str | None = None
    """For services without a service-linked role. ECS has one, so the ARN is checked and not used, as on AWS."""
    suspended_state: Suspension = Suspension()
    tags: Mapping[str, str] = {}


class DescribeScalableTargetsRequest(PageRequest, frozen=True):
    """Targets, some or all."""

    service_namespace: str
    resource_ids: tuple[str, ...] = ()
    scalable_dimension: str | None = None


class DeregisterScalableTargetRequest(ScalableTargetRequest, frozen=True, kw_only=True):
    """The target to deregister."""


def register_scalable_target(ctx: Context, request: RegisterScalableTargetRequest) -> dict[str, object]:
    """Register a service as a target, or change its target; its desired count is brought within the bounds."""
    check_kind(request.service_namespace, request.scalable_dimension)
    if request.role_arn is not None and not _ROLE_ARN.fullmatch(request.role_arn):
        raise InvalidInput("RoleARN must be the ARN of an IAM role.")
    service = active_service(ctx, service_named(ctx, request.resource_id))
    if service.is_daemon:
        raise InvalidInput(
            f"ECS service {service.name} uses the DAEMON scheduling strategy, which has no desired count."
        )
    stored_target = ctx.store.world.scalable_targets.get(service.arn)
    target = _with_bounds(stored_target or _new_target(ctx, request), request)
    cause = cause_of_bounds(stored_target, target)
    changes = [Put(target), *enforce_bounds(ctx.store.world, target, cause, ctx.now, ctx.ids)]
    ctx.store.apply(changes)
    return {"scalable_target_arn": target.arn}


def describe_scalable_targets(ctx: Context, request: DescribeScalableTargetsRequest) -> dict[str, object]:
    """A page of the targets with these resource ids; unknown ones are left out."""
    check_kind(request.service_namespace, request.scalable_dimension)
    targets = ctx.store.world.scalable_targets.by("scope", scope_key(ctx.scope))
    matching = {resource_id(target.service): target for target in targets}
    if request.resource_ids:
        matching = {name: matching[name] for name in request.resource_ids if name in matching}
    page = page_of(matching, ("targets", request.resource_ids), request.next_token, request.max_results, _PAGE_SIZE)
    return {"scalable_targets": [_view(ctx, matching[key]) for key in page.keys], "next_token": page.next_token}


def deregister_scalable_target(ctx: Context, request: DeregisterScalableTargetRequest) -> dict[str, object]:
    """Stop scaling the service, and delete its policies and their alarms."""
    check_kind(request.service_namespace, request.scalable_dimension)
    target = target_of(ctx, request.resource_id)
    ctx.store.apply(deregister_target(ctx.store.world, target, ctx.now, ctx.ids))
    return {}


def _new_target(ctx: Context, request: RegisterScalableTargetRequest) -> ScalableTarget:
    if request.min_capacity is None or request.max_capacity is None:
        raise InvalidInput("MinCapacity and MaxCapacity are required to register a new scalable target.")
    return ScalableTarget(
        arn=new_target_arn(ctx.scope, ctx.ids),
        service=service_named(ctx, request.resource_id),
        min_capacity=request.min_capacity,
        max_capacity=request.max_capacity,
        created_at=ctx.now,
        tags=checked_tags(_TAG_RULES, request.tags),
    )


def _with_bounds(target: ScalableTarget, request: RegisterScalableTargetRequest) -> ScalableTarget:
    least = target.min_capacity if request.min_capacity is None else request.min_capacity
    most = target.max_capacity if request.max_capacity is None else request.max_capacity
    if not 0 <= least <= _MAX_CAPACITY or not 0 <= most <= _MAX_CAPACITY:
        raise InvalidInput(f"Capacities must be between 0 and {_MAX_CAPACITY}.")
    if least > most:
        raise InvalidInput("Maximum capacity cannot be less than minimum capacity")
    changes = {
        name: value for name, value in msgspec.structs.asdict(request.suspended_state).items() if value is not None
    }
    return replace(target, min_capacity=least, max_capacity=most, suspended=replace(target.suspended, **changes))


def _view(ctx: Context, target: ScalableTarget) -> Mapping[str, object]:
    return {
        "service_namespace": NAMESPACE,
        "resource_id": resource_id(target.service),
        "scalable_dimension": DIMENSION,
        "min_capacity": target.min_capacity,
        "max_capacity": target.max_capacity,
        "role_arn": f"arn:aws:iam::{ctx.scope.account}:{_SERVICE_LINKED_ROLE_PATH}{_SERVICE_LINKED_ROLE_NAME}",
        "creation_time": target.created_at,
        "suspended_state": target.suspended,
        "scalable_target_arn": target.arn,
    }


def _tagged_target(ctx: Context, arn: str) -> ScalableTarget:
    target = next(iter(ctx.store.world.scalable_targets.by("arn", arn)), None)
    if target is None or scope_of(target.arn) != ctx.scope:
        raise ResourceNotFound(f"The scalable target {arn[:500]} does not exist.", {"resource_name": arn})
    return target


TAGS: Final = TagOperations(_tagged_target, _TAG_RULES, tags=Mapping[str, str])
