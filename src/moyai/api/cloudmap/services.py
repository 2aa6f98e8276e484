"""Services and their instances: what Service Connect made, for whoever looks.

Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_ListServices.html, API_ListInstances.html
"""

from __future__ import annotations

from types import MappingProxyType

import msgspec

from moyai.api.cloudmap.filters import Filter, Rule, passes
from moyai.api.cloudmap.lookup import instance_count, listed, service_of
from moyai.api.operation import Context
from moyai.domain.cloudmap.errors import InstanceNotFound
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.world import World


class ServiceRequest(msgspec.Struct, frozen=True):
    """One service by its id or ARN."""

    id: str


class ListServicesRequest(msgspec.Struct, frozen=True):
    """Services by namespace or owner."""

    next_token: str | None = None
    max_results: int | None = None
    filters: tuple[Filter, ...] = ()


class ListInstancesRequest(msgspec.Struct, frozen=True):
    """The instances of one service."""

    service_id: str
    next_token: str | None = None
    max_results: int | None = None


class GetInstanceRequest(msgspec.Struct, frozen=True):
    """One instance of one service."""

    service_id: str
    instance_id: str


def get_service(ctx: Context, request: ServiceRequest) -> dict[str, object]:
    """One service."""
    world = ctx.store.world
    service = service_of(ctx, request.id)
    namespace = service.namespace.rpartition("/")[2]
    return {
        "service": {
            **_shown(world, service),
            "namespace_id": namespace,
            "creator_request_id": service.creator_request_id,
        }
    }


def list_services(ctx: Context, request: ListServicesRequest) -> dict[str, object]:
    """The scope's services that pass the filters."""
    world = ctx.store.world
    fits = passes(tuple(_by_id(one) for one in request.filters), _FILTERS)
    found = [s.arn for s in world.discovery_services.by("scope", scope_key(ctx.scope)) if fits(s)]
    page = listed(found, ("services", request.filters), request.next_token, request.max_results)
    return {
        "services": [_shown(world, world.discovery_services[key]) for key in page.keys],
        "next_token": page.next_token,
    }


def list_instances(ctx: Context, request: ListInstancesRequest) -> dict[str, object]:
    """The instances of a service."""
    service = service_of(ctx, request.service_id)
    found = {str(i.id): i for i in ctx.store.world.discovery_instances.by("service", service.arn)}
    page = listed(found, ("instances", service.arn), request.next_token, request.max_results)
    return {
        "resource_owner": ctx.scope.account,
        "instances": [_instance(ctx, found[key]) for key in page.keys],
        "next_token": page.next_token,
    }


def get_instance(ctx: Context, request: GetInstanceRequest) -> dict[str, object]:
    """One instance."""
    service = service_of(ctx, request.service_id)
    found = ctx.store.world.discovery_instances.get(f"{service.arn}/{request.instance_id}")
    if found is None:
        raise InstanceNotFound
    return {"resource_owner": ctx.scope.account, "instance": _instance(ctx, found)}


def _instance(ctx: Context, instance: DiscoveryInstance) -> dict[str, object]:
    return {
        "id": instance.id,
        "attributes": dict(instance.attributes),
        "created_by_account": ctx.scope.account,
    }


def _shown(world: World, service: DiscoveryService) -> dict[str, object]:
    account = scope_of(service.arn).account
    return {
        "id": service.id,
        "arn": service.arn,
        "resource_owner": account,
        "name": service.name,
        "type": "HTTP",
        "description": service.description,
        "instance_count": instance_count(world, service),
        "create_date": service.created_at,
        "created_by_account": account,
    }


def _by_id(asked: Filter) -> Filter:
    """The filter with ids where it has ARNs; AWS takes either for a namespace."""
    return msgspec.structs.replace(asked, values=tuple(value.rpartition("/")[2] for value in asked.values))


_FILTERS = MappingProxyType(
    {
        "NAMESPACE_ID": Rule[DiscoveryService](lambda s: s.namespace.rpartition("/")[2], ("EQ", "IN")),
        "RESOURCE_OWNER": Rule[DiscoveryService](lambda _: "SELF"),
    }
)
