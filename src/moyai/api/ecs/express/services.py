"""Express services: create, update, describe, delete.

Promise: a request makes or changes all records of a service in one step, or none. An update is a new deployment, which
is shifted as a canary. Deleting a service stops its tasks. When the last has stopped, everything that ECS created for
the service is deleted; a load balancer is deleted with the last service that shares it.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.ecs.express.definition import main_port, managed_definition, own_definition
from moyai.api.ecs.express.lookup import ExpressRecords, find_express
from moyai.api.ecs.express.naming import default_logs, express_cluster, express_name, log_group_of
from moyai.api.ecs.express.network import place_of
from moyai.api.ecs.express.new_service import load_balancers_of, new_express_records
from moyai.api.ecs.express.requests import (
    AwsLogsRequest,
    CreateExpressGatewayServiceRequest,
    DeleteExpressGatewayServiceRequest,
    DescribeExpressGatewayServiceRequest,
    UpdateExpressGatewayServiceRequest,
)
from moyai.api.ecs.express.settings import check_role, check_texts, configuration_of, health_check_of
from moyai.api.ecs.express.view import express_view, updated_view
from moyai.api.ecs.lookup import service_arn
from moyai.api.ecs.services.new_deployment import TaskTemplate, new_deployment
from moyai.api.ecs.task_definitions.registration import put_definition
from moyai.api.operation import Context
from moyai.domain.ecs.errors import InvalidParameter, ResourceNotFound, ServiceNotActive, ServiceNotFound
from moyai.domain.ecs.express import ExpressConfiguration, ExpressService
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.queries.vpc import store_default_vpc
from moyai.domain.world import Change, Put
from moyai.plan.ingress.express import scale_express
from moyai.plan.ingress.shared_balancer import managed_creation
from moyai.plan.strategy.start import begin_deployment


def create_express_gateway_service(ctx: Context, request: CreateExpressGatewayServiceRequest) -> dict[str, object]:
    """Create a service with everything that it needs to be called."""
    check_role("infrastructureRoleArn", request.infrastructure_role_arn)
    check_texts(request)
    cluster = express_cluster(ctx, request.cluster)
    name = express_name(ctx, cluster, request)
    existing = ctx.store.world.services.get(service_arn(cluster, name))
    if existing is not None and existing.status is not ServiceStatus.INACTIVE:
        raise InvalidParameter("Creation of service was not idempotent.")
    logs, is_own = default_logs(ctx, cluster, name), request.task_definition_arn is not None
    if request.task_definition_arn is None:
        definition = managed_definition(ctx, cluster, name, request, logs)
    else:
        definition = own_definition(ctx, request, request.task_definition_arn)
    configuration = configuration_of(request, ExpressConfiguration(has_own_definition=is_own))
    records, changes = new_express_records(ctx, cluster, name, request, definition, configuration)
    log_group = log_group_of(ctx, request, logs, None)
    if log_group is not None:
        records = records._replace(express=replace(records.express, log_group=log_group.arn))
        changes.append(Put(log_group))
    changes += () if is_own else put_definition(definition)
    changes += () if cluster == ctx.store.world.clusters.get(cluster.arn) else (Put(cluster),)
    ctx.store.apply([*store_default_vpc(ctx.store.world, ctx.scope), *changes, Put(records.express)])
    return {"service": express_view(ctx.store.world, records, with_tags=True)}


def update_express_gateway_service(ctx: Context, request: UpdateExpressGatewayServiceRequest) -> dict[str, object]:
    """Change a service, in a new deployment."""
    check_texts(request)
    records = _active(ctx, request.service_arn)
    former = records.express.configuration(records.service.primary.id)
    logs = default_logs(ctx, records.cluster, records.service.name, records.express.log_group)
    definition, definition_changes = _next_definition(ctx, records, request, logs)
    is_own = request.task_definition_arn is not None or (former.has_own_definition and not definition_changes)
    configuration = replace(configuration_of(request, former), has_own_definition=is_own)
    template = _template(ctx, records, request, definition, configuration)
    deployment, names = new_deployment(ctx, records.cluster, records.service.arn, template)
    scaling = configuration.scaling
    count = min(max(records.service.desired_count, scaling.min_task_count), scaling.max_task_count)
    service = replace(records.service, desired_count=count)
    service, deployment_changes = begin_deployment(ctx.store.world, service, deployment, ctx.now, ctx.ids)
    changes = [*definition_changes, *names, Put(service), *deployment_changes]
    group = ctx.store.world.target_groups.get(service.primary.task_targets[0].group)
    if group is not None:
        changes.append(Put(replace(group, health_check=health_check_of(configuration))))
    creation = managed_creation(ctx.scope, ctx.now, ctx.ids)
    policy, scaling_changes = scale_express(ctx.store.world, creation, service, records.path, scaling)
    express = replace(_with_configuration(ctx, records.express, service, configuration), policy=policy.arn)
    log_group = log_group_of(ctx, request, logs, express.log_group)
    if log_group is not None:
        express = replace(express, log_group=log_group.arn)
        changes.append(Put(log_group))
    ctx.store.apply([*changes, *scaling_changes, Put(express)])
    records = records._replace(service=service, express=express)
    return {"service": updated_view(ctx.store.world, records)}


def describe_express_gateway_service(ctx: Context, request: DescribeExpressGatewayServiceRequest) -> dict[str, object]:
    """The service with its active configurations."""
    records = find_express(ctx, request.service_arn, ResourceNotFound)
    return {"service": express_view(ctx.store.world, records, with_tags="TAGS" in request.include)}


def delete_express_gateway_service(ctx: Context, request: DeleteExpressGatewayServiceRequest) -> dict[str, object]:
    """Stop the tasks of a service. It is DRAINING until the last has stopped; then all that ECS created for it is
    deleted.
    """
    records = _active(ctx, request.service_arn)
    service = replace(records.service, status=ServiceStatus.DRAINING, desired_count=0)
    records = records._replace(service=service, express=replace(records.express, updated_at=ctx.now))
    ctx.store.apply([Put(service), Put(records.express)])
    return {"service": express_view(ctx.store.world, records, with_tags=False)}


def _active(ctx: Context, identifier: str) -> ExpressRecords:
    records = find_express(ctx, identifier, ServiceNotFound)
    if records.service.status is not ServiceStatus.ACTIVE:
        raise ServiceNotActive
    return records


def _next_definition(
    ctx: Context, records: ExpressRecords, request: UpdateExpressGatewayServiceRequest, logs: AwsLogsRequest
) -> tuple[TaskDefinition, list[Change]]:
    """The task definition of the next deployment, and the changes that store it."""
    if request.task_definition_arn is not None:
        return own_definition(ctx, request, request.task_definition_arn), []
    current = ctx.store.world.task_definitions[records.service.primary.task_definition]
    settings = (request.execution_role_arn, request.task_role_arn, request.cpu, request.memory)
    if request.primary_container is None and not any((*settings, request.cpu_architecture)):
        return current, []
    has_own = records.express.configuration(records.service.primary.id).has_own_definition
    if has_own and request.primary_container is None:
        raise InvalidParameter(
            "The service has a task definition of yours. Register its next revision and name it in taskDefinitionArn,"
            " or specify a primaryContainer."
        )
    inherited = None if has_own else current
    definition = managed_definition(ctx, records.cluster, records.service.name, request, logs, inherited)
    return definition, [*put_definition(definition)]


def _template(
    ctx: Context,
    records: ExpressRecords,
    request: UpdateExpressGatewayServiceRequest,
    definition: TaskDefinition,
    configuration: ExpressConfiguration,
) -> TaskTemplate:
    """The template of the next deployment. Raises InvalidParameter for subnets that do not fit the load balancer."""
    service, express, path = records.service, records.express, records.path
    network = service.primary.network_configuration
    if request.network_configuration is not None:
        place = place_of(ctx, configuration.network, definition)
        if (place.vpc.id, place.access) != (express.vpc, path.access):
            raise InvalidParameter(
                f"networkConfiguration.subnets: the load balancer of the service is {path.access.scheme} in"
                f" {express.vpc}, and these subnets are not. Create another service."
            )
        network = place.network((*configuration.network.security_groups, express.security_group))
    balancers = load_balancers_of(path, main_port(definition), express.infrastructure_role)
    return TaskTemplate(definition, network, service.primary.service_connect, (), balancers)


def _with_configuration(
    ctx: Context, express: ExpressService, service: Service, configuration: ExpressConfiguration
) -> ExpressService:
    """The record with the newest deployment's configuration, without those of revisions that no longer exist."""
    existing = {revision.deployment.id for revision in ctx.store.world.service_revisions.each("service", service.arn)}
    configurations = {key: value for key, value in express.configurations.items() if key in existing}
    return replace(express, updated_at=ctx.now, configurations={**configurations, service.primary.id: configuration})
