"""Task sets: create, describe, scale, make primary, delete.

Promise: a task set is what a deployment is to other services, but nothing about it is decided here: how many tasks it
has, whether it is PRIMARY and when it goes is what its owner says. Tasks follow as the scheduler gets to it.
Refuses: services whose deployments are moyai's own.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateTaskSet.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.idempotency import fingerprint, token_of
from moyai.api.ecs.launch_rules import Launching, checked_launch
from moyai.api.ecs.lookup import active_cluster, service_arn
from moyai.api.ecs.placement import LATEST, checked_network, runnable_definition
from moyai.api.ecs.registry_rules import check_registries
from moyai.api.ecs.service_view import task_set_view
from moyai.api.ecs.tagging import Tag, tag_map
from moyai.api.operation import Context, Operation
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.errors import (
    InvalidParameter,
    LimitExceeded,
    ServiceNotActive,
    ServiceNotFound,
    TaskSetNotFound,
    UnsupportedFeature,
)
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.service import Deployment, DeploymentStatus, NetworkConfiguration, Service, ServiceStatus
from moyai.domain.ecs.task_set import Scale, TaskSet, task_set_arn
from moyai.domain.world import Put
from moyai.kernel.ids import DeploymentId
from moyai.plan.launch import FARGATE

_ID_DIGITS = 19
_LONGEST_TOKEN = 36
_LONGEST_EXTERNAL_ID = 1024
"""As long as an attribute in Cloud Map, which it becomes."""
_MOST = 5
"""Task sets of one service, draining ones included."""
_MAX_DESCRIBED = 10
_WHOLE = 100.0


class CreateTaskSetRequest(msgspec.Struct, frozen=True):
    """Input of CreateTaskSet."""

    service: str
    cluster: str
    task_definition: str
    external_id: str | None = None
    network_configuration: NetworkConfiguration | None = None
    service_registries: tuple[ServiceRegistry, ...] = ()
    launch_type: str | None = None
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    platform_version: str | None = None
    scale: Scale = Scale()
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()


class DescribeTaskSetsRequest(msgspec.Struct, frozen=True):
    """Input of DescribeTaskSets."""

    cluster: str
    service: str
    task_sets: tuple[str, ...] = ()
    include: frozenset[str] = frozenset()


class UpdateTaskSetRequest(msgspec.Struct, frozen=True):
    """Input of UpdateTaskSet."""

    cluster: str
    service: str
    task_set: str
    scale: Scale


class DeleteTaskSetRequest(msgspec.Struct, frozen=True):
    """Input of DeleteTaskSet."""

    cluster: str
    service: str
    task_set: str
    force: bool = False


class UpdateServicePrimaryTaskSetRequest(msgspec.Struct, frozen=True):
    """Input of UpdateServicePrimaryTaskSet."""

    cluster: str
    service: str
    primary_task_set: str


def create_task_set(ctx: Context, request: CreateTaskSetRequest) -> dict[str, object]:
    """A task set, ACTIVE; the one there is when the same request came with the same token."""
    service = _external(ctx, request.cluster, request.service)
    kept = fingerprint(request.client_token, request, _LONGEST_TOKEN)
    for known in service.deployments:
        before = _of(known).client_token
        if kept is not None and token_of(before) == request.client_token:
            if before != kept:
                raise InvalidParameter("Creation of task set was not idempotent.")
            return _shown(ctx, service, known, with_tags=True)
    if len(service.deployments) >= _MOST:
        raise LimitExceeded(f"A service can have at most {_MOST} task sets. Delete one first.")
    made = _made(ctx, service, request, kept)
    service = replace(service, deployments=(*service.deployments, made))
    ctx.store.apply([Put(service)])
    return _shown(ctx, service, made, with_tags=True)


def describe_task_sets(ctx: Context, request: DescribeTaskSetsRequest) -> dict[str, object]:
    """A service's task sets, or those that are named."""
    service = _external(ctx, request.cluster, request.service)
    if len(request.task_sets) > _MAX_DESCRIBED:
        raise InvalidParameter(f"taskSets can have at most {_MAX_DESCRIBED} items.")
    every = {d.id: d for d in service.deployments}
    asked = dict.fromkeys(_id(service, name) for name in request.task_sets) or dict.fromkeys(every)
    tasks = ctx.store.world.tasks.by("service", service.arn)
    with_tags = "TAGS" in request.include
    return {
        "task_sets": [task_set_view(service, every[i], tasks, with_tags=with_tags) for i in asked if i in every],
        "failures": [{"arn": _named(service, i), "reason": "MISSING"} for i in asked if i not in every],
    }


def update_task_set(ctx: Context, request: UpdateTaskSetRequest) -> dict[str, object]:
    """Another scale."""
    service = _external(ctx, request.cluster, request.service)
    found = _living(service, request.task_set)
    settings = replace(_of(found), scale=_checked(request.scale))
    return _changed(ctx, service, replace(found, task_set=settings, updated_at=ctx.now))


def delete_task_set(ctx: Context, request: DeleteTaskSetRequest) -> dict[str, object]:
    """Let a task set's tasks stop; it is DRAINING until the last has, and then gone."""
    service = _external(ctx, request.cluster, request.service)
    found = _found(service, request.task_set)
    if found.status is DeploymentStatus.DRAINING:
        return _shown(ctx, service, found)
    settings = _of(found)
    if settings.scale.value > 0 and not request.force:
        raise InvalidParameter(
            "The task set cannot be deleted while it is scaled above 0. Scale it to 0, or use force."
        )
    settings = replace(settings, scale=Scale())
    gone = replace(found, status=DeploymentStatus.DRAINING, task_set=settings, updated_at=ctx.now)
    return _changed(ctx, service, gone)


def update_service_primary_task_set(ctx: Context, request: UpdateServicePrimaryTaskSetRequest) -> dict[str, object]:
    """The task set becomes PRIMARY; the one that was is ACTIVE from now on."""
    service = _external(ctx, request.cluster, request.service)
    found = _living(service, request.primary_task_set)
    if found.status is DeploymentStatus.PRIMARY:
        return _shown(ctx, service, found)
    primary = replace(found, status=DeploymentStatus.PRIMARY, updated_at=ctx.now)
    others = (
        replace(d, status=DeploymentStatus.ACTIVE, updated_at=ctx.now) if d.status is DeploymentStatus.PRIMARY else d
        for d in service.deployments
        if d.id != found.id
    )
    service = replace(service, deployments=(primary, *others))
    ctx.store.apply([Put(service)])
    return _shown(ctx, service, primary)


def _external(ctx: Context, cluster: str, identifier: str) -> Service:
    """The ACTIVE service. Raises ServiceNotFound, ServiceNotActive or UnsupportedFeature."""
    home = active_cluster(ctx, cluster)
    service = ctx.store.world.services.get(service_arn(home, identifier))
    if service is None or service.cluster != home.arn:
        raise ServiceNotFound
    if service.status is not ServiceStatus.ACTIVE:
        raise ServiceNotActive
    if not service.is_external:
        raise UnsupportedFeature(
            "Task sets are for services with the deployment controller EXTERNAL; this one's deployments are made by"
            " UpdateService."
        )
    return service


def _made(ctx: Context, service: Service, request: CreateTaskSetRequest, kept: str | None) -> Deployment:
    if len(request.external_id or "") > _LONGEST_EXTERNAL_ID:
        raise InvalidParameter(f"externalId can have at most {_LONGEST_EXTERNAL_ID} characters.")
    definition = runnable_definition(ctx, request.task_definition)
    holds = checked_launch(ctx, active_cluster(ctx, request.cluster), definition, _launching(service, request))
    network = checked_network(ctx, request.network_configuration, definition)
    check_registries(ctx, service.arn, request.service_registries, definition, network)
    return Deployment(
        id=DeploymentId(f"ecs-svc/{ctx.ids.decimal(_ID_DIGITS)}"),
        status=DeploymentStatus.ACTIVE,
        task_definition=definition.arn,
        created_at=ctx.now,
        updated_at=ctx.now,
        network_configuration=network,
        service_registries=request.service_registries,
        task_set=TaskSet(
            scale=_checked(request.scale),
            external_id=request.external_id,
            launch_type=holds.kind,
            capacity_provider_strategy=holds.providers,
            platform_version=(request.platform_version or LATEST) if holds.kind == FARGATE else None,
            client_token=kept,
            tags=tag_map(request.tags, "task set"),
            stability_at=ctx.now,
        ),
    )


def _launching(service: Service, request: CreateTaskSetRequest) -> Launching:
    return Launching(
        launch_type=request.launch_type or (None if request.capacity_provider_strategy else service.launch_type),
        providers=request.capacity_provider_strategy,
        platform_version=request.platform_version,
        constraints=service.placement_constraints,
        strategy=service.placement_strategy,
    )


def _checked(scale: Scale) -> Scale:
    """The scale. Raises InvalidParameter."""
    if scale.unit != "PERCENT":
        raise InvalidParameter("The unit of a scale is PERCENT.")
    if not 0.0 <= scale.value <= _WHOLE:
        raise InvalidParameter("The value of a scale must be between 0 and 100.")
    return scale


def _named(service: Service, identifier: str) -> str:
    """The ARN that this id or ARN means."""
    return identifier if identifier.startswith("arn:") else task_set_arn(service.arn, DeploymentId(identifier))


def _id(service: Service, identifier: str) -> DeploymentId:
    """The id that this id or ARN means; the ARN itself where it is none of this service's."""
    return DeploymentId(identifier.removeprefix(task_set_arn(service.arn, DeploymentId(""))))


def _found(service: Service, identifier: str) -> Deployment:
    """The task set. Raises TaskSetNotFound."""
    for deployment in service.deployments:
        if deployment.id == _id(service, identifier):
            return deployment
    raise TaskSetNotFound


def _living(service: Service, identifier: str) -> Deployment:
    """The task set. Raises TaskSetNotFound, and InvalidParameter for one that was deleted."""
    found = _found(service, identifier)
    if found.status is DeploymentStatus.DRAINING:
        raise InvalidParameter("The task set is DRAINING.")
    return found


def _of(deployment: Deployment) -> TaskSet:
    return deployment.task_set or TaskSet()


def _changed(ctx: Context, service: Service, changed: Deployment) -> dict[str, object]:
    listed = tuple(changed if d.id == changed.id else d for d in service.deployments)
    service = replace(service, deployments=listed)
    ctx.store.apply([Put(service)])
    return _shown(ctx, service, changed)


def _shown(ctx: Context, service: Service, deployment: Deployment, *, with_tags: bool = False) -> dict[str, object]:
    tasks = ctx.store.world.tasks.by("service", service.arn)
    return {"task_set": task_set_view(service, deployment, tasks, with_tags=with_tags)}


OPERATIONS: Final = (
    Operation("CreateTaskSet", CreateTaskSetRequest, create_task_set),
    Operation("DescribeTaskSets", DescribeTaskSetsRequest, describe_task_sets),
    Operation("UpdateTaskSet", UpdateTaskSetRequest, update_task_set),
    Operation("DeleteTaskSet", DeleteTaskSetRequest, delete_task_set),
    Operation("UpdateServicePrimaryTaskSet", UpdateServicePrimaryTaskSetRequest, update_service_primary_task_set),
)
