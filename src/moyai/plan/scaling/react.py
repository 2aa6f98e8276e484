"""What a scaling policy does when its alarm is in the state that it acts on.

Promise: the policy that wants the most tasks wins, and target tracking takes tasks away only when each of a service's
policies would. While a cooldown lasts, a policy may add to what the last one added but not take it as a new beginning,
and nothing is taken away after something was. During a deployment nothing is taken away. For target tracking the
metric is the average of the datapoints that raised the alarm, and on the way down the greatest of them.
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
from moyai.plan.scaling.adjust import aggregated, step_for, stepped, tracked
from moyai.plan.scaling.change import Move, scaled, unscaled


class _Case(NamedTuple):
    """Everything that a policy's wish is made from."""

    world: World
    policy: ScalingPolicy
    alarm: Alarm
    target: ScalableTarget
    service: Service
    last: ScalingActivity | None
    """The last change that a policy made."""
    now: Instant

    @property
    def cooling(self) -> bool:
        """Whether the last change still has its cooldown."""
        return self.last is not None and (
            self.last.ended_at is None or self.now < self.last.ended_at + self.last.cooldown
        )

    @property
    def base(self) -> int:
        """The count that an addition begins at: what the last addition added counts into the next."""
        if self.last is None or not self.cooling or self.last.desired < self.last.before:
            return self.service.desired_count
        return min(self.last.base, self.service.desired_count)


def reacted(world: World, policies: Iterable[ScalingPolicy], alarm: Alarm, now: Instant, ids: Ids) -> list[Change]:
    """The changes that follow from the alarm as it is now: for each service those of the policy that wants most."""
    best: dict[ServiceArn, list[Change]] = {}
    for policy in policies:
        changes = _reacted(world, policy, alarm, now, ids)
        had = best.setdefault(policy.service, changes)
        if _count(changes) > _count(had):
            best[policy.service] = changes
    return [change for changes in best.values() for change in changes]


def _count(changes: Iterable[Change]) -> int:
    """The count that these give a service; -1 when they give it none."""
    puts = (change.record for change in changes if isinstance(change, Put))
    return max((record.desired_count for record in puts if isinstance(record, Service)), default=-1)


def _reacted(world: World, policy: ScalingPolicy, alarm: Alarm, now: Instant, ids: Ids) -> list[Change]:
    target, service = world.scalable_targets.get(policy.service), world.services.get(policy.service)
    if target is None or service is None or service.status is not ServiceStatus.ACTIVE:
        return []
    activities = world.scaling_activities.by("service", service.arn)
    made = [one for one in activities if one.policy is not None and one.not_scaled is None]
    last = max(made, key=lambda one: one.started_at, default=None)
    case = _Case(world, policy, alarm, target, service, last, now)
    wish = _wish(case)
    return [] if wish is None else _followed(case, wish, ids)


def _followed(case: _Case, wish: int, ids: Ids) -> list[Change]:
    world, policy, alarm, target, service, _, now = case
    cause = f"monitor alarm {alarm.name} in state {alarm.state} triggered policy {policy.name}"
    out = wish > service.desired_count or (wish == service.desired_count and not _lowers(case))
    move = Move(_clamped(target, wish), cause, policy.arn, _cooldown(policy, out=out), case.base)
    refused = _refused(case, move, wish, out=out)
    if refused is not None:
        return unscaled(world, service, move, refused, now, ids) if refused.code else []
    return scaled(world, service, move, now, ids)


def _refused(case: _Case, move: Move, wish: int, *, out: bool) -> NotScaled | None:
    """Why nothing is done, None when it is. A reason without a code is told to nobody."""
    count, suspended = case.service.desired_count, case.target.suspended
    if suspended.dynamic_scaling_out_suspended if out else suspended.dynamic_scaling_in_suspended:
        return NotScaled("")
    return _not_out(case, move, wish, count) if out else _not_in(case, move, wish, count)


def _not_out(case: _Case, move: Move, wish: int, count: int) -> NotScaled | None:
    if move.capacity > count:
        return None
    if case.cooling:
        return NotScaled("")
    at_most = case.target.max_capacity
    return NotScaled("AlreadyAtMaxCapacity", max_capacity=at_most) if wish > count else _same(count)


def _not_in(case: _Case, move: Move, wish: int, count: int) -> NotScaled | None:
    if move.capacity >= count:
        at_least = case.target.min_capacity
        return NotScaled("AlreadyAtMinCapacity", min_capacity=at_least) if wish < count else _same(count)
    if not case.service.is_external and case.service.primary.rollout_state is RolloutState.IN_PROGRESS:
        return NotScaled("TargetServicePutResourceAsUnscalable")
    taken = case.last is not None and case.last.desired < case.last.before
    return NotScaled("") if taken and case.cooling else None


def _same(count: int) -> NotScaled:
    return NotScaled("AlreadyAtDesiredCapacity", current_capacity=count)


def _clamped(target: ScalableTarget, wish: int) -> int:
    return min(max(wish, target.min_capacity), target.max_capacity)


def _wish(case: _Case) -> int | None:
    """How many tasks the policy wants; None when it has no say now."""
    if case.policy.step is not None:
        return _stepped(case, case.policy.step)
    if case.policy.tracking is not None and case.alarm.state is AlarmState.ALARM:
        return _lowered(case) if _lowers(case) else _raised(case, case.policy.tracking)
    return None


def _stepped(case: _Case, policy: StepScaling) -> int | None:
    condition = case.alarm.condition
    if not isinstance(condition, MetricCondition):
        return None
    value = aggregated(case.alarm.recent, policy.metric_aggregation_type) if case.alarm.recent else condition.threshold
    step = step_for(policy, value - condition.threshold)
    if step is None:
        return None
    count = case.service.desired_count
    from_base = stepped(policy, case.base, step.scaling_adjustment)
    return from_base if from_base > case.base else stepped(policy, count, step.scaling_adjustment)


def _raised(case: _Case, policy: TargetTracking) -> int | None:
    if not case.alarm.recent:
        return None
    return max(tracked(case.base, aggregated(case.alarm.recent, None), policy.target_value), case.service.desired_count)


def _lowered(case: _Case) -> int | None:
    """The greatest count that any of the service's policies would go down to; None when one of them wouldn't."""
    wishes: list[int] = []
    for policy in _tracking(case):
        low = case.world.alarms.get(policy.low)
        alarm = case.alarm if low is not None and low.arn == case.alarm.arn else low
        if policy.tracking is None or alarm is None or alarm.state is not AlarmState.ALARM or not alarm.recent:
            return None
        wishes.append(tracked(case.service.desired_count, max(alarm.recent), policy.tracking.target_value))
    return min(max(wishes), case.service.desired_count) if wishes else None


def _tracking(case: _Case) -> Sequence[ScalingPolicy]:
    return [
        policy
        for policy in case.world.scaling_policies.by("service", case.service.arn)
        if policy.tracking is not None and not policy.tracking.disable_scale_in
    ]


def _lowers(case: _Case) -> bool:
    return case.policy.low is not None and case.policy.low == case.alarm.arn


def _cooldown(policy: ScalingPolicy, *, out: bool) -> int:
    if policy.step is not None:
        asked = policy.step.cooldown
    elif policy.tracking is not None:
        asked = policy.tracking.scale_out_cooldown if out else policy.tracking.scale_in_cooldown
    else:
        asked = None
    return COOLDOWN if asked is None else asked
