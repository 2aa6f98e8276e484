"""The alarms that are made for a target tracking policy.

Promise: as AWS makes them: three minutes above the target, and fifteen below nine tenths of it. They go with their
policy.
Source: https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from moyai.domain.autoscaling.policy import CustomizedMetric, ScalingPolicy, TargetTracking
from moyai.domain.cloudwatch.alarm import AlarmActions, Comparison, MetricCondition, alarm_arn
from moyai.domain.cloudwatch.query import Dimension, Metric, MetricDataQuery, MetricStat
from moyai.domain.keys import scope_of
from moyai.domain.world import Change, World
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids, ServiceArn
from moyai.plan.alarms.configure import Configuration, configured, removed

PREDEFINED: Mapping[str, str] = MappingProxyType(
    {
        "ECSServiceAverageCPUUtilization": "CPUUtilization",
        "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
    }
)
"""The metrics that AWS has a name for, by it."""
_MINUTE: Final = 60
_HIGH_PERIODS: Final = 3
_LOW_PERIODS: Final = 15
_LOW: Final = 0.9


def with_alarms(
    world: World, policy: ScalingPolicy, tracking: TargetTracking, now: Instant, ids: Ids
) -> tuple[ScalingPolicy, list[Change]]:
    """The policy with its alarms, and the changes that make them or bring them up to date."""
    scope, resource = scope_of(policy.service), resource_of(policy.service)
    before = world.scaling_policies.get(policy.arn)
    high = (before.high if before else None) or alarm_arn(scope, f"TargetTracking-{resource}-AlarmHigh-{ids.uuid()}")
    low = (before.low if before else None) or alarm_arn(scope, f"TargetTracking-{resource}-AlarmLow-{ids.uuid()}")
    base = MetricCondition(tracking.target_value, Comparison.ABOVE, _HIGH_PERIODS, *_watched(policy, tracking))
    conditions = {high: base}
    if not tracking.disable_scale_in:
        threshold = tracking.target_value * _LOW
        conditions[low] = replace(
            base, threshold=threshold, comparison=Comparison.BELOW, evaluation_periods=_LOW_PERIODS
        )
    changes: list[Change] = []
    for arn, condition in conditions.items():
        wanted = Configuration(
            name=arn.rpartition(":alarm:")[2],
            condition=condition,
            actions=AlarmActions(alarm=(policy.arn,)),
            description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
        )
        changes += configured(world, scope, wanted, now, ids)
    if low not in conditions and (alarm := world.alarms.get(low)) is not None:
        changes += removed(world, alarm, now, ids)
    return replace(policy, high=high, low=low if low in conditions else None), changes


def without_alarms(world: World, policy: ScalingPolicy, now: Instant, ids: Ids) -> list[Change]:
    """The changes that take a policy's alarms away."""
    alarms = [alarm for arn in (policy.high, policy.low) if (alarm := world.alarms.get(arn)) is not None]
    return [change for alarm in alarms for change in removed(world, alarm, now, ids)]


def resource_of(service: ServiceArn) -> str:
    """``service/<cluster>/<service>``."""
    parsed = parse_arn(service)
    return "" if parsed is None else parsed.resource


def queries_of(metric: CustomizedMetric) -> tuple[MetricDataQuery, ...]:
    """Arithmetic on metrics, as alarms have it."""
    return tuple(
        MetricDataQuery(
            id=one.id,
            metric_stat=None
            if one.metric_stat is None
            else MetricStat(one.metric_stat.metric, _MINUTE, one.metric_stat.stat, one.metric_stat.unit),
            expression=one.expression,
            label=one.label,
            return_data=one.return_data,
        )
        for one in metric.metrics
    )


def _watched(policy: ScalingPolicy, tracking: TargetTracking) -> tuple[MetricStat | None, tuple[MetricDataQuery, ...]]:
    custom = tracking.customized_metric_specification
    if custom is not None and custom.metrics:
        return None, queries_of(custom)
    if custom is not None:
        metric = Metric(custom.namespace or "", custom.metric_name or "", custom.dimensions)
        return MetricStat(metric, _MINUTE, custom.statistic or "Average", custom.unit), ()
    predefined = tracking.predefined_metric_specification
    name = PREDEFINED[predefined.predefined_metric_type] if predefined is not None else ""
    _, cluster, service = resource_of(policy.service).split("/")
    dimensions = (Dimension("ClusterName", cluster), Dimension("ServiceName", service))
    return MetricStat(Metric("AWS/ECS", name, dimensions), _MINUTE, "Average"), ()
