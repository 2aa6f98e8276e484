"""Scaling policies.

Refuses: predictive scaling, and predefined metrics other than those of ECS and ALBRequestCountPerTarget.
Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from moyai.api.autoscaling.lookup import (
    DIMENSION,
    NAMESPACE,
    ScalableTargetListRequest,
    ScalableTargetRequest,
    check_kind,
    page_of,
    service_named,
    target_description,
    target_of,
)
from moyai.api.autoscaling.policy_rules import STEP, TRACKING, checked_step, checked_tracking
from moyai.api.operation import Context
from moyai.domain.autoscaling.errors import LimitExceeded, ObjectNotFound
from moyai.domain.autoscaling.policy import ScalingPolicy, StepScaling, TargetTracking
from moyai.domain.keys import scope_key
from moyai.domain.world import Change, Put
from moyai.kernel.errors import InvalidInput
from moyai.kernel.ids import AlarmArn, ServiceArn
from moyai.plan.scaling.lifecycle import delete_policy
from moyai.plan.scaling.tracking import new_policy_arn, put_tracking_alarms, resource_id

MAX_POLICIES: Final = 50
"""The most policies of one target."""
_PAGE_SIZE: Final = 50


class PutScalingPolicyRequest(ScalableTargetRequest, frozen=True, kw_only=True):
    """Input of PutScalingPolicy: the whole policy."""

    policy_name: str
    policy_type: str | None = None
    step_scaling_policy_configuration: StepScaling | None = None
    target_tracking_scaling_policy_configuration: TargetTracking | None = None


class DescribeScalingPoliciesRequest(ScalableTargetListRequest, frozen=True, kw_only=True):
    """The filters of scaling policies."""

    policy_names: tuple[str, ...] = ()


class DeleteScalingPolicyRequest(ScalableTargetRequest, frozen=True, kw_only=True):
    """The policy to delete."""

    policy_name: str


def put_scaling_policy(ctx: Context, request: PutScalingPolicyRequest) -> dict[str, object]:
    """Create a policy, or replace the one of that name; target tracking creates its alarms, too."""
    check_kind(request.service_namespace, request.scalable_dimension)
    target = target_of(ctx, request.resource_id)
    former = _find_policy(ctx, target.service, request.policy_name)
    policy = _policy(ctx, request, former)
    changes: list[Change] = []
    if policy.tracking is not None:
        policy, changes = put_tracking_alarms(ctx.store.world, policy, policy.tracking, ctx.now, ctx.ids)
    ctx.store.apply([*changes, Put(policy)])
    return {"policy_arn": policy.arn, "alarms": _own_alarms(policy)}


def describe_scaling_policies(ctx: Context, request: DescribeScalingPoliciesRequest) -> dict[str, object]:
    """A page of the policies that pass the filters."""
    check_kind(request.service_namespace, request.scalable_dimension)
    if request.scalable_dimension is not None and request.resource_id is None:
        raise InvalidInput("If you specify a scalable dimension, you must also specify a resource ID.")
    policies = ctx.store.world.scaling_policies.by("scope", scope_key(ctx.scope))
    service = None if request.resource_id is None else service_named(ctx, request.resource_id)
    matching = {
        f"{policy.service}\0{policy.name}": policy
        for policy in policies
        if service in {None, policy.service} and (not request.policy_names or policy.name in request.policy_names)
    }
    listing = ("policies", request.policy_names, request.resource_id)
    page = page_of(matching, listing, request.next_token, request.max_results, _PAGE_SIZE)
    return {"scaling_policies": [_view(ctx, matching[key]) for key in page.keys], "next_token": page.next_token}


def delete_scaling_policy(ctx: Context, request: DeleteScalingPolicyRequest) -> dict[str, object]:
    """Delete a policy and the alarms that were created for it. Other alarms stay, but their action has no effect."""
    check_kind(request.service_namespace, request.scalable_dimension)
    policy = _find_policy(ctx, service_named(ctx, request.resource_id), request.policy_name)
    if policy is None:
        raise ObjectNotFound(
            f"No scaling policy found for {target_description(request.resource_id)}, policy name: {request.policy_name}"
        )
    ctx.store.apply(delete_policy(ctx.store.world, policy, ctx.now, ctx.ids))
    return {}


def _policy(ctx: Context, request: PutScalingPolicyRequest, former: ScalingPolicy | None) -> ScalingPolicy:
    step, tracking = request.step_scaling_policy_configuration, request.target_tracking_scaling_policy_configuration
    kind = request.policy_type or (TRACKING if former is not None and former.tracking is not None else STEP)
    if former is None:
        service = service_named(ctx, request.resource_id)
        if ctx.store.world.scaling_policies.count("service", service) >= MAX_POLICIES:
            raise LimitExceeded(f"A scalable target can have {MAX_POLICIES} scaling policies.")
        name = new_policy_arn(service, request.policy_name, ctx.ids)
        former = ScalingPolicy(name, request.policy_name, service, ctx.now)
    elif (kind == TRACKING) != (former.tracking is not None):
        raise InvalidInput("The type of a scaling policy can't be changed. Delete it and make another.")
    if kind == TRACKING:
        others = [p for p in ctx.store.world.scaling_policies.by("service", former.service) if p.arn != former.arn]
        return replace(former, tracking=checked_tracking(ctx, tracking, step, others))
    if kind != STEP:
        raise InvalidInput(f"PolicyType {kind} is not supported by moyai: there are no forecasts.")
    return replace(former, step=checked_step(step, tracking))


def _find_policy(ctx: Context, service: ServiceArn, name: str) -> ScalingPolicy | None:
    policies = ctx.store.world.scaling_policies.by("service", service)
    return next((policy for policy in policies if policy.name == name), None)


def _view(ctx: Context, policy: ScalingPolicy) -> Mapping[str, object]:
    alarms = _own_alarms(policy) if policy.tracking is not None else _alarms(_calling_alarms(ctx, policy))
    return {
        "policy_arn": policy.arn,
        "policy_name": policy.name,
        "service_namespace": NAMESPACE,
        "resource_id": resource_id(policy.service),
        "scalable_dimension": DIMENSION,
        "policy_type": STEP if policy.tracking is None else TRACKING,
        "step_scaling_policy_configuration": policy.step,
        "target_tracking_scaling_policy_configuration": policy.tracking,
        "alarms": alarms,
        "creation_time": policy.created_at,
    }


def _calling_alarms(ctx: Context, policy: ScalingPolicy) -> Sequence[AlarmArn]:
    return [alarm.arn for alarm in ctx.store.world.alarms.by("action", policy.arn)]


def _own_alarms(policy: ScalingPolicy) -> list[Mapping[str, str]]:
    return _alarms([alarm for alarm in (policy.high, policy.low) if alarm is not None])


def _alarms(arns: Sequence[AlarmArn]) -> list[Mapping[str, str]]:
    return [{"alarm_name": arn.rpartition(":alarm:")[2], "alarm_arn": arn} for arn in arns]
