"""Services: create, update, delete.

Promise: an operation validates and records the desired state; the scheduler starts and stops the tasks. A deployment's
task definition, network and names are fixed when it is created. An update that changes none of them edits the service
in place and starts no deployment.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.ecs.launch.network import check_network
from moyai.api.ecs.launch.options import (
    resolve_launch_options,
    with_launch_change,
    with_launch_options,
    with_task_set_options,
)
from moyai.api.ecs.lookup import active_cluster, active_definition, known_service, service_arn, tag_rules
from moyai.api.ecs.services.creation_rules import new_configuration, new_desired_count, settings_rules
from moyai.api.ecs.services.external_rules import check_update
from moyai.api.ecs.services.load_balancer_rules import check_associated, check_role, check_traffic_shift
from moyai.api.ecs.services.new_deployment import TaskTemplate, check_alarms, checked_deployment, connected_deployment
from moyai.api.ecs.services.requests import (
    CreateServiceRequest,
    DeleteServiceRequest,
    UpdateServiceRequest,
    launch_change,
    launch_options,
)
from moyai.api.ecs.services.rules import (
    check_daemon_configuration,
    check_daemon_update,
    check_same_controller,
    checked_count,
    checked_grace,
    checked_rebalancing,
    daemon_launch_options,
    deployment_configuration,
)
from moyai.api.ecs.services.view import service_view
from moyai.api.idempotency import fingerprint
from moyai.api.operation import Context
from moyai.api.rules import enforce
from moyai.api.tagging import checked_tags
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter, ServiceNotActive, ServiceNotFound
from moyai.domain.ecs.service import Service, ServiceLog, ServiceStatus
from moyai.domain.world import Change, Put
from moyai.plan.ingress.connector_checks import write_connector
from moyai.plan.strategy.start import begin_deployment

_LONGEST_TOKEN = 36


def create_service(ctx: Context, request: CreateServiceRequest) -> dict[str, object]:
    """Create a service and its first deployment, or return the one that an equal request with the same token created.

    A service with the EXTERNAL controller gets its task sets later.
    """
    world = ctx.store.world
    cluster = active_cluster(ctx, request.cluster)
    enforce(settings_rules(request))
    key = service_arn(cluster, request.service_name)
    token = fingerprint(request.client_token, request, longest=_LONGEST_TOKEN, fault=InvalidParameter)
    existing = world.services.get(key)
    if existing is not None and existing.status is not ServiceStatus.INACTIVE:
        return {"service": service_view(world, _equal_service(existing, token))}
    service = _new_service(ctx, cluster, request, token)
    options = launch_options(request)
    if service.is_external:
        service = with_task_set_options(service, options)
        ctx.store.apply([Put(service), Put(ServiceLog(key))])
        return {"service": service_view(world, service, with_tags=True)}
    definition = active_definition(ctx, request.task_definition or "")
    if service.is_daemon:
        options = daemon_launch_options(cluster, options)
    service = with_launch_options(service, resolve_launch_options(ctx, cluster, definition, options))
    check_network(ctx, request.network_configuration, definition)
    template = TaskTemplate(
        definition=definition,
        network=request.network_configuration,
        service_connect=request.service_connect_configuration,
        service_registries=request.service_registries,
        load_balancers=request.load_balancers,
        gateway_connectors=request.gateway_connectors,
    )
    check_role(request.role, request.load_balancers, definition)
    deployment, changes = checked_deployment(ctx, cluster, key, template)
    check_associated(world, request.load_balancers)
    check_traffic_shift(world, request.load_balancers, service.deployment_configuration.strategy)
    deployment, connections = connected_deployment(ctx, service, template, deployment, required=True)
    service, records = begin_deployment(world, service, deployment, ctx.now, ctx.ids)
    ctx.store.apply([*changes, *connections, Put(service), *records, Put(ServiceLog(key))])
    return {"service": service_view(world, service, with_tags=True)}


def update_service(ctx: Context, request: UpdateServiceRequest) -> dict[str, object]:
    """Change a service, and start a deployment when its tasks' template changes or the request forces one."""
    world = ctx.store.world
    cluster = active_cluster(ctx, request.cluster)
    service = world.services.get(service_arn(cluster, request.service))
    if service is None or service.cluster != cluster.arn:
        raise ServiceNotFound
    if service.status is not ServiceStatus.ACTIVE:
        raise ServiceNotActive
    if service.is_external:
        check_update(request, force=request.force_new_deployment)
    if service.arn in world.express_services and (request.load_balancers, request.gateway_connectors) != (None, None):
        raise InvalidParameter("Amazon ECS manages the load balancer of an Express service, which has no others.")
    edited_service = with_launch_change(ctx, cluster, _with_settings(service, request), launch_change(request))
    if request.deployment_configuration is not None:
        check_alarms(ctx, edited_service.deployment_configuration)
    template = _new_template(ctx, service, request)
    changes: list[Change] = []
    if (
        request.force_new_deployment
        or template is not None
        or edited_service.platform_version != service.platform_version
    ):
        template = template or TaskTemplate.of(world, service.primary)
        deployment, names = checked_deployment(ctx, cluster, service.arn, template)
        check_traffic_shift(world, template.load_balancers, edited_service.deployment_configuration.strategy)
        required = request.gateway_connectors is not None
        deployment, connections = connected_deployment(ctx, service, template, deployment, required=required)
        edited_service, records = begin_deployment(world, edited_service, deployment, ctx.now, ctx.ids)
        changes = [*names, *connections, *records, *write_connector(world, edited_service.primary)]
    if edited_service != service:
        ctx.store.apply([*changes, Put(edited_service)])
    return {"service": service_view(world, edited_service)}


def delete_service(ctx: Context, request: DeleteServiceRequest) -> dict[str, object]:
    """Stop a service's tasks; the service is DRAINING until the last has stopped."""
    cluster = active_cluster(ctx, request.cluster)
    service = known_service(ctx.store.world, cluster, request.service)
    if service.status is ServiceStatus.ACTIVE:
        if service.desired_count > 0 and not (request.force or service.is_daemon):
            raise InvalidParameter("The service cannot be stopped while it is scaled above 0.")
        service = replace(service, status=ServiceStatus.DRAINING, desired_count=0)
        ctx.store.apply([Put(service)])
    return {"service": service_view(ctx.store.world, service)}


def _equal_service(existing: Service, token: str | None) -> Service:
    """The existing service, if an equal request with the same token created it. Raises InvalidParameter otherwise."""
    if existing.status is ServiceStatus.DRAINING:
        raise InvalidParameter("Unable to Start a service that is still Draining.")
    if token is None or existing.client_token != token:
        raise InvalidParameter("Creation of service was not idempotent.")
    return existing


def _new_service(ctx: Context, cluster: Cluster, request: CreateServiceRequest, token: str | None) -> Service:
    """The service without a deployment. Raises InvalidParameter for an alarm that does not exist."""
    configuration, rebalancing = new_configuration(request)
    check_alarms(ctx, configuration)
    return Service(
        arn=service_arn(cluster, request.service_name),
        name=request.service_name,
        cluster=cluster.arn,
        created_at=ctx.now,
        created_by=ctx.principal,
        deployments=(),
        desired_count=new_desired_count(request),
        deployment_configuration=configuration,
        availability_zone_rebalancing=rebalancing,
        deployment_controller=request.deployment_controller.type,
        scheduling_strategy=request.scheduling_strategy,
        enable_ecs_managed_tags=request.enable_ecs_managed_tags,
        enable_execute_command=request.enable_execute_command,
        propagate_tags=request.propagate_tags,
        health_check_grace_period_seconds=request.health_check_grace_period_seconds,
        role_arn=request.role,
        client_token=token,
        tags=checked_tags(tag_rules("service"), request.tags),
    )


def _with_settings(service: Service, request: UpdateServiceRequest) -> Service:
    """The service with the settings that an update changes in place, without a deployment."""
    check_same_controller(request.deployment_controller, service.deployment_controller)
    desired_count, grace = request.desired_count, request.health_check_grace_period_seconds
    managed_tags, execute_command = request.enable_ecs_managed_tags, request.enable_execute_command
    configuration = deployment_configuration(request.deployment_configuration, service.deployment_configuration)
    if service.is_daemon:
        check_daemon_update(launch_change(request), desired_count)
        check_daemon_configuration(configuration, request.availability_zone_rebalancing)
    return replace(
        service,
        desired_count=service.desired_count if desired_count is None else checked_count(desired_count),
        deployment_configuration=configuration,
        availability_zone_rebalancing=checked_rebalancing(
            request.availability_zone_rebalancing, service.availability_zone_rebalancing, configuration
        ),
        health_check_grace_period_seconds=(
            service.health_check_grace_period_seconds if grace is None else checked_grace(grace)
        ),
        enable_ecs_managed_tags=service.enable_ecs_managed_tags if managed_tags is None else managed_tags,
        enable_execute_command=service.enable_execute_command if execute_command is None else execute_command,
        propagate_tags=request.propagate_tags or service.propagate_tags,
    )


def _new_template(ctx: Context, service: Service, request: UpdateServiceRequest) -> TaskTemplate | None:
    """The template of the next deployment; None when it equals the primary deployment's, and for a service with task
    sets. A request with connectors always has one, because its gateways are looked up again.
    """
    if service.is_external:
        return None
    current = TaskTemplate.of(ctx.store.world, service.primary)
    template = current
    if request.task_definition is not None:
        template = template._replace(definition=active_definition(ctx, request.task_definition))
    if request.network_configuration is not None:
        check_network(ctx, request.network_configuration, template.definition)
        template = template._replace(network=request.network_configuration)
    if request.service_connect_configuration is not None:
        template = template._replace(service_connect=request.service_connect_configuration)
    if request.service_registries is not None:
        template = template._replace(service_registries=request.service_registries)
    if request.load_balancers is not None:
        if request.load_balancers != current.load_balancers:
            check_associated(ctx.store.world, request.load_balancers)
        template = template._replace(load_balancers=request.load_balancers)
    if request.gateway_connectors is not None:
        return template._replace(gateway_connectors=request.gateway_connectors)
    return None if template == current else template
