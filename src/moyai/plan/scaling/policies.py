"""The actions of scaling policies when their alarm is in the state on which they act.

Promise: of several policies, the one that wants most tasks wins; target tracking scales in only when each of a
service's policies would. While the cooldown of a scale-out lasts, a further scale-out counts what the last one added;
while that of a scale-in lasts, there is no further scale-in. During a deployment there is no scale-in. Target tracking
compares its target with the average of the datapoints that raised the alarm, and for a scale-in with the greatest of
them.
Source: https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from moyai.domain.autoscaling.activity import NotScaled, ScalingActivity
from moyai.domain.autoscaling.policy import COOLDOWN, ScalingPolicy, StepScaling, TargetTracking
from moyai.domain.autoscaling.target import ScalableTarget
from moyai.domain.cloudwatch.alarm import Alarm, AlarmState, MetricCondition
from moyai.domain.ecs.service import RolloutState, Service, ServiceStatus
from moyai.domain.world import Change, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids, ServiceArn
from moyai.plan.scaling.activity import CapacityChange, record_not_scaled, scale_service
from moyai.plan.scaling.adjust import adjusted_capacity, aggregate, capacity_for_target, step_for


class _PolicyContext(NamedTuple):
    """Everything on which a policy's decision depends."""

    world: World
    policy: ScalingPolicy
    alarm: Alarm
    target: ScalableTarget
    service: Service
    last: ScalingActivity | None
    """The last change by a policy."""
    now: Instant

    @property
    def is_cooling(self) -> bool:
        """Whether the cooldown of the last change lasts."""
        return self.last is not None and (
            self.last.ended_at is None or self.now < self.last.ended_at + self.last.cooldown
        )

    @property
    def base(self) -> int:
        """The count on which a scale-out is based: during a cooldown, that of the last scale-out."""
        if self.last is None or not self.is_cooling or self.last.desired < self.last.before:
            return self.service.desired_count
        return min(self.last.base, self.service.desired_count)


def apply_policies(
    world: World, policies: Iterable[ScalingPolicy], alarm: Alarm, now: Instant, ids: Ids
) -> list[Change]:
    """Changes by the policies for the alarm's present state: for each service, of the policy that wants most tasks."""
    best: dict[ServiceArn, list[Change]] = {}
    for policy in policies:
        changes = _apply(world, policy, alarm, now, ids)
        previous = best.setdefault(policy.service, changes)
        if _new_count(changes) > _new_count(previous):
            best[policy.service] = changes
    return [change for changes in best.values() for change in changes]


def _new_count(changes: Iterable[Change]) -> int:
    """The count that the changes give a service; -1 when they give none."""
    puts = (change.record for change in changes if isinstance(change, Put))
    return max((record.desired_count for record in puts if isinstance(record, Service)), default=-1)


def _apply(world: World, policy: ScalingPolicy, alarm: Alarm, now: Instant, ids: Ids) -> list[Change]:
    target, service = world.scalable_targets.get(policy.service), world.services.get(policy.service)
    if target is None or service is None or service.status is not ServiceStatus.ACTIVE:
        return []
    activities = world.scaling_activities.by("service", service.arn)
    by_policy = [activity for activity in activities if activity.policy is not None and activity.not_scaled is None]
    last = max(by_policy, key=lambda activity: activity.started_at, default=None)
    context = _PolicyContext(world, policy, alarm, target, service, last, now)
    capacity = _policy_capacity(context)
    return [] if capacity is None else _change_count(context, capacity, ids)


def _change_count(context: _PolicyContext, capacity: int, ids: Ids) -> list[Change]:
    world, policy, alarm, target, service, _, now = context
    cause = f"monitor alarm {alarm.name} in state {alarm.state} triggered policy {policy.name}"
    out = capacity > service.desired_count or (capacity == service.desired_count and not _scales_in(context))
    change = CapacityChange(_clamp(target, capacity), cause, policy.arn, _cooldown(policy, out=out), context.base)
    not_scaled = _reason_against(context, change, capacity, out=out)
    if not_scaled is not None:
        return record_not_scaled(world, service, change, not_scaled, now, ids) if not_scaled.code else []
    return scale_service(world, service, change, now, ids)


def _reason_against(context: _PolicyContext, change: CapacityChange, capacity: int, *, out: bool) -> NotScaled | None:
    """Why the count stays; None when it changes. A reason without a code is not recorded."""
    count, suspended = context.service.desired_count, context.target.suspended
    if suspended.dynamic_scaling_out_suspended if out else suspended.dynamic_scaling_in_suspended:
        return NotScaled("")
    against = _against_scale_out if out else _against_scale_in
    return against(context, change, capacity, count)


def _against_scale_out(context: _PolicyContext, change: CapacityChange, capacity: int, count: int) -> NotScaled | None:
    if change.capacity > count:
        return None
    if context.is_cooling:
        return NotScaled("")
    at_most = context.target.max_capacity
    return NotScaled("AlreadyAtMaxCapacity", max_capacity=at_most) if capacity > count else _already_at(count)


def _against_scale_in(context: _PolicyContext, change: CapacityChange, capacity: int, count: int) -> NotScaled | None:
    if change.capacity >= count:
        at_least = context.target.min_capacity
        return NotScaled("AlreadyAtMinCapacity", min_capacity=at_least) if capacity < count else _already_at(count)
    if not context.service.is_external and context.service.primary.rollout_state is RolloutState.IN_PROGRESS:
        return NotScaled("TargetServicePutResourceAsUnscalable")
    was_scale_in = context.last is not None and context.last.desired < context.last.before
    return NotScaled("") if was_scale_in and context.is_cooling else None


def _already_at(count: int) -> NotScaled:
    return NotScaled("AlreadyAtDesiredCapacity", current_capacity=count)


def _clamp(target: ScalableTarget, capacity: int) -> int:
    return min(max(capacity, target.min_capacity), target.max_capacity)


def _policy_capacity(context: _PolicyContext) -> int | None:
    """How many tasks the policy wants; None when it does not act now."""
    if context.policy.step is not None:
        return _stepped_count(context, context.policy.step)
    if context.policy.tracking is not None and context.alarm.state is AlarmState.ALARM:
        return _lowered_count(context) if _scales_in(context) else _raised_count(context, context.policy.tracking)
    return None


def _stepped_count(context: _PolicyContext, policy: StepScaling) -> int | None:
    condition = context.alarm.condition
    if not isinstance(condition, MetricCondition):
        return None
    value = (
        aggregate(context.alarm.recent, policy.metric_aggregation_type) if context.alarm.recent else condition.threshold
    )
    step = step_for(policy, value - condition.threshold)
    if step is None:
        return None
    count = context.service.desired_count
    from_base = adjusted_capacity(policy, context.base, step.scaling_adjustment)
    return from_base if from_base > context.base else adjusted_capacity(policy, count, step.scaling_adjustment)


def _raised_count(context: _PolicyContext, policy: TargetTracking) -> int | None:
    if not context.alarm.recent:
        return None
    return max(
        capacity_for_target(context.base, aggregate(context.alarm.recent, None), policy.target_value),
        context.service.desired_count,
    )


def _lowered_count(context: _PolicyContext) -> int | None:
    """The greatest count to which any of the service's policies would scale in; None when one of them would not."""
    counts: list[int] = []
    for policy in _scale_in_policies(context):
        low = context.world.alarms.get(policy.low)
        alarm = context.alarm if low is not None and low.arn == context.alarm.arn else low
        if policy.tracking is None or alarm is None or alarm.state is not AlarmState.ALARM or not alarm.recent:
            return None
        counts.append(
            capacity_for_target(context.service.desired_count, max(alarm.recent), policy.tracking.target_value)
        )
    return min(max(counts), context.service.desired_count) if counts else None


def _scale_in_policies(context: _PolicyContext) -> Sequence[ScalingPolicy]:
    return [
        policy
        for policy in context.world.scaling_policies.by("service", context.service.arn)
        if policy.tracking is not None and not policy.tracking.disable_scale_in
    ]


def _scales_in(context: _PolicyContext) -> bool:
    return context.policy.low is not None and context.policy.low == context.alarm.arn


def _cooldown(policy: ScalingPolicy, *, out: bool) -> int:
    if policy.step is not None:
        cooldown = policy.step.cooldown
    elif policy.tracking is not None:
        cooldown = policy.tracking.scale_out_cooldown if out else policy.tracking.scale_in_cooldown
    else:
        cooldown = None
    return COOLDOWN if cooldown is None else cooldown
