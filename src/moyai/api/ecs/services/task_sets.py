"""Task sets: create, describe, scale, make primary, delete.

Promise: a task set is a deployment that its owner controls: how many tasks it has, whether it is PRIMARY and when it is
deleted. The scheduler starts and stops its tasks.
Refuses: services with the ECS deployment controller.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateTaskSet.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.launch.network import check_network
from moyai.api.ecs.launch.options import LATEST, LaunchOptions, resolve_launch_options
from moyai.api.ecs.lookup import active_cluster, active_definition, check_described, service_arn, tag_rules
from moyai.api.ecs.services.load_balancer_rules import check_associated, check_load_balancers, check_traffic_shift
from moyai.api.ecs.services.registry_rules import check_registries
from moyai.api.ecs.services.view import task_set_view
from moyai.api.idempotency import fingerprint, token_of
from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.errors import (
    InvalidParameter,
    LimitExceeded,
    ServiceNotActive,
    ServiceNotFound,
    TaskSetNotFound,
    UnsupportedFeature,
)
from moyai.domain.ecs.load_balancer import ServiceLoadBalancer
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import Deployment, DeploymentStatus, NetworkConfiguration, Service, ServiceStatus
from moyai.domain.ecs.strategy import Strategy
from moyai.domain.ecs.task_set import Scale, TaskSet, task_set_arn
from moyai.domain.world import Put
from moyai.kernel.ids import DeploymentId
from moyai.plan.task.launch import FARGATE

_ID_DIGITS = 19
_LONGEST_TOKEN = 36
_LONGEST_EXTERNAL_ID = 1024
"""The limit of an attribute in Cloud Map: an instance has its task set's external id as one."""
_MAX_TASK_SETS = 5
"""Task sets of one service, draining ones included."""
_MAX_DESCRIBED = 10
_ALL_PERCENT = 100.0


class CreateTaskSetRequest(msgspec.Struct, frozen=True):
    service: str
    cluster: str
    task_definition: str
    external_id: str | None = None
    network_configuration: NetworkConfiguration | None = None
    service_registries: tuple[ServiceRegistry, ...] = ()
    load_balancers: tuple[ServiceLoadBalancer, ...] = ()
    launch_type: str | None = None
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    platform_version: str | None = None
    scale: Scale = Scale()
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()


class DescribeTaskSetsRequest(msgspec.Struct, frozen=True):
    cluster: str
    service: str
    task_sets: tuple[str, ...] = ()
    include: frozenset[str] = frozenset()


class UpdateTaskSetRequest(msgspec.Struct, frozen=True):
    cluster: str
    service: str
    task_set: str
    scale: Scale


class DeleteTaskSetRequest(msgspec.Struct, frozen=True):
    cluster: str
    service: str
    task_set: str
    force: bool = False


class UpdateServicePrimaryTaskSetRequest(msgspec.Struct, frozen=True):
    cluster: str
    service: str
    primary_task_set: str


def create_task_set(ctx: Context, request: CreateTaskSetRequest) -> dict[str, object]:
    """Create an ACTIVE task set, or return the one that an equal request with the same token created."""
    service = _external_service(ctx, request.cluster, request.service)
    token = fingerprint(request.client_token, request, longest=_LONGEST_TOKEN, fault=InvalidParameter)
    for existing in service.deployments:
        existing_token = _settings(existing).client_token
        if token is not None and token_of(existing_token) == request.client_token:
            if existing_token != token:
                raise InvalidParameter("Creation of task set was not idempotent.")
            return _response(ctx, service, existing, with_tags=True)
    if len(service.deployments) >= _MAX_TASK_SETS:
        raise LimitExceeded(f"A service can have at most {_MAX_TASK_SETS} task sets. Delete one first.")
    task_set = _new_task_set(ctx, service, request, token)
    service = replace(service, deployments=(*service.deployments, task_set))
    ctx.store.apply([Put(service)])
    return _response(ctx, service, task_set, with_tags=True)


def describe_task_sets(ctx: Context, request: DescribeTaskSetsRequest) -> dict[str, object]:
    """Describe all task sets of a service, or those that the request names."""
    service = _external_service(ctx, request.cluster, request.service)
    check_described(request.task_sets, "taskSets", _MAX_DESCRIBED)
    task_sets = {d.id: d for d in service.deployments}
    ids = dict.fromkeys(_id(service, name) for name in request.task_sets) or dict.fromkeys(task_sets)
    tasks = ctx.store.world.tasks.by("service", service.arn)
    with_tags = "TAGS" in request.include
    return {
        "task_sets": [task_set_view(service, task_sets[i], tasks, with_tags=with_tags) for i in ids if i in task_sets],
        "failures": [{"arn": _arn(service, i), "reason": "MISSING"} for i in ids if i not in task_sets],
    }


def update_task_set(ctx: Context, request: UpdateTaskSetRequest) -> dict[str, object]:
    """Change the scale of a task set."""
    service = _external_service(ctx, request.cluster, request.service)
    task_set = _undeleted_task_set(service, request.task_set)
    settings = replace(_settings(task_set), scale=_checked_scale(request.scale))
    return _replace_task_set(ctx, service, replace(task_set, task_set=settings, updated_at=ctx.now))


def delete_task_set(ctx: Context, request: DeleteTaskSetRequest) -> dict[str, object]:
    """Stop the tasks of a task set; it is DRAINING until the last has stopped, and is then removed."""
    service = _external_service(ctx, request.cluster, request.service)
    task_set = _task_set(service, request.task_set)
    if task_set.status is DeploymentStatus.DRAINING:
        return _response(ctx, service, task_set)
    settings = _settings(task_set)
    if settings.scale.value > 0 and not request.force:
        raise InvalidParameter(
            "The task set cannot be deleted while it is scaled above 0. Scale it to 0, or use force."
        )
    settings = replace(settings, scale=Scale())
    draining = replace(task_set, status=DeploymentStatus.DRAINING, task_set=settings, updated_at=ctx.now)
    return _replace_task_set(ctx, service, draining)


def update_service_primary_task_set(ctx: Context, request: UpdateServicePrimaryTaskSetRequest) -> dict[str, object]:
    """Make a task set PRIMARY, and the one that was PRIMARY ACTIVE."""
    service = _external_service(ctx, request.cluster, request.service)
    task_set = _undeleted_task_set(service, request.primary_task_set)
    if task_set.status is DeploymentStatus.PRIMARY:
        return _response(ctx, service, task_set)
    primary = replace(task_set, status=DeploymentStatus.PRIMARY, updated_at=ctx.now)
    other_task_sets = (
        replace(d, status=DeploymentStatus.ACTIVE, updated_at=ctx.now) if d.status is DeploymentStatus.PRIMARY else d
        for d in service.deployments
        if d.id != task_set.id
    )
    service = replace(service, deployments=(primary, *other_task_sets))
    ctx.store.apply([Put(service)])
    return _response(ctx, service, primary)


def _external_service(ctx: Context, cluster_identifier: str, identifier: str) -> Service:
    """An ACTIVE EXTERNAL service. Raises ServiceNotFound, ServiceNotActive or UnsupportedFeature."""
    cluster = active_cluster(ctx, cluster_identifier)
    service = ctx.store.world.services.get(service_arn(cluster, identifier))
    if service is None or service.cluster != cluster.arn:
        raise ServiceNotFound
    if service.status is not ServiceStatus.ACTIVE:
        raise ServiceNotActive
    if not service.is_external:
        raise UnsupportedFeature(
            "Task sets are for services with the deployment controller EXTERNAL; this one's deployments are made by"
            " UpdateService."
        )
    return service


def _new_task_set(ctx: Context, service: Service, request: CreateTaskSetRequest, token: str | None) -> Deployment:
    if len(request.external_id or "") > _LONGEST_EXTERNAL_ID:
        raise InvalidParameter(f"externalId can have at most {_LONGEST_EXTERNAL_ID} characters.")
    definition = active_definition(ctx, request.task_definition)
    cluster, network = active_cluster(ctx, request.cluster), request.network_configuration
    options = resolve_launch_options(ctx, cluster, definition, _launch_options(service, request))
    launch_type = options.effective_launch_type
    check_network(ctx, network, definition)
    check_registries(ctx, service.arn, request.service_registries, definition, network)
    check_load_balancers(ctx, request.load_balancers, definition, network)
    check_associated(ctx.store.world, request.load_balancers)
    check_traffic_shift(ctx.store.world, request.load_balancers, Strategy.ROLLING)
    return Deployment(
        id=DeploymentId(f"ecs-svc/{ctx.ids.decimal(_ID_DIGITS)}"),
        status=DeploymentStatus.ACTIVE,
        task_definition=definition.arn,
        created_at=ctx.now,
        updated_at=ctx.now,
        network_configuration=network,
        service_registries=request.service_registries,
        load_balancers=request.load_balancers,
        task_set=TaskSet(
            scale=_checked_scale(request.scale),
            external_id=request.external_id,
            launch_type=launch_type,
            capacity_provider_strategy=options.providers,
            platform_version=(request.platform_version or LATEST) if launch_type == FARGATE else None,
            client_token=token,
            tags=checked_tags(tag_rules("task set"), request.tags),
            stability_at=ctx.now,
        ),
    )


def _launch_options(service: Service, request: CreateTaskSetRequest) -> LaunchOptions:
    return LaunchOptions(
        launch_type=request.launch_type or (None if request.capacity_provider_strategy else service.launch_type),
        providers=request.capacity_provider_strategy,
        platform_version=request.platform_version,
        constraints=service.placement_constraints,
        strategy=service.placement_strategy,
    )


def _checked_scale(scale: Scale) -> Scale:
    """The scale, checked. Raises InvalidParameter."""
    if scale.unit != "PERCENT":
        raise InvalidParameter("The unit of a scale is PERCENT.")
    if not 0.0 <= scale.value <= _ALL_PERCENT:
        raise InvalidParameter("The value of a scale must be between 0 and 100.")
    return scale


def _arn(service: Service, identifier: str) -> str:
    """The ARN of a task set by its id or ARN."""
    return identifier if identifier.startswith("arn:") else task_set_arn(service.arn, DeploymentId(identifier))


def _id(service: Service, identifier: str) -> DeploymentId:
    """The id of a task set by its id or ARN; the ARN itself when it is of another service."""
    return DeploymentId(identifier.removeprefix(task_set_arn(service.arn, DeploymentId(""))))


def _task_set(service: Service, identifier: str) -> Deployment:
    """A task set of the service. Raises TaskSetNotFound."""
    for deployment in service.deployments:
        if deployment.id == _id(service, identifier):
            return deployment
    raise TaskSetNotFound


def _undeleted_task_set(service: Service, identifier: str) -> Deployment:
    """A task set that is not being deleted. Raises TaskSetNotFound or InvalidParameter."""
    task_set = _task_set(service, identifier)
    if task_set.status is DeploymentStatus.DRAINING:
        raise InvalidParameter("The task set is DRAINING.")
    return task_set


def _settings(deployment: Deployment) -> TaskSet:
    return deployment.task_set or TaskSet()


def _replace_task_set(ctx: Context, service: Service, task_set: Deployment) -> dict[str, object]:
    deployments = tuple(task_set if d.id == task_set.id else d for d in service.deployments)
    service = replace(service, deployments=deployments)
    ctx.store.apply([Put(service)])
    return _response(ctx, service, task_set)


def _response(ctx: Context, service: Service, deployment: Deployment, *, with_tags: bool = False) -> dict[str, object]:
    tasks = ctx.store.world.tasks.by("service", service.arn)
    return {"task_set": task_set_view(service, deployment, tasks, with_tags=with_tags)}
