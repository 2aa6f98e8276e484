"""The alarms of a target tracking policy.

Promise: the alarms are those that AWS makes: one for three minutes above the target, one for fifteen minutes below nine
tenths of it. They are deleted with their policy.
Source: https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from moyai.domain.autoscaling.policy import CustomizedMetric, ScalingPolicy, TargetTracking
from moyai.domain.cloudwatch.alarm import AlarmActions, ComparisonOperator, MetricCondition, alarm_arn
from moyai.domain.cloudwatch.query import Dimension, Metric, MetricDataQuery, MetricStat
from moyai.domain.keys import scope_of
from moyai.domain.world import Change, World
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids, ScalableTargetArn, ScalingPolicyArn, ServiceArn
from moyai.kernel.scope import Scope
from moyai.plan.alarms.configuration import AlarmConfiguration, delete_alarm, put_alarm

PREDEFINED_METRICS: Mapping[str, str] = MappingProxyType(
    {
        "ECSServiceAverageCPUUtilization": "CPUUtilization",
        "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
    }
)
"""The CloudWatch metrics for AWS's predefined metric types about the service itself."""
REQUESTS_PER_TARGET: Final = "ALBRequestCountPerTarget"
"""The predefined metric type of a target group's requests; its resource label has the dimensions' values."""
_TARGET_GROUP: Final = "/targetgroup/"
_MINUTE: Final = 60
_HIGH_PERIODS: Final = 3
_LOW_PERIODS: Final = 15
_LOW: Final = 0.9
_TARGET_DIGITS: Final = 36


def put_tracking_alarms(
    world: World, policy: ScalingPolicy, tracking: TargetTracking, now: Instant, ids: Ids
) -> tuple[ScalingPolicy, list[Change]]:
    """The policy with its alarms, and changes that create or update them."""
    scope, resource = scope_of(policy.service), resource_id(policy.service)
    before = world.scaling_policies.get(policy.arn)
    high = (before.high if before else None) or alarm_arn(scope, f"TargetTracking-{resource}-AlarmHigh-{ids.uuid()}")
    low = (before.low if before else None) or alarm_arn(scope, f"TargetTracking-{resource}-AlarmLow-{ids.uuid()}")
    base = MetricCondition(tracking.target_value, ComparisonOperator.ABOVE, _HIGH_PERIODS, *_metric(policy, tracking))
    conditions = {high: base}
    if not tracking.disable_scale_in:
        threshold = tracking.target_value * _LOW
        conditions[low] = replace(
            base, threshold=threshold, comparison=ComparisonOperator.BELOW, evaluation_periods=_LOW_PERIODS
        )
    changes: list[Change] = []
    for alarm_key, condition in conditions.items():
        configuration = AlarmConfiguration(
            name=alarm_key.rpartition(":alarm:")[2],
            condition=condition,
            actions=AlarmActions(alarm=(policy.arn,)),
            description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
        )
        changes += put_alarm(world, scope, configuration, now, ids)
    if low not in conditions and (alarm := world.alarms.get(low)) is not None:
        changes += delete_alarm(world, alarm, now, ids)
    return replace(policy, high=high, low=low if low in conditions else None), changes


def delete_tracking_alarms(world: World, policy: ScalingPolicy, now: Instant, ids: Ids) -> list[Change]:
    """Changes that delete a policy's alarms."""
    alarms = [alarm for key in (policy.high, policy.low) if (alarm := world.alarms.get(key)) is not None]
    return [change for alarm in alarms for change in delete_alarm(world, alarm, now, ids)]


def resource_id(service: ServiceArn) -> str:
    """The resource id of a service in Application Auto Scaling: ``service/<cluster>/<service>``."""
    parsed = parse_arn(service)
    return "" if parsed is None else parsed.resource


def new_target_arn(scope: Scope, ids: Ids) -> ScalableTargetArn:
    """The ARN of a new scalable target."""
    return ScalableTargetArn(arn("application-autoscaling", scope, f"scalable-target/{ids.hex(_TARGET_DIGITS)}"))


def new_policy_arn(service: ServiceArn, name: str, ids: Ids) -> ScalingPolicyArn:
    """The ARN of a new scaling policy of the service."""
    place = f"resource/ecs/{resource_id(service)}:policyName/{name}"
    return ScalingPolicyArn(arn("autoscaling", scope_of(service), f"scalingPolicy:{ids.uuid()}:{place}"))


def label_dimensions(label: str) -> tuple[Dimension, ...]:
    """The load balancer and the target group in a resource label of ALBRequestCountPerTarget."""
    balancer, _, group = label.partition(_TARGET_GROUP)
    return Dimension("LoadBalancer", balancer), Dimension("TargetGroup", f"targetgroup/{group}")


def metric_queries(metric: CustomizedMetric) -> tuple[MetricDataQuery, ...]:
    """The metric math of a customized metric, as queries of an alarm."""
    return tuple(
        MetricDataQuery(
            id=query.id,
            metric_stat=None
            if query.metric_stat is None
            else MetricStat(query.metric_stat.metric, _MINUTE, query.metric_stat.stat, query.metric_stat.unit),
            expression=query.expression,
            label=query.label,
            return_data=query.return_data,
        )
        for query in metric.metrics
    )


def _metric(policy: ScalingPolicy, tracking: TargetTracking) -> tuple[MetricStat | None, tuple[MetricDataQuery, ...]]:
    custom = tracking.customized_metric_specification
    if custom is not None and custom.metrics:
        return None, metric_queries(custom)
    if custom is not None:
        metric = Metric(custom.namespace or "", custom.metric_name or "", custom.dimensions)
        return MetricStat(metric, _MINUTE, custom.statistic or "Average", custom.unit), ()
    predefined = tracking.predefined_metric_specification
    if predefined is not None and predefined.predefined_metric_type == REQUESTS_PER_TARGET:
        labels = label_dimensions(predefined.resource_label or "")
        requests = Metric("AWS/ApplicationELB", "RequestCountPerTarget", labels)
        return MetricStat(requests, _MINUTE, "Sum"), ()
    name = PREDEFINED_METRICS[predefined.predefined_metric_type] if predefined is not None else ""
    _, cluster, service = resource_id(policy.service).split("/")
    dimensions = (Dimension("ClusterName", cluster), Dimension("ServiceName", service))
    return MetricStat(Metric("AWS/ECS", name, dimensions), _MINUTE, "Average"), ()
