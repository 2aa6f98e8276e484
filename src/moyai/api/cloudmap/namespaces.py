"""Namespaces: shown, listed, changed, removed.

Refuses: the removal of a namespace with services, and an update by the operation for another type of namespace.
Clusters that have a removed namespace as their default keep naming it, as on AWS.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_ListNamespaces.html, API_UpdateHttpNamespace.html
"""

from __future__ import annotations

from types import MappingProxyType

import msgspec

from moyai.api.cloudmap.filters import Filter, FilterRule, matcher
from moyai.api.cloudmap.lookup import namespace_of, own_namespace_of, owner_kind, page_of
from moyai.api.cloudmap.operations import Work, new_operation, repeated_operation, submit
from moyai.api.operation import Context, PageRequest
from moyai.domain.cloudmap.errors import InvalidInput, ResourceInUse
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.operation import DeleteNamespace, OperationType, UpdateNamespace
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.world import World
from moyai.plan.cloudmap.namespaces import shared_namespaces


class NamespaceRequest(msgspec.Struct, frozen=True):
    """The namespace to get or to delete, by its id or ARN."""

    id: str


class ListNamespacesRequest(PageRequest, frozen=True):
    """Namespaces by type, name, or owner."""

    filters: tuple[Filter, ...] = ()


class Soa(msgspec.Struct, frozen=True):
    """The zone's start of authority."""

    ttl: int


class DnsProperties(msgspec.Struct, frozen=True):
    """The settings of a namespace's hosted zone."""

    soa: Soa


class NamespaceProperties(msgspec.Struct, frozen=True):
    """The properties of a DNS namespace."""

    dns_properties: DnsProperties


class HttpNamespaceChange(msgspec.Struct, frozen=True):
    """The members of an HTTP namespace that can change."""

    description: str


class UpdateHttpNamespaceRequest(msgspec.Struct, frozen=True):
    """A change of an HTTP namespace."""

    id: str
    namespace: HttpNamespaceChange
    updater_request_id: str | None = None


class DnsNamespaceChange(msgspec.Struct, frozen=True):
    """The members of a DNS namespace that can change; absent ones stay."""

    description: str | None = None
    properties: NamespaceProperties | None = None


class UpdateDnsNamespaceRequest(msgspec.Struct, frozen=True):
    """A change of a private or a public DNS namespace."""

    id: str
    namespace: DnsNamespaceChange
    updater_request_id: str | None = None


def get_namespace(ctx: Context, request: NamespaceRequest) -> dict[str, object]:
    """The namespace with this id or ARN; it may be shared with the caller."""
    namespace = namespace_of(ctx, request.id)
    return {
        "namespace": {**_view(ctx.store.world, namespace), "creator_request_id": namespace.creator_request_id},
    }


def list_namespaces(ctx: Context, request: ListNamespacesRequest) -> dict[str, object]:
    """The scope's namespaces, and those that are shared with it, that pass the filters."""
    world = ctx.store.world
    matches = matcher(
        request.filters, {**_FILTERS, "RESOURCE_OWNER": FilterRule[Namespace](lambda n: owner_kind(ctx, n.arn))}
    )
    usable = (*world.namespaces.each("scope", scope_key(ctx.scope)), *shared_namespaces(world, ctx.scope))
    matching = {n.arn: n for n in usable if matches(n)}
    page = page_of(matching, ("namespaces", request.filters), request.next_token, request.max_results)
    return {
        "namespaces": [_view(world, world.namespaces[key]) for key in page.keys],
        "next_token": page.next_token,
    }


def delete_namespace(ctx: Context, request: NamespaceRequest) -> dict[str, str]:
    """Remove an empty namespace."""
    namespace = own_namespace_of(ctx, request.id)
    if ctx.store.world.discovery_services.count("namespace", namespace.arn):
        raise ResourceInUse("Namespace has associated services. Delete the services in it first.")
    targets = {"NAMESPACE": namespace.id}
    work = Work(OperationType.DELETE_NAMESPACE, DeleteNamespace(namespace.arn), targets, namespace.arn)
    return submit(ctx, new_operation(ctx, work, request))


def update_http_namespace(ctx: Context, request: UpdateHttpNamespaceRequest) -> dict[str, str]:
    """Change an HTTP namespace."""
    namespace = _of_type(ctx, request.id, NamespaceType.HTTP)
    order = UpdateNamespace(namespace.arn, request.namespace.description)
    return _update_namespace(ctx, namespace, order, request)


def update_private_dns_namespace(ctx: Context, request: UpdateDnsNamespaceRequest) -> dict[str, str]:
    """Change a private DNS namespace."""
    return _update_dns_namespace(ctx, request, NamespaceType.DNS_PRIVATE)


def update_public_dns_namespace(ctx: Context, request: UpdateDnsNamespaceRequest) -> dict[str, str]:
    """Change a public DNS namespace."""
    return _update_dns_namespace(ctx, request, NamespaceType.DNS_PUBLIC)


def _update_dns_namespace(ctx: Context, request: UpdateDnsNamespaceRequest, type_: NamespaceType) -> dict[str, str]:
    namespace, change = _of_type(ctx, request.id, type_), request.namespace
    ttl = None if change.properties is None else change.properties.dns_properties.soa.ttl
    return _update_namespace(ctx, namespace, UpdateNamespace(namespace.arn, change.description, ttl), request)


def _update_namespace(
    ctx: Context,
    namespace: Namespace,
    order: UpdateNamespace,
    request: UpdateHttpNamespaceRequest | UpdateDnsNamespaceRequest,
) -> dict[str, str]:
    repeated = repeated_operation(ctx, OperationType.UPDATE_NAMESPACE, request, request.updater_request_id)
    if repeated is not None:
        return {"operation_id": repeated.id}
    work = Work(OperationType.UPDATE_NAMESPACE, order, {"NAMESPACE": namespace.id}, namespace.arn)
    return submit(ctx, new_operation(ctx, work, request, request.updater_request_id))


def _of_type(ctx: Context, identifier: str, type_: NamespaceType) -> Namespace:
    namespace = own_namespace_of(ctx, identifier)
    if namespace.type is not type_:
        raise InvalidInput(f"The namespace {namespace.id} is of the type {namespace.type}, not {type_}.")
    return namespace


def _view(world: World, namespace: Namespace) -> dict[str, object]:
    properties: dict[str, object] = {"http_properties": {"http_name": namespace.name}}
    soa = {} if namespace.soa_ttl is None else {"ttl": namespace.soa_ttl}
    properties["dns_properties"] = {"hosted_zone_id": namespace.hosted_zone_id, "soa": soa}
    return {
        "id": namespace.id,
        "arn": namespace.arn,
        "resource_owner": scope_of(namespace.arn).account,
        "name": namespace.name,
        "type": namespace.type,
        "description": namespace.description,
        "service_count": world.discovery_services.count("namespace", namespace.arn),
        "properties": properties,
        "create_date": namespace.created_at,
    }


_FILTERS = MappingProxyType(
    {
        "TYPE": FilterRule[Namespace](lambda n: n.type, ("EQ", "IN")),
        "NAME": FilterRule[Namespace](lambda n: n.name, ("EQ", "IN", "BEGINS_WITH")),
        "HTTP_NAME": FilterRule[Namespace](lambda n: n.name, ("EQ", "IN", "BEGINS_WITH")),
    }
)
