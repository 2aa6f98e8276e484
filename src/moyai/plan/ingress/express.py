"""The resources that ECS creates for an Express service beside its ingress path: security group, log group, scaling and
alarm.

Promise: all of them are deleted in the step in which the service becomes INACTIVE, except for a security group that
another interface uses. Resources that are gone already are skipped.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-update-full.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from moyai.domain.autoscaling.policy import (
    CustomizedMetric,
    PredefinedMetric,
    ScalingPolicy,
    TargetTracking,
    TrackedQuery,
    TrackedStat,
)
from moyai.domain.autoscaling.target import ScalableTarget
from moyai.domain.cloudwatch.alarm import ComparisonOperator, MetricCondition, MissingData
from moyai.domain.cloudwatch.query import Dimension, Metric, MetricDataQuery, MetricStat
from moyai.domain.ecs.express import ExpressService, ScalingMetric, ScalingTarget
from moyai.domain.ecs.ingress import IngressPath
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task_definition import TaskDefinition, TaskDefinitionStatus
from moyai.domain.logs.group import ID_DIGITS, LogGroup, LogStream, group_arn
from moyai.domain.queries.vpc import interfaces_in
from moyai.domain.vpc.security_group import (
    GroupReference,
    SecurityGroup,
    SecurityGroupRule,
    default_egress_rules,
    new_group_id,
    new_rule_id,
)
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids, LogGroupId, SecurityGroupId, ServiceArn
from moyai.plan.alarms.configuration import AlarmConfiguration, delete_alarm, put_alarm
from moyai.plan.elb.new_records import Creation
from moyai.plan.scaling.lifecycle import deregister_target
from moyai.plan.scaling.tracking import (
    PREDEFINED_METRICS,
    REQUESTS_PER_TARGET,
    new_policy_arn,
    new_target_arn,
    put_tracking_alarms,
    resource_id,
)

POLICY: Final = "ecs-express-scaling"
_NAMESPACE: Final = "AWS/ApplicationELB"
_MINUTE: Final = 60
_MOST_ERRORS: Final = 1.0
"""Percent of the requests that may fail."""
_PERIODS, _BREACHES = 3, 2
_CPU, _MEMORY = PREDEFINED_METRICS
_PREDEFINED: Final[Mapping[ScalingMetric, str]] = MappingProxyType(
    {ScalingMetric.AVERAGE_CPU: _CPU, ScalingMetric.AVERAGE_MEMORY: _MEMORY}
)
METRIC_NAMES: Final[Mapping[ScalingMetric, str]] = MappingProxyType(
    {**_PREDEFINED, ScalingMetric.REQUEST_COUNT_PER_TARGET: REQUESTS_PER_TARGET}
)
"""Application Auto Scaling's names of the metrics."""


def new_service_group(creation: Creation, vpc: Vpc, service: str, balancer_group: SecurityGroupId) -> SecurityGroup:
    """The security group of a service's tasks, which lets its load balancer in at all TCP ports."""
    peer = GroupReference(balancer_group, creation.scope.account, vpc.id)
    inbound = SecurityGroupRule(new_rule_id(creation.ids), egress=False, protocol="tcp", group=peer)
    identity = new_group_id(creation.ids)
    return SecurityGroup(
        id=identity,
        vpc=vpc.id,
        scope=creation.scope,
        name=f"ecs-express-{identity}",
        description=f"Tasks of the Express service {service}",
        rules=(replace(inbound, from_port=0, to_port=65535), *default_egress_rules(vpc, creation.ids)),
        tags=creation.tags,
    )


def new_log_group(creation: Creation, name: str) -> LogGroup:
    """The log group of a service's containers."""
    identity = LogGroupId(creation.ids.hex(ID_DIGITS))
    return LogGroup(group_arn(creation.scope, name), identity, name, creation.now, tags=creation.tags)


def scale_express(
    world: World, creation: Creation, service: Service, path: IngressPath, scaling: ScalingTarget
) -> tuple[ScalingPolicy, tuple[Change, ...]]:
    """The policy that scales a service as its settings say, and the changes that store it with its target and its
    alarms; those that exist are changed.
    """
    target = world.scalable_targets.get(service.arn)
    if target is None:
        identity = new_target_arn(creation.scope, creation.ids)
        target = ScalableTarget(identity, service.arn, 0, 0, creation.now, tags=creation.tags)
    bounded = replace(target, min_capacity=scaling.min_task_count, max_capacity=scaling.max_task_count)
    policies = world.scaling_policies.each("service", service.arn)
    policy = next((existing for existing in policies if existing.name == POLICY), None)
    if policy is None:
        arn = new_policy_arn(service.arn, POLICY, creation.ids)
        policy = ScalingPolicy(arn, POLICY, service.arn, creation.now)
    tracking = _tracking(path, scaling)
    policy, alarms = put_tracking_alarms(
        world, replace(policy, tracking=tracking), tracking, creation.now, creation.ids
    )
    return policy, (Put(bounded), *alarms, Put(policy))


def put_rollback_alarm(world: World, creation: Creation, service: Service, path: IngressPath) -> list[Change]:
    """Changes that store the alarm of a service: more than one request in a hundred fails, in two of three minutes."""
    configuration = AlarmConfiguration(
        name=rollback_alarm_name(service.arn),
        condition=MetricCondition(
            threshold=_MOST_ERRORS,
            comparison=ComparisonOperator.ABOVE,
            evaluation_periods=_PERIODS,
            queries=tuple(_error_rate(path)),
            datapoints_to_alarm=_BREACHES,
            treat_missing_data=MissingData.NOT_BREACHING,
        ),
        description=f"Rolls back deployments of the Express service {service.arn}.",
        tags=creation.tags,
    )
    return put_alarm(world, creation.scope, configuration, creation.now, creation.ids)


def rollback_alarm_name(service: ServiceArn) -> str:
    """The name of the alarm that rolls back the service's deployments."""
    return f"{resource_id(service).removeprefix('service/')}/RollbackAlarm"


def delete_express(world: World, service: Service, now: Instant, ids: Ids) -> tuple[Change, ...]:
    """Changes that delete what ECS has made for a service that is INACTIVE, if it was an Express service."""
    express = world.express_services.get(service.arn)
    if express is None or service.status is not ServiceStatus.INACTIVE:
        return ()
    return tuple(_deletion(world, express, now, ids))


def _deletion(world: World, express: ExpressService, now: Instant, ids: Ids) -> Iterator[Change]:
    target = world.scalable_targets.get(express.service)
    if target is not None:
        yield from deregister_target(world, target, now, ids)
    alarm = world.alarms.get(express.alarm)
    if alarm is not None:
        yield from delete_alarm(world, alarm, now, ids)
    if express.log_group is not None:
        yield from (Delete(LogStream, stream.key) for stream in world.log_streams.each("group", express.log_group))
        yield Delete(LogGroup, express.log_group)
    yield from (Put(definition) for definition in _deregister_definitions(world, express, now))
    group = world.security_groups.get(express.security_group)
    if group is not None and not any(interfaces_in(world, group)):
        yield Delete(SecurityGroup, group.id)
    yield Delete(ExpressService, express.key)


def _deregister_definitions(world: World, express: ExpressService, now: Instant) -> Iterator[TaskDefinition]:
    """The task definitions that ECS has registered for the service, with the status INACTIVE."""
    revisions = world.service_revisions.each("service", express.service)
    own = {
        revision.deployment.task_definition
        for revision in revisions
        if (configuration := express.configurations.get(revision.deployment.id)) is not None
        and not configuration.has_own_definition
    }
    for arn in sorted(own):
        definition = world.task_definitions.get(arn)
        if definition is not None and definition.status is TaskDefinitionStatus.ACTIVE:
            yield replace(definition, status=TaskDefinitionStatus.INACTIVE, deregistered_at=now)


def _tracking(path: IngressPath, scaling: ScalingTarget) -> TargetTracking:
    value, metric = float(scaling.auto_scaling_target_value), scaling.auto_scaling_metric
    if metric in _PREDEFINED:
        return TargetTracking(value, PredefinedMetric(_PREDEFINED[metric]))
    stats = [
        TrackedStat(Metric(_NAMESPACE, "RequestCountPerTarget", _dimensions(path, group)), "Sum") for group in range(2)
    ]
    queries = tuple(TrackedQuery(f"m{n}", stat, return_data=False) for n, stat in enumerate(stats, start=1))
    requests = TrackedQuery("requests", expression="FILL(m1, 0) + FILL(m2, 0)", label=REQUESTS_PER_TARGET)
    return TargetTracking(value, customized_metric_specification=CustomizedMetric(metrics=(*queries, requests)))


def _error_rate(path: IngressPath) -> Iterator[MetricDataQuery]:
    """The percentage of requests to both target groups that are answered with 4XX and 5XX."""
    names = {"r": "RequestCount", "c": "HTTPCode_Target_4XX_Count", "s": "HTTPCode_Target_5XX_Count"}
    for letter, name in names.items():
        for group in range(2):
            stat = MetricStat(Metric(_NAMESPACE, name, _dimensions(path, group)), _MINUTE, "Sum")
            yield MetricDataQuery(f"{letter}{group}", stat, return_data=False)
    errors = " + ".join(f"FILL({letter}{group}, 0)" for letter in "cs" for group in range(2))
    rate = f"100 * ({errors}) / (FILL(r0, 0) + FILL(r1, 0))"
    yield MetricDataQuery("rate", expression=rate, label="Failed requests in percent")


def _dimensions(path: IngressPath, group: int) -> tuple[Dimension, ...]:
    balancer = path.load_balancer.partition(":loadbalancer/")[2]
    return Dimension("LoadBalancer", balancer), Dimension("TargetGroup", path.target_groups[group].rpartition(":")[2])
