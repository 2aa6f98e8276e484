"""The deployment circuit breaker: a deployment whose tasks fail too often in a row fails itself.

Promise: a task counts once, in the same record as what happened to it: when it never reached RUNNING, or when it is
stopped because its health check fails. A task of the deployment that becomes healthy takes the count back to 0, unless
that is not wanted. A task that ran and ended by itself does not count.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service import DeploymentConfiguration, Service
from moyai.domain.ecs.service_deployment import ServiceDeployment
from moyai.domain.ecs.strategy import LifecycleStage, ThresholdConfiguration, ThresholdType
from moyai.domain.ecs.task import Task
from moyai.domain.world import Put, World

DEFAULT = ThresholdConfiguration(ThresholdType.BOUNDED_PERCENT, 50)
_LEAST, _MOST = 3, 200
_PERCENT = 100


def threshold(configuration: DeploymentConfiguration, desired: int) -> int:
    """How many failures are too many, at this desiredCount."""
    asked = configuration.deployment_circuit_breaker.threshold_configuration or DEFAULT
    if asked.type is ThresholdType.COUNT:
        return asked.value
    share = max(1, -(-desired * asked.value // _PERCENT))
    return share if asked.type is ThresholdType.UNBOUNDED_PERCENT else min(max(share, _LEAST), _MOST)


def watches(record: ServiceDeployment) -> bool:
    """Whether the deployment is one that may still fail by its tasks."""
    breaker = record.configuration.deployment_circuit_breaker
    return breaker.enable and record.forward and record.stage is not LifecycleStage.CLEAN_UP


def counted(record: ServiceDeployment, service: Service, more: int) -> ServiceDeployment:
    """The record with ``more`` failed tasks."""
    if not more or not watches(record):
        return record
    return replace(
        record, failures=record.failures + more, threshold=threshold(record.configuration, service.desired_count)
    )


def exceeded(record: ServiceDeployment, service: Service) -> bool:
    """Whether the deployment has failed."""
    return watches(record) and record.failures >= threshold(record.configuration, service.desired_count)


def after_failure(world: World, service: Service, task: Task) -> tuple[Put, ...]:
    """The change to the task's deployment when it never reached RUNNING."""
    record = _of(world, service, task)
    return () if record is None or not watches(record) else (Put(counted(record, service, 1)),)


def after_success(world: World, service: Service, task: Task) -> tuple[Put, ...]:
    """The change to the task's deployment when it became healthy."""
    record = _of(world, service, task)
    if record is None or not record.failures or not watches(record):
        return ()
    if record.configuration.deployment_circuit_breaker.reset_on_healthy_task is False:
        return ()
    return (Put(replace(record, failures=0)),)


def _of(world: World, service: Service, task: Task) -> ServiceDeployment | None:
    """The deployment under way, if the task is of its target."""
    key = service.current_deployment
    record = None if key is None else world.service_deployments.get(key)
    return record if record is not None and record.target == task.deployment else None
