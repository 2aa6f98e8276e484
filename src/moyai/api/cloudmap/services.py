"""Services: create, get, list, update, delete.

Promise: CreateService and DeleteService are done with the call; UpdateService returns an operation. The same
request with the same creator request id returns the service that it created.
Refuses: a second service of one name in a namespace (in a DNS namespace also one that differs only by case),
removal while instances are registered or are about to be, or while the ECS service that created it exists.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html, API_UpdateService.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.cloudmap.filters import Filter, FilterRule, matcher
from moyai.api.cloudmap.lookup import TAG_RULES, namespace_of, owner_kind, page_of, service_of
from moyai.api.cloudmap.operations import Work, new_operation, submit
from moyai.api.cloudmap.shapes import (
    DnsConfigChange,
    DnsConfigShape,
    HealthCheckConfig,
    HealthCheckCustomConfig,
    settings_view,
)
from moyai.api.operation import Context, PageRequest
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.cloudmap.errors import InvalidInput, ResourceInUse, ServiceAlreadyExists
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.operation import OperationType, UpdateService
from moyai.domain.cloudmap.service import DiscoveryService, DnsConfig
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.world import Put, World
from moyai.kernel.arn import arn
from moyai.kernel.ids import DiscoveryServiceArn, DiscoveryServiceId
from moyai.plan.cloudmap.instances import delete_discovery_service
from moyai.plan.cloudmap.namespaces import shared_namespaces
from moyai.plan.cloudmap.services import change_records, check_change, check_service

_ID_LENGTH: Final = 16


class CreateServiceRequest(msgspec.Struct, frozen=True):
    """A service of a namespace, and how its instances are found and checked."""

    name: str
    namespace_id: str | None = None
    creator_request_id: str | None = None
    description: str | None = None
    dns_config: DnsConfigShape | None = None
    health_check_config: HealthCheckConfig | None = None
    health_check_custom_config: HealthCheckCustomConfig | None = None
    tags: tuple[Tag, ...] = ()
    type: str | None = None


class ServiceChange(msgspec.Struct, frozen=True):
    """The new description, DNS records and health check of a service."""

    description: str | None = None
    dns_config: DnsConfigChange | None = None
    health_check_config: HealthCheckConfig | None = None


class UpdateServiceRequest(msgspec.Struct, frozen=True):
    """A change of one service."""

    id: str
    service: ServiceChange


class ServiceRequest(msgspec.Struct, frozen=True):
    """The service to get or to delete, by its id or ARN."""

    id: str


class ListServicesRequest(PageRequest, frozen=True):
    """Services by namespace or owner."""

    filters: tuple[Filter, ...] = ()


def create_service(ctx: Context, request: CreateServiceRequest) -> dict[str, object]:
    """Create a service in a namespace."""
    world, namespace = ctx.store.world, _namespace(ctx, request)
    service = _new(ctx, namespace, request)
    check_service(namespace, service, http_only=request.type is not None)
    existing = _repeated_creation(world, service)
    if existing is not None:
        return {"service": _whole(world, existing)}
    index, name = ("name", service.name) if namespace.type is NamespaceType.HTTP else ("folded", service.name.lower())
    namesake = next(world.discovery_services.each(index, f"{namespace.arn}/{name}"), None)
    if namesake is not None:
        raise ServiceAlreadyExists(
            f"Service {service.name} already exists in the namespace.",
            {"creator_request_id": namesake.creator_request_id, "service_id": namesake.id, "service_arn": namesake.arn},
        )
    ctx.store.apply([Put(service)])
    return {"service": _whole(ctx.store.world, service)}


def get_service(ctx: Context, request: ServiceRequest) -> dict[str, object]:
    """The service with this id or ARN; its namespace may be shared with the caller."""
    return {"service": _whole(ctx.store.world, service_of(ctx, request.id))}


def list_services(ctx: Context, request: ListServicesRequest) -> dict[str, object]:
    """The services of the scope's namespaces, and of those that are shared with it, that pass the filters."""
    world = ctx.store.world
    owner = FilterRule[DiscoveryService](lambda s: owner_kind(ctx, s.namespace))
    matches = matcher(tuple(_by_id(filter_) for filter_ in request.filters), {**_FILTERS, "RESOURCE_OWNER": owner})
    own = world.discovery_services.each("scope", scope_key(ctx.scope))
    shared = (s for n in shared_namespaces(world, ctx.scope) for s in world.discovery_services.each("namespace", n.arn))
    matching = [s.arn for s in (*own, *shared) if matches(s)]
    page = page_of(matching, ("services", request.filters), request.next_token, request.max_results)
    return {
        "services": [_view(world, world.discovery_services[key]) for key in page.keys],
        "next_token": page.next_token,
    }


def update_service(ctx: Context, request: UpdateServiceRequest) -> dict[str, str]:
    """Start the operation that changes a service. In a DNS namespace, absent members other than the description are
    removed.
    """
    service, change = service_of(ctx, request.id), request.service
    namespace = ctx.store.world.namespaces[service.namespace]
    records = None if change.dns_config is None else DnsConfig(change.dns_config.dns_records)
    check = None if change.health_check_config is None else change.health_check_config.to_record()
    check_change(namespace, service, UpdateService(service.arn, None, records, check))
    order = UpdateService(service.arn, change.description, change_records(service, records), check)
    if namespace.type is NamespaceType.HTTP:
        order = replace(order, health_check=service.health_check)
    work = Work(OperationType.UPDATE_SERVICE, order, {"SERVICE": service.id}, service.arn)
    return submit(ctx, new_operation(ctx, work, request))


def delete_service(ctx: Context, request: ServiceRequest) -> None:
    """Remove a service without instances."""
    world, service = ctx.store.world, service_of(ctx, request.id)
    if world.discovery_instances.count("service", service.arn) or world.operations.count("coming", service.arn):
        raise ResourceInUse("Service contains registered instances; delete the instances before deleting the service")
    owner = world.services.get(service.owner)
    if owner is not None and owner.status is not ServiceStatus.INACTIVE:
        raise ResourceInUse(f"The service belongs to Service Connect of {owner.arn}; delete that first.")
    ctx.store.apply(delete_discovery_service(world, service))


def _namespace(ctx: Context, request: CreateServiceRequest) -> Namespace:
    """The namespace, from either member of the request. Raises InvalidInput or NamespaceNotFound."""
    inner = request.dns_config.namespace_id if request.dns_config is not None else None
    candidates = [namespace_of(ctx, key) for key in (request.namespace_id, inner) if key is not None]
    if not candidates:
        raise InvalidInput("NamespaceId is required.")
    if candidates[0] != candidates[-1]:
        raise InvalidInput("NamespaceId and DnsConfig.NamespaceId name different namespaces.")
    return candidates[0]


def _new(ctx: Context, namespace: Namespace, request: CreateServiceRequest) -> DiscoveryService:
    identity = DiscoveryServiceId(f"srv-{ctx.ids.alphanumeric(_ID_LENGTH)}")
    dns, check = request.dns_config, request.health_check_config
    return DiscoveryService(
        arn=DiscoveryServiceArn(arn("servicediscovery", scope_of(namespace.arn), f"service/{identity}")),
        id=identity,
        name=request.name,
        namespace=namespace.arn,
        created_at=ctx.now,
        description=request.description,
        creator_request_id=request.creator_request_id,
        dns=None if dns is None else DnsConfig(dns.dns_records, dns.routing_policy),
        health_check=None if check is None else check.to_record(),
        custom_health=request.health_check_custom_config is not None,
        created_by=None if scope_of(namespace.arn) == ctx.scope else ctx.scope.account,
        tags=checked_tags(TAG_RULES, request.tags),
    )


def _repeated_creation(world: World, new_service: DiscoveryService) -> DiscoveryService | None:
    """The service that an equal request created before, if it has not changed."""
    if new_service.creator_request_id is None:
        return None
    key = f"{new_service.namespace}/{new_service.creator_request_id}"
    services = world.discovery_services.each("creator", key)
    return next((service for service in services if _request(service) == _request(new_service)), None)


def _request(service: DiscoveryService) -> tuple[object, ...]:
    return (service.name, service.description, service.dns, service.health_check, service.custom_health)


def _whole(world: World, service: DiscoveryService) -> dict[str, object]:
    return {
        **_view(world, service),
        "namespace_id": service.namespace.rpartition("/")[2],
        "creator_request_id": service.creator_request_id,
    }


def _view(world: World, service: DiscoveryService) -> dict[str, object]:
    owner = scope_of(service.arn).account
    creator = owner if service.owner is None else scope_of(service.owner).account
    return {
        "id": service.id,
        "arn": service.arn,
        "resource_owner": owner,
        "name": service.name,
        "description": service.description,
        "instance_count": world.discovery_instances.count("service", service.arn),
        **settings_view(service),
        "create_date": service.created_at,
        "created_by_account": service.created_by or creator,
    }


def _by_id(filter_: Filter) -> Filter:
    """The filter with ids instead of ARNs; AWS takes either for a namespace."""
    return msgspec.structs.replace(filter_, values=tuple(value.rpartition("/")[2] for value in filter_.values))


_FILTERS = MappingProxyType(
    {
        "NAMESPACE_ID": FilterRule[DiscoveryService](lambda s: s.namespace.rpartition("/")[2], ("EQ", "IN")),
    }
)
