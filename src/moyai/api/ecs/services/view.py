"""A service as the API shows it.

Promise: counts are those of the last observation of the tasks. As on AWS, deployments have the Service Connect
configuration, and the service itself does not.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from moyai.api.ecs.clusters.view import PENDING_STATUSES
from moyai.api.tagging import tag_list
from moyai.domain.connect.config import ServiceConnectConfiguration
from moyai.domain.ecs.service import Deployment, DeploymentConfiguration, DeploymentStatus, Service
from moyai.domain.ecs.service_deployment import ServiceRevision
from moyai.domain.ecs.task import DesiredStatus, Task, TaskStatus
from moyai.domain.ecs.task_set import TaskSet, computed_count, task_set_arn
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.plan.strategy.start import revision_arn
from moyai.plan.task.launch import FARGATE, FARGATE_PLATFORM

PLATFORM_FAMILY = "Linux"


def service_view(world: World, service: Service, *, with_tags: bool = False) -> dict[str, object]:
    """The service, its deployments or task sets, and its events; some members are those of the PRIMARY deployment."""
    tasks = world.tasks.by("service", service.arn)
    account = scope_of(service.arn).account
    linked_role = f"arn:aws:iam::{account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    primary = next((d for d in service.deployments if d.status is DeploymentStatus.PRIMARY), None)
    deployments = () if service.is_external else service.deployments
    return {
        "service_arn": service.arn,
        "service_name": service.name,
        "cluster_arn": service.cluster,
        "status": service.status,
        "desired_count": service.desired_count,
        **counts(tasks),
        **launch_view(service),
        "platform_version": service.platform_version,
        "task_definition": primary and primary.task_definition,
        "deployment_configuration": configuration_view(service.deployment_configuration),
        "deployments": [_deployment(d, service, tasks) for d in deployments],
        "task_sets": _task_sets(service, tasks, with_tags=with_tags),
        "deployment_controller": {"type": service.deployment_controller},
        "current_service_deployment": service.current_deployment,
        "current_service_revisions": [_revision(d, service, tasks) for d in deployments],
        "scheduling_strategy": service.scheduling_strategy,
        "role_arn": service.role_arn or linked_role,
        "events": () if (log := world.service_logs.get(service.arn)) is None else log.events,
        "created_at": service.created_at,
        "created_by": service.created_by,
        "network_configuration": primary and primary.network_configuration,
        "health_check_grace_period_seconds": service.health_check_grace_period_seconds,
        "load_balancers": primary.load_balancers if primary else [],
        "service_registries": primary.service_registries if primary else [],
        "placement_constraints": service.placement_constraints,
        "placement_strategy": service.placement_strategy,
        "enable_ecs_managed_tags": service.enable_ecs_managed_tags,
        "propagate_tags": service.propagate_tags,
        "enable_execute_command": service.enable_execute_command,
        "availability_zone_rebalancing": service.availability_zone_rebalancing,
        "resource_management_type": resource_management_type(world, service),
        "tags": tag_list(service.tags) if with_tags else [],
    }


def resource_management_type(world: World, service: Service) -> str:
    """ECS for an Express service, whose load balancer and other resources ECS manages, and CUSTOMER for the others."""
    return "ECS" if service.arn in world.express_services else "CUSTOMER"


def launch_view(service: Service | ServiceRevision) -> dict[str, object]:
    """The launch type, or the capacity provider strategy instead of it, and the platform family."""
    providers = service.capacity_provider_strategy
    return {
        "launch_type": None if providers else service.launch_type,
        "capacity_provider_strategy": providers or None,
        "platform_family": PLATFORM_FAMILY if service.launch_type == FARGATE else None,
    }


def _task_sets(service: Service, tasks: Iterable[Task], *, with_tags: bool) -> list[dict[str, object]] | None:
    if not service.is_external:
        return None
    return [task_set_view(service, d, tasks, with_tags=with_tags) for d in service.deployments]


def task_set_view(
    service: Service, deployment: Deployment, tasks: Iterable[Task], *, with_tags: bool
) -> dict[str, object]:
    """A task set, which is a deployment of an EXTERNAL service. ``tasks``: those of the service."""
    settings = deployment.task_set or TaskSet()
    return {
        "id": deployment.id,
        "task_set_arn": task_set_arn(service.arn, deployment.id),
        "service_arn": service.arn,
        "cluster_arn": service.cluster,
        "external_id": settings.external_id,
        "status": deployment.status,
        "task_definition": deployment.task_definition,
        "computed_desired_count": computed_count(service.desired_count, settings.scale),
        **counts(t for t in tasks if t.deployment == deployment.id),
        "created_at": deployment.created_at,
        "updated_at": deployment.updated_at,
        "launch_type": None if settings.capacity_provider_strategy else settings.launch_type,
        "capacity_provider_strategy": settings.capacity_provider_strategy or None,
        "platform_version": settings.platform_version,
        "platform_family": PLATFORM_FAMILY if settings.launch_type == FARGATE else None,
        "network_configuration": deployment.network_configuration,
        "load_balancers": deployment.load_balancers,
        "service_registries": deployment.service_registries,
        "scale": settings.scale,
        "stability_status": settings.stability_status,
        "stability_status_at": settings.stability_at,
        "tags": tag_list(settings.tags) if with_tags else [],
    }


def counts(tasks: Iterable[Task]) -> dict[str, object]:
    """The numbers of RUNNING and of starting tasks among those that should run."""
    statuses = [t.last_status for t in tasks if t.desired_status is DesiredStatus.RUNNING]
    return {
        "running_count": statuses.count(TaskStatus.RUNNING),
        "pending_count": sum(status in PENDING_STATUSES for status in statuses),
    }


def configuration_view(configuration: DeploymentConfiguration) -> dict[str, object]:
    """A DeploymentConfiguration as the API shows it."""
    return {
        "maximum_percent": configuration.maximum_percent,
        "minimum_healthy_percent": configuration.minimum_healthy_percent,
        "deployment_circuit_breaker": configuration.deployment_circuit_breaker,
        "alarms": configuration.alarms if configuration.alarms.alarm_names else None,
        "early_success_criteria": configuration.early_success_criteria,
        "strategy": configuration.strategy,
        "bake_time_in_minutes": configuration.bake_time_in_minutes,
        "lifecycle_hooks": configuration.lifecycle_hooks or None,
        "linear_configuration": configuration.linear_configuration,
        "canary_configuration": configuration.canary_configuration,
    }


def _revision(deployment: Deployment, service: Service, tasks: Iterable[Task]) -> dict[str, object]:
    numbers = counts(t for t in tasks if t.deployment == deployment.id)
    return {
        "arn": revision_arn(service.arn, deployment.id),
        "requested_task_count": deployment.desired_count,
        "running_task_count": numbers["running_count"],
        "pending_task_count": numbers["pending_count"],
    }


def _deployment(deployment: Deployment, service: Service, tasks: Iterable[Task]) -> dict[str, object]:
    offers = () if deployment.view is None else deployment.view.offers
    return {
        "id": deployment.id,
        "status": deployment.status,
        "task_definition": deployment.task_definition,
        "desired_count": deployment.desired_count,
        **counts(t for t in tasks if t.deployment == deployment.id),
        "failed_tasks": deployment.failed_tasks,
        "created_at": deployment.created_at,
        "updated_at": deployment.updated_at,
        **launch_view(service),
        "platform_version": FARGATE_PLATFORM if service.launch_type == FARGATE else None,
        "network_configuration": deployment.network_configuration,
        "rollout_state": deployment.rollout_state,
        "rollout_state_reason": deployment.rollout_state_reason,
        "service_connect_configuration": connect_view(deployment.service_connect),
        "service_connect_resources": None
        if deployment.view is None
        else [{"discovery_name": o.discovery_name, "discovery_arn": o.discovery_service} for o in offers],
    }


def connect_view(configuration: ServiceConnectConfiguration | None) -> dict[str, object] | None:
    """A ServiceConnectConfiguration as it was requested."""
    if configuration is None:
        return None
    view = msgspec.structs.asdict(configuration)
    log = configuration.log_configuration
    if log is not None:
        view["log_configuration"] = {**msgspec.structs.asdict(log), "secret_options": []}
    return view
