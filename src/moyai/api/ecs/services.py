"""Services: create, update, delete.

Promise: a call decides what is wanted and records it; the scheduler makes it so. What a deployment is
made from (task definition, network, names) is pinned here, once. An update that changes none of it
edits the service in place and starts no deployment.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs import daemon_rules
from moyai.api.ecs.deploying import Wanted, start_deployment
from moyai.api.ecs.deployment_alarms import check_alarms
from moyai.api.ecs.external_rules import check_bounds, check_creation, check_update
from moyai.api.ecs.idempotency import fingerprint
from moyai.api.ecs.launch_rules import LaunchChange, Launching, checked_launch, launched, prepared, relaunched
from moyai.api.ecs.lookup import NAME, active_cluster, known_service, service_arn
from moyai.api.ecs.placement import checked_network, runnable_definition
from moyai.api.ecs.service_rules import (
    DeploymentController,
    DeploymentSettings,
    check_controller,
    check_same_controller,
    checked_count,
    checked_grace,
    checked_rebalancing,
    deployment_configuration,
)
from moyai.api.ecs.service_view import service_view
from moyai.api.ecs.tagging import Tag, tag_map
from moyai.api.operation import Context
from moyai.domain.connect.config import ServiceConnectConfiguration
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem, Cluster
from moyai.domain.ecs.errors import InvalidParameter, ServiceNotActive, ServiceNotFound
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.rebalancing import DISABLED, ENABLED
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import (
    DAEMON,
    EXTERNAL_CONTROLLER,
    REPLICA,
    DeploymentConfiguration,
    NetworkConfiguration,
    Service,
    ServiceLog,
    ServiceStatus,
)
from moyai.domain.world import Change, Put
from moyai.plan.strategy.begin import begin

_LONGEST_TOKEN = 36


class CreateServiceRequest(msgspec.Struct, frozen=True):
    """Input of CreateService."""

    service_name: str
    cluster: str | None = None
    task_definition: str | None = None
    desired_count: int | None = None
    client_token: str | None = None
    launch_type: str | None = None
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    placement_constraints: tuple[PlacementConstraint, ...] = ()
    placement_strategy: tuple[PlacementStrategy, ...] = ()
    platform_version: str | None = None
    deployment_configuration: DeploymentSettings | None = None
    deployment_controller: DeploymentController = DeploymentController()
    network_configuration: NetworkConfiguration | None = None
    health_check_grace_period_seconds: int = 0
    scheduling_strategy: str = REPLICA
    availability_zone_rebalancing: str | None = None
    tags: tuple[Tag, ...] = ()
    enable_ecs_managed_tags: bool = False
    enable_execute_command: bool = False
    propagate_tags: str = "NONE"
    service_connect_configuration: ServiceConnectConfiguration | None = None
    service_registries: tuple[ServiceRegistry, ...] = ()


class UpdateServiceRequest(msgspec.Struct, frozen=True):
    """Input of UpdateService; None keeps what there is."""

    service: str
    cluster: str | None = None
    desired_count: int | None = None
    task_definition: str | None = None
    deployment_configuration: DeploymentSettings | None = None
    deployment_controller: DeploymentController | None = None
    network_configuration: NetworkConfiguration | None = None
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] | None = None
    placement_constraints: tuple[PlacementConstraint, ...] | None = None
    placement_strategy: tuple[PlacementStrategy, ...] | None = None
    platform_version: str | None = None
    force_new_deployment: bool = False
    health_check_grace_period_seconds: int | None = None
    availability_zone_rebalancing: str | None = None
    enable_ecs_managed_tags: bool | None = None
    enable_execute_command: bool | None = None
    propagate_tags: str | None = None
    service_connect_configuration: ServiceConnectConfiguration | None = None
    service_registries: tuple[ServiceRegistry, ...] | None = None


class DeleteServiceRequest(msgspec.Struct, frozen=True):
    """Input of DeleteService."""

    service: str
    cluster: str | None = None
    force: bool = False


def create_service(ctx: Context, request: CreateServiceRequest) -> dict[str, object]:
    """A service and its first deployment; the one there is when the same request came with the same token. An
    EXTERNAL service gets its task sets later.
    """
    world = ctx.store.world
    cluster = active_cluster(ctx, request.cluster)
    if not NAME.fullmatch(request.service_name):
        raise InvalidParameter("serviceName must be 1-255 letters, digits, underscores and hyphens.")
    key = service_arn(cluster, request.service_name)
    kept = fingerprint(request.client_token, request, _LONGEST_TOKEN)
    existing = world.services.get(key)
    if existing is not None and existing.status is not ServiceStatus.INACTIVE:
        return {"service": service_view(world, _repeated(existing, kept))}
    fresh = _fresh(ctx, cluster, request, kept)
    if fresh.is_external:
        fresh = prepared(fresh, _launching(request))
        ctx.store.apply([Put(fresh), Put(ServiceLog(key))])
        return {"service": service_view(world, fresh, with_tags=True)}
    definition = runnable_definition(ctx, request.task_definition or "")
    asked = _launching(request)
    asked = daemon_rules.daemon_launching(cluster, asked) if fresh.is_daemon else asked
    fresh = launched(fresh, checked_launch(ctx, cluster, definition, asked))
    wanted = Wanted(
        definition=definition,
        network=checked_network(ctx, request.network_configuration, definition),
        service_connect=request.service_connect_configuration,
        service_registries=request.service_registries,
    )
    deployment, changes = start_deployment(ctx, cluster, key, wanted)
    service, records = begin(world, fresh, deployment, ctx.now, ctx.ids)
    ctx.store.apply([*changes, Put(service), *records, Put(ServiceLog(key))])
    return {"service": service_view(world, service, with_tags=True)}


def update_service(ctx: Context, request: UpdateServiceRequest) -> dict[str, object]:
    """Change a service; with a new deployment when what its tasks are made from changes, or by force."""
    world = ctx.store.world
    cluster = active_cluster(ctx, request.cluster)
    service = world.services.get(service_arn(cluster, request.service))
    if service is None or service.cluster != cluster.arn:
        raise ServiceNotFound
    if service.status is not ServiceStatus.ACTIVE:
        raise ServiceNotActive
    if service.is_external:
        check_update(request, force=request.force_new_deployment)
    edited = relaunched(ctx, cluster, _edited(service, request), _change(request))
    if request.deployment_configuration is not None:
        check_alarms(ctx, edited.deployment_configuration)
    wanted = _wanted(ctx, service, request)
    changes: list[Change] = []
    if request.force_new_deployment or wanted is not None or edited.platform_version != service.platform_version:
        made, resolved = start_deployment(ctx, cluster, service.arn, wanted or Wanted.of(world, service.primary))
        edited, records = begin(world, edited, made, ctx.now, ctx.ids)
        changes = [*resolved, *records]
    if edited != service:
        ctx.store.apply([*changes, Put(edited)])
    return {"service": service_view(world, edited)}


def delete_service(ctx: Context, request: DeleteServiceRequest) -> dict[str, object]:
    """Let a service's tasks stop; it is DRAINING until the last has."""
    cluster = active_cluster(ctx, request.cluster)
    service = known_service(ctx.store.world, cluster, request.service)
    if service.status is ServiceStatus.ACTIVE:
        if service.desired_count > 0 and not (request.force or service.is_daemon):
            raise InvalidParameter("The service cannot be stopped while it is scaled above 0.")
        service = replace(service, status=ServiceStatus.DRAINING, desired_count=0)
        ctx.store.apply([Put(service)])
    return {"service": service_view(ctx.store.world, service)}


def _repeated(existing: Service, kept: str | None) -> Service:
    """The service that this request already made. Raises InvalidParameter when it made none."""
    if existing.status is ServiceStatus.DRAINING:
        raise InvalidParameter("Unable to Start a service that is still Draining.")
    if kept is None or existing.client_token != kept:
        raise InvalidParameter("Creation of service was not idempotent.")
    return existing


def _fresh(ctx: Context, cluster: Cluster, request: CreateServiceRequest, kept: str | None) -> Service:
    """The service without a deployment. Raises what its settings may not be."""
    desired = _checked(request)
    controller, rebalancing = request.deployment_controller.type, request.availability_zone_rebalancing
    is_external, is_daemon = controller == EXTERNAL_CONTROLLER, request.scheduling_strategy == DAEMON
    usual = daemon_rules.BY_DEFAULT if is_daemon else DeploymentConfiguration()
    configuration = deployment_configuration(request.deployment_configuration, usual)
    check_alarms(ctx, configuration)
    if is_external:
        check_bounds(configuration, rebalancing)
    if is_daemon:
        daemon_rules.check_configuration(configuration, rebalancing)
    return Service(
        arn=service_arn(cluster, request.service_name),
        name=request.service_name,
        cluster=cluster.arn,
        created_at=ctx.now,
        created_by=ctx.principal,
        deployments=(),
        desired_count=desired,
        deployment_configuration=configuration,
        availability_zone_rebalancing=checked_rebalancing(
            rebalancing, DISABLED if is_external else ENABLED, configuration
        ),
        deployment_controller=controller,
        scheduling_strategy=request.scheduling_strategy,
        enable_ecs_managed_tags=request.enable_ecs_managed_tags,
        enable_execute_command=request.enable_execute_command,
        propagate_tags=request.propagate_tags,
        health_check_grace_period_seconds=checked_grace(request.health_check_grace_period_seconds),
        client_token=kept,
        tags=tag_map(request.tags, "service"),
    )


def _checked(request: CreateServiceRequest) -> int:
    """The desired count, after everything that can be told from the request alone."""
    check_controller(request.deployment_controller)
    daemon_rules.check_scheduling(request.scheduling_strategy, request.deployment_controller.type)
    if request.deployment_controller.type == EXTERNAL_CONTROLLER:
        check_creation(request)
    elif not request.task_definition:
        raise InvalidParameter("TaskDefinition can not be blank.")
    count = daemon_rules.uncounted if request.scheduling_strategy == DAEMON else checked_count
    return count(request.desired_count)


def _edited(service: Service, request: UpdateServiceRequest) -> Service:
    """The service with what an update changes in place."""
    check_same_controller(request.deployment_controller, service.deployment_controller)
    desired, grace = request.desired_count, request.health_check_grace_period_seconds
    managed, entered = request.enable_ecs_managed_tags, request.enable_execute_command
    configuration = deployment_configuration(request.deployment_configuration, service.deployment_configuration)
    if service.is_daemon:
        daemon_rules.check_update(_change(request), desired)
        daemon_rules.check_configuration(configuration, request.availability_zone_rebalancing)
    return replace(
        service,
        desired_count=service.desired_count if desired is None else checked_count(desired),
        deployment_configuration=configuration,
        availability_zone_rebalancing=checked_rebalancing(
            request.availability_zone_rebalancing, service.availability_zone_rebalancing, configuration
        ),
        health_check_grace_period_seconds=(
            service.health_check_grace_period_seconds if grace is None else checked_grace(grace)
        ),
        enable_ecs_managed_tags=service.enable_ecs_managed_tags if managed is None else managed,
        enable_execute_command=service.enable_execute_command if entered is None else entered,
        propagate_tags=request.propagate_tags or service.propagate_tags,
    )


def _wanted(ctx: Context, service: Service, request: UpdateServiceRequest) -> Wanted | None:
    """What the next deployment is to be made from, or None when that is what the primary one is made from, and for a
    service that has task sets.
    """
    if service.is_external:
        return None
    current = Wanted.of(ctx.store.world, service.primary)
    wanted = current
    if request.task_definition is not None:
        wanted = wanted._replace(definition=runnable_definition(ctx, request.task_definition))
    if request.network_configuration is not None:
        wanted = wanted._replace(network=checked_network(ctx, request.network_configuration, wanted.definition))
    if request.service_connect_configuration is not None:
        wanted = wanted._replace(service_connect=request.service_connect_configuration)
    if request.service_registries is not None:
        wanted = wanted._replace(service_registries=request.service_registries)
    return None if wanted == current else wanted


def _launching(request: CreateServiceRequest) -> Launching:
    return Launching(
        launch_type=request.launch_type,
        providers=request.capacity_provider_strategy,
        platform_version=request.platform_version,
        constraints=request.placement_constraints,
        strategy=request.placement_strategy,
    )


def _change(request: UpdateServiceRequest) -> LaunchChange:
    providers, version = request.capacity_provider_strategy, request.platform_version
    constraints, strategy = request.placement_constraints, request.placement_strategy
    return LaunchChange(request.task_definition, providers, version, constraints, strategy)
