"""Service deployments and service revisions as the API shows them.

Promise: counts and weights are the current ones, and for a finished deployment the final ones. AWS's model has no
lifecycle stage PRE_PRODUCTION_TRAFFIC_SHIFT, though hooks may name it: while such a hook waits, the stage before it is
shown.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
"""

from __future__ import annotations

from moyai.api.ecs.services.managed_resources import managed_resources
from moyai.api.ecs.services.view import configuration_view, connect_view, counts, launch_view
from moyai.domain.ecs.service import Deployment, Service
from moyai.domain.ecs.service_deployment import (
    HookRun,
    Monitor,
    ServiceDeployment,
    ServiceDeploymentStatus,
    ServiceRevision,
)
from moyai.domain.ecs.strategy import LifecycleStage, Strategy
from moyai.domain.ecs.traffic import WHOLE
from moyai.domain.world import World
from moyai.kernel.ids import DeploymentId
from moyai.plan.strategy import monitors
from moyai.plan.strategy.start import revision_arn
from moyai.plan.task.launch import FARGATE, FARGATE_PLATFORM

_PERCENT = 100.0
_S = ServiceDeploymentStatus


def brief_view(record: ServiceDeployment) -> dict[str, object]:
    """A service deployment as ListServiceDeployments shows it."""
    return {
        "service_deployment_arn": record.arn,
        "service_arn": record.service,
        "cluster_arn": record.cluster,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "target_service_revision_arn": revision_arn(record.service, record.target),
        "status": record.status,
        "status_reason": record.status_reason,
    }


def service_deployment_view(world: World, record: ServiceDeployment) -> dict[str, object]:
    """A service deployment as DescribeServiceDeployments shows it."""
    brief = brief_view(record)
    del brief["target_service_revision_arn"]
    return {
        **brief,
        "stopped_at": record.stopped_at,
        "updated_at": record.updated_at,
        "source_service_revisions": [_summary(world, record, source) for source in record.sources],
        "target_service_revision": _summary(world, record, record.target),
        "lifecycle_stage": _stage(record),
        "lifecycle_hook_details": [_hook(run) for run in record.hooks],
        "deployment_configuration": configuration_view(record.configuration),
        "rollback": record.rollback,
        "deployment_circuit_breaker": _breaker(world, record),
        "alarms": _alarms(record),
    }


def service_revision_view(world: World, revision: ServiceRevision) -> dict[str, object]:
    """A service revision as DescribeServiceRevisions shows it."""
    deployment = revision.deployment
    return {
        "service_revision_arn": revision.arn,
        "service_arn": revision.service,
        "cluster_arn": revision.cluster,
        "task_definition": deployment.task_definition,
        **launch_view(revision),
        "platform_version": FARGATE_PLATFORM if revision.launch_type == FARGATE else None,
        "load_balancers": deployment.load_balancers,
        "service_registries": deployment.service_registries,
        "network_configuration": deployment.network_configuration,
        "container_images": _images(world, revision),
        "guard_duty_enabled": False,
        "service_connect_configuration": connect_view(deployment.service_connect),
        "resolved_configuration": _resolved_configuration(deployment),
        "gateway_connectors": deployment.gateway_connectors,
        "ecs_managed_resources": managed_resources(world, revision),
        "created_at": deployment.created_at,
    }


def _resolved_configuration(deployment: Deployment) -> dict[str, object] | None:
    """The target groups in which the tasks of the revision are registered, and the rules by which they get traffic."""
    pairs = zip(deployment.task_targets, deployment.load_balancers, strict=False)  # the targets of gateways come last
    balancers = [
        {
            "target_group_arn": target.group,
            "production_listener_rule": None if advanced is None else advanced.production_listener_rule,
        }
        for target, balancer in pairs
        for advanced in (balancer.advanced_configuration,)
    ]
    return {"load_balancers": balancers} if balancers else None


def _images(world: World, revision: ServiceRevision) -> list[dict[str, object]]:
    """The image of each container; its digest is known once a task has resolved it."""
    definition = world.task_definitions.get(revision.deployment.task_definition)
    return [
        {"container_name": c.name, "image": c.image, "image_digest": revision.images.get(c.name)}
        for c in (() if definition is None else definition.container_definitions)
    ]


def _hook(run: HookRun) -> dict[str, object]:
    return {
        "hook_id": run.hook_id,
        "target_type": run.target_type,
        "target_arn": run.target_arn,
        "status": run.status,
        "expires_at": run.expires_at,
        "timeout_action": run.timeout_action,
    }


def _breaker(world: World, record: ServiceDeployment) -> dict[str, object]:
    """The state of the circuit breaker; its threshold follows desiredCount while it monitors."""
    if not record.configuration.deployment_circuit_breaker.enable:
        return {"status": "DISABLED", "failure_count": 0, "threshold": 0}
    service = world.services.get(record.service)
    status = "MONITORING" if monitors.circuit_breaker_watches(record) else "MONITORING_COMPLETE"
    return {
        "status": "TRIGGERED" if record.failed_by is Monitor.CIRCUIT_BREAKER else status,
        "failure_count": record.failures,
        "threshold": monitors.failure_threshold(record.configuration, service.desired_count)
        if monitors.circuit_breaker_watches(record) and service is not None
        else record.threshold,
    }


def _alarms(record: ServiceDeployment) -> dict[str, object]:
    """The state of the alarms. They are not monitored when one was in ALARM as the deployment began."""
    status = "MONITORING" if monitors.alarms_watch(record) else "MONITORING_COMPLETE" if record.alarms else "DISABLED"
    return {
        "status": "TRIGGERED" if record.failed_by is Monitor.ALARMS else status,
        "alarm_names": record.configuration.alarms.alarm_names,
        "triggered_alarm_names": [arn.partition(":alarm:")[2] for arn in record.triggered_alarms],
    }


def _summary(world: World, record: ServiceDeployment, deployment: DeploymentId) -> dict[str, object]:
    service = world.services.get(record.service)
    deployments = () if service is None else service.deployments
    desired_count = next((d.desired_count for d in deployments if d.id == deployment), 0)
    numbers = counts(t for t in world.tasks.by("service", record.service) if t.deployment == deployment)
    return {
        "arn": revision_arn(record.service, deployment),
        "requested_task_count": desired_count,
        "running_task_count": numbers["running_count"],
        "pending_task_count": numbers["pending_count"],
        **_weights(service, record, deployment),
    }


def _weights(service: Service | None, record: ServiceDeployment, deployment: DeploymentId) -> dict[str, object]:
    """The traffic weights of a revision; a rolling deployment has none, because its tasks replace the others one by
    one.
    """
    if record.configuration.strategy is Strategy.ROLLING:
        return {}
    is_target = deployment == record.target
    is_source = deployment == next(iter(record.sources), None)
    if record.status in {_S.SUCCESSFUL, _S.ROLLBACK_SUCCESSFUL}:
        has_all_traffic = is_target if record.status is _S.SUCCESSFUL else is_source
        return {"requested_production_traffic_weight": _PERCENT * has_all_traffic, "requested_test_traffic_weight": 0.0}
    traffic = None if service is None else service.traffic
    pool = record.pool if is_target else record.source_pool if is_source and not record.has_one_pool else None
    weight = 0 if traffic is None or pool is None else traffic.weight(pool)
    has_test_traffic = traffic is not None and traffic.test is not None and traffic.test == pool
    return {
        "requested_production_traffic_weight": weight * _PERCENT / WHOLE,
        "requested_test_traffic_weight": _PERCENT * has_test_traffic,
    }


def _stage(record: ServiceDeployment) -> LifecycleStage | None:
    if record.stage is not LifecycleStage.PRE_PRODUCTION_TRAFFIC_SHIFT:
        return record.stage
    return LifecycleStage.PRODUCTION_TRAFFIC_SHIFT if record.step else LifecycleStage.POST_TEST_TRAFFIC_SHIFT
