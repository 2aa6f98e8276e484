"""The monitors that fail a deployment: the circuit breaker, which counts failed tasks, and CloudWatch alarms.

Circuit breaker: a task that never reaches RUNNING, or is stopped because its health check fails, is counted once, in
the change that records this. A task of the deployment that becomes healthy sets the count back to 0, unless
``resetOnHealthyTask`` is false. A task that ran and ended by itself does not count.

Alarms: an alarm that goes to ALARM while the deployment is under way fails it. When one of them is in ALARM before the
deployment begins, none is watched, because the deployment may be the repair. A deleted alarm has no effect. A rolling
deployment with alarms completes only after it has watched them for as long as the slowest of them looks back.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import Alarm, AlarmState, CompositeCondition, alarm_arn
from moyai.domain.ecs.service import DeploymentConfiguration, Service
from moyai.domain.ecs.service_deployment import ServiceDeployment
from moyai.domain.ecs.strategy import LifecycleStage, ThresholdConfiguration, ThresholdType
from moyai.domain.ecs.task import Task
from moyai.domain.world import Put, World
from moyai.kernel.ids import AlarmArn
from moyai.kernel.scope import Scope

DEFAULT_THRESHOLD = ThresholdConfiguration(ThresholdType.BOUNDED_PERCENT, 50)
_LOWEST_THRESHOLD, _HIGHEST_THRESHOLD = 3, 200
_PERCENT = 100
_DEEPEST_COMPOSITE = 10
"""Levels of composite alarms inside composite alarms that are followed."""


def failure_threshold(configuration: DeploymentConfiguration, desired_count: int) -> int:
    """The number of failed tasks that trips the circuit breaker at this desiredCount."""
    threshold = configuration.deployment_circuit_breaker.threshold_configuration or DEFAULT_THRESHOLD
    if threshold.type is ThresholdType.COUNT:
        return threshold.value
    share = max(1, -(-desired_count * threshold.value // _PERCENT))
    if threshold.type is ThresholdType.UNBOUNDED_PERCENT:
        return share
    return min(max(share, _LOWEST_THRESHOLD), _HIGHEST_THRESHOLD)


def circuit_breaker_watches(record: ServiceDeployment) -> bool:
    """Whether the circuit breaker may still fail the deployment."""
    breaker = record.configuration.deployment_circuit_breaker
    return breaker.enable and record.moves_forward and record.stage is not LifecycleStage.CLEAN_UP


def add_failures(record: ServiceDeployment, service: Service, more: int) -> ServiceDeployment:
    """The record with ``more`` failed tasks."""
    if not more or not circuit_breaker_watches(record):
        return record
    threshold = failure_threshold(record.configuration, service.desired_count)
    return replace(record, failures=record.failures + more, threshold=threshold)


def has_tripped(record: ServiceDeployment, service: Service) -> bool:
    """Whether so many tasks failed that the circuit breaker fails the deployment."""
    threshold = failure_threshold(record.configuration, service.desired_count)
    return circuit_breaker_watches(record) and record.failures >= threshold


def record_failed_task(world: World, service: Service, task: Task) -> tuple[Put, ...]:
    """The change to the task's deployment when the task never reached RUNNING."""
    record = _deployment_of(world, service, task)
    if record is None or not circuit_breaker_watches(record):
        return ()
    return (Put(add_failures(record, service, 1)),)


def record_healthy_task(world: World, service: Service, task: Task) -> tuple[Put, ...]:
    """The change to the task's deployment when the task became healthy."""
    record = _deployment_of(world, service, task)
    if record is None or not record.failures or not circuit_breaker_watches(record):
        return ()
    if record.configuration.deployment_circuit_breaker.reset_on_healthy_task is False:
        return ()
    return (Put(replace(record, failures=0)),)


def alarms_to_watch(world: World, scope: Scope, configuration: DeploymentConfiguration) -> tuple[AlarmArn, ...]:
    """The alarms that can fail a deployment that begins now."""
    named = configuration.alarms
    arns = tuple(alarm_arn(scope, name) for name in dict.fromkeys(named.alarm_names)) if named.enable else ()
    return () if any(alarm.state is AlarmState.ALARM for alarm in _existing_alarms(world, arns)) else arns


def alarm_watch_time(world: World, arns: Iterable[AlarmArn]) -> float:
    """Seconds for which a rolling deployment watches these alarms after all its tasks are there."""
    return max((_evaluated_time(world, alarm) for alarm in _existing_alarms(world, arns)), default=0.0)


def alarms_watch(record: ServiceDeployment) -> bool:
    """Whether alarms may still fail the deployment."""
    return bool(record.alarms) and record.moves_forward and record.stage is not LifecycleStage.CLEAN_UP


def triggered_alarms(world: World, record: ServiceDeployment) -> tuple[AlarmArn, ...]:
    """The alarms that fail the deployment now."""
    if not alarms_watch(record):
        return ()
    alarms = _existing_alarms(world, record.alarms)
    return tuple(alarm.arn for alarm in alarms if alarm.state is AlarmState.ALARM)


def _deployment_of(world: World, service: Service, task: Task) -> ServiceDeployment | None:
    """The deployment under way, if the task is of its target revision."""
    key = service.current_deployment
    record = None if key is None else world.service_deployments.get(key)
    return record if record is not None and record.target == task.deployment else None


def _existing_alarms(world: World, arns: Iterable[AlarmArn]) -> list[Alarm]:
    return [alarm for arn in arns if (alarm := world.alarms.get(arn)) is not None]


def _evaluated_time(world: World, alarm: Alarm, depth: int = _DEEPEST_COMPOSITE) -> float:
    """Seconds of data on which the alarm is evaluated; for a composite alarm those of its slowest child."""
    condition = alarm.condition
    if not isinstance(condition, CompositeCondition):
        return float(condition.period * condition.evaluation_periods)
    children = _existing_alarms(world, condition.alarms) if depth else []
    return max((_evaluated_time(world, child, depth - 1) for child in children), default=0.0)
