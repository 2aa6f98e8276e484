"""Instances: register, get, list, deregister.

Promise: registering an existing id replaces the instance and its health. Registering and deregistering return an
operation; while it is under way, another one on the same instance is refused.
Refuses: attributes that the service's records and checks cannot use, more instances than the quotas, and changes of
tasks' instances, which ECS registers itself.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html, API_DeregisterInstance.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from moyai.api.cloudmap.lookup import instance_of, page_of, service_of
from moyai.api.cloudmap.operations import Work, new_operation, registration_id, repeated_operation, require_idle, submit
from moyai.api.operation import Context, PageRequest
from moyai.domain.cloudmap.errors import ResourceInUse
from moyai.domain.cloudmap.operation import DeregisterInstance, OperationType, RegisterInstance
from moyai.domain.cloudmap.quotas import CloudMapQuotas
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.keys import scope_of
from moyai.kernel.ids import InstanceId
from moyai.plan.cloudmap.attributes import check_attributes
from moyai.plan.cloudmap.instances import check_quotas, first_health
from moyai.plan.cloudmap.operations import is_managed_by_ecs


class RegisterInstanceRequest(msgspec.Struct, frozen=True):
    """An instance of a service, new or in place of another."""

    service_id: str
    instance_id: str
    attributes: Mapping[str, str]
    creator_request_id: str | None = None


class InstanceRequest(msgspec.Struct, frozen=True):
    """An instance of a service, to get or to deregister."""

    service_id: str
    instance_id: str


class ListInstancesRequest(PageRequest, frozen=True):
    """The instances of one service."""

    service_id: str


def register_instance(quotas: CloudMapQuotas, ctx: Context, request: RegisterInstanceRequest) -> dict[str, str]:
    """Register an instance, or replace its attributes."""
    world, service = ctx.store.world, service_of(ctx, request.service_id)
    namespace = world.namespaces[service.namespace]
    attributes = check_attributes(world, namespace, service, request.attributes)
    instance = DiscoveryInstance(
        service=service.arn,
        id=InstanceId(request.instance_id),
        attributes=attributes,
        registered_at=ctx.now,
        creator_request_id=request.creator_request_id,
        created_by=None if scope_of(service.arn) == ctx.scope else ctx.scope.account,
    )
    instance = replace(instance, health=first_health(service, instance))
    repeated = repeated_operation(ctx, OperationType.REGISTER_INSTANCE, request, registration_id(instance))
    if repeated is not None:
        return {"operation_id": repeated.id}
    _require_not_ecs(ctx, world.discovery_instances.get(instance.key))
    order, targets = RegisterInstance(instance), _targets(service, instance.id)
    coming = "" if instance.key in world.discovery_instances else service.arn
    work = Work(OperationType.REGISTER_INSTANCE, order, targets, instance.key, coming)
    operation = new_operation(ctx, work, request, registration_id(instance))
    check_quotas(world, quotas, instance, service)
    return submit(ctx, operation)


def deregister_instance(ctx: Context, request: InstanceRequest) -> dict[str, str]:
    """Start the operation that deregisters an instance."""
    service = service_of(ctx, request.service_id)
    require_idle(ctx, f"{service.arn}/{request.instance_id}")
    instance = instance_of(ctx, service, request.instance_id)
    _require_not_ecs(ctx, instance)
    order = DeregisterInstance(service.arn, instance.id)
    work = Work(OperationType.DEREGISTER_INSTANCE, order, _targets(service, instance.id), instance.key)
    return submit(ctx, new_operation(ctx, work, request))


def list_instances(ctx: Context, request: ListInstancesRequest) -> dict[str, object]:
    """The instances of a service."""
    service = service_of(ctx, request.service_id)
    discovery_instances = {str(i.id): i for i in ctx.store.world.discovery_instances.each("service", service.arn)}
    page = page_of(discovery_instances, ("instances", service.arn), request.next_token, request.max_results)
    return {
        "resource_owner": scope_of(service.arn).account,
        "instances": [_view(discovery_instances[key]) for key in page.keys],
        "next_token": page.next_token,
    }


def get_instance(ctx: Context, request: InstanceRequest) -> dict[str, object]:
    """The instance with this id; its namespace may be shared with the caller."""
    service = service_of(ctx, request.service_id)
    instance = instance_of(ctx, service, request.instance_id)
    view = {**_view(instance), "creator_request_id": instance.creator_request_id}
    return {"resource_owner": scope_of(service.arn).account, "instance": view}


def _view(instance: DiscoveryInstance) -> dict[str, object]:
    return {
        "id": instance.id,
        "attributes": dict(instance.attributes),
        "created_by_account": instance.created_by or scope_of(instance.task or instance.service).account,
    }


def _targets(service: DiscoveryService, instance: InstanceId) -> Mapping[str, str]:
    return {"INSTANCE": instance, "SERVICE": service.id, "NAMESPACE": service.namespace.rpartition("/")[2]}


def _require_not_ecs(ctx: Context, instance: DiscoveryInstance | None) -> None:
    if instance is not None and is_managed_by_ecs(ctx.store.world, instance):
        raise ResourceInUse(f"The instance {instance.id} is a task that ECS registers and deregisters itself.")
