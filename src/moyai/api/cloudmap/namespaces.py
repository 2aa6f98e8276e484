"""Namespaces: made, shown, listed, removed.

Promise: making and removing are done when the call returns; the operation it names is there for those who
ask for it, as AWS's clients do, and says SUCCESS. The same creator request id with the same
request gives the same operation again.
A private DNS namespace is recorded with its VPC; no DNS answers for it yet.
Refuses: a second namespace of one name and type, removal while services are in it, a VPC that is not there.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateHttpNamespace.html
"""

from __future__ import annotations

from types import MappingProxyType

import msgspec

from moyai.api.cloudmap.filters import Filter, Rule, passes
from moyai.api.cloudmap.lookup import listed, namespace_of
from moyai.api.cloudmap.operations import earlier, finished
from moyai.api.cloudmap.tags import Tag, checked_tags
from moyai.api.operation import Context
from moyai.domain.cloudmap.errors import InvalidInput, NamespaceAlreadyExists, ResourceInUse, ResourceLimitExceeded
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Delete, Put, World
from moyai.kernel.ids import VpcId
from moyai.plan.namespaces import new_http_namespace

MAX_NAMESPACES = 1000
"""Of one scope. AWS begins with 50 and raises it on request."""
_SOA_TTL = 15
_ZONE_ID_LENGTH = 20


class CreateHttpNamespaceRequest(msgspec.Struct, frozen=True):
    """A namespace whose services are found by DiscoverInstances."""

    name: str
    creator_request_id: str | None = None
    description: str | None = None
    tags: tuple[Tag, ...] = ()


class Soa(msgspec.Struct, frozen=True):
    """The zone's start of authority."""

    ttl: int


class PrivateDnsProperties(msgspec.Struct, frozen=True):
    """What can be set of the zone."""

    soa: Soa


class PrivateDnsNamespaceProperties(msgspec.Struct, frozen=True):
    """DNS properties."""

    dns_properties: PrivateDnsProperties


class CreatePrivateDnsNamespaceRequest(msgspec.Struct, frozen=True):
    """A namespace whose services are to be found by DNS in one VPC, too."""

    name: str
    vpc: str
    creator_request_id: str | None = None
    description: str | None = None
    tags: tuple[Tag, ...] = ()
    properties: PrivateDnsNamespaceProperties | None = None


class NamespaceRequest(msgspec.Struct, frozen=True):
    """One namespace by its id or ARN."""

    id: str


class ListNamespacesRequest(msgspec.Struct, frozen=True):
    """Namespaces by type, name, or owner."""

    next_token: str | None = None
    max_results: int | None = None
    filters: tuple[Filter, ...] = ()


def create_http_namespace(ctx: Context, request: CreateHttpNamespaceRequest) -> dict[str, str]:
    """Make an HTTP namespace."""
    made = msgspec.structs.replace(
        new_http_namespace(ctx.scope, request.name, ctx.now, ctx.ids),
        creator_request_id=request.creator_request_id,
        description=request.description,
        tags=checked_tags(request.tags),
    )
    return _created(ctx, made)


def create_private_dns_namespace(ctx: Context, request: CreatePrivateDnsNamespaceRequest) -> dict[str, str]:
    """Make a private DNS namespace in a VPC of the scope's."""
    if request.vpc != default_vpc(ctx.scope).id:
        raise InvalidInput(f"The VPC {request.vpc} does not exist in {ctx.scope.region}.")
    made = msgspec.structs.replace(
        new_http_namespace(ctx.scope, request.name, ctx.now, ctx.ids),
        type=NamespaceType.DNS_PRIVATE,
        creator_request_id=request.creator_request_id,
        description=request.description,
        tags=checked_tags(request.tags),
        vpc=VpcId(request.vpc),
        hosted_zone_id="Z" + ctx.ids.alphanumeric(_ZONE_ID_LENGTH).upper(),
        soa_ttl=_SOA_TTL if request.properties is None else request.properties.dns_properties.soa.ttl,
    )
    return _created(ctx, made)


def get_namespace(ctx: Context, request: NamespaceRequest) -> dict[str, object]:
    """One namespace."""
    namespace = namespace_of(ctx, request.id)
    return {
        "namespace": {**_shown(ctx.store.world, namespace), "creator_request_id": namespace.creator_request_id},
    }


def list_namespaces(ctx: Context, request: ListNamespacesRequest) -> dict[str, object]:
    """The scope's namespaces that pass the filters."""
    world = ctx.store.world
    fits = passes(request.filters, _FILTERS)
    found = {n.arn: n for n in world.namespaces.by("scope", scope_key(ctx.scope)) if fits(n)}
    page = listed(found, ("namespaces", request.filters), request.next_token, request.max_results)
    return {
        "namespaces": [_shown(world, world.namespaces[key]) for key in page.keys],
        "next_token": page.next_token,
    }


def delete_namespace(ctx: Context, request: NamespaceRequest) -> dict[str, str]:
    """Remove an empty namespace. Clusters that have it as their default keep naming it, as on AWS."""
    namespace = namespace_of(ctx, request.id)
    if ctx.store.world.discovery_services.by("namespace", namespace.arn):
        raise ResourceInUse("Namespace has associated services. Delete the services in it first.")
    done = finished(ctx, "DELETE_NAMESPACE", namespace)
    ctx.store.apply([Delete(Namespace, namespace.arn), *done.changes])
    return {"operation_id": done.operation.id}


def _created(ctx: Context, made: Namespace) -> dict[str, str]:
    again = earlier(ctx, made)
    if again is not None:
        return {"operation_id": again.id}
    existing = ctx.store.world.namespaces.by("scope", scope_key(ctx.scope))
    twin = next((n for n in existing if n.name == made.name and n.type == made.type), None)
    if twin is not None:
        raise NamespaceAlreadyExists(
            f"Namespace {made.name} of the type {made.type} already exists.",
            {"namespace_id": twin.id, "creator_request_id": twin.creator_request_id},
        )
    if len(existing) >= MAX_NAMESPACES:
        raise ResourceLimitExceeded(f"There may be {MAX_NAMESPACES} namespaces. Delete one that is not used.")
    done = finished(ctx, "CREATE_NAMESPACE", made)
    ctx.store.apply([Put(made), *done.changes])
    return {"operation_id": done.operation.id}


def _shown(world: World, namespace: Namespace) -> dict[str, object]:
    properties: dict[str, object] = {"http_properties": {"http_name": namespace.name}}
    if namespace.type is not NamespaceType.HTTP:
        properties["dns_properties"] = {
            "hosted_zone_id": namespace.hosted_zone_id,
            "soa": {"ttl": namespace.soa_ttl or _SOA_TTL},
        }
    return {
        "id": namespace.id,
        "arn": namespace.arn,
        "resource_owner": scope_of(namespace.arn).account,
        "name": namespace.name,
        "type": namespace.type,
        "description": namespace.description,
        "service_count": len(world.discovery_services.by("namespace", namespace.arn)),
        "properties": properties,
        "create_date": namespace.created_at,
    }


_FILTERS = MappingProxyType(
    {
        "TYPE": Rule[Namespace](lambda n: n.type, ("EQ", "IN")),
        "NAME": Rule[Namespace](lambda n: n.name, ("EQ", "IN", "BEGINS_WITH")),
        "HTTP_NAME": Rule[Namespace](lambda n: n.name, ("EQ", "IN", "BEGINS_WITH")),
        "RESOURCE_OWNER": Rule[Namespace](lambda _: "SELF"),
    }
)
