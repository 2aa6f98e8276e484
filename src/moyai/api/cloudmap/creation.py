"""Namespaces: create.

Refuses: a second namespace of one name and type, a VPC that is not there, a name that DNS can't carry, more
namespaces than the quota.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateHttpNamespace.html,
API_CreatePrivateDnsNamespace.html, API_CreatePublicDnsNamespace.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.cloudmap.lookup import TAG_RULES
from moyai.api.cloudmap.namespaces import NamespaceProperties
from moyai.api.cloudmap.operations import Work, new_operation, repeated_operation, submit
from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.cloudmap.errors import InvalidInput, NamespaceAlreadyExists, ResourceLimitExceeded
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.operation import CreateNamespace, OperationType
from moyai.domain.cloudmap.quotas import CloudMapQuotas
from moyai.domain.keys import scope_key
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.vpc import Vpc
from moyai.kernel.ids import VpcId
from moyai.plan.cloudmap.attributes import is_dns_name
from moyai.plan.cloudmap.namespaces import new_http_namespace
from moyai.plan.cloudmap.operations import namespace_with_same_name

_ZONE_ID_LENGTH: Final = 20


class CreateHttpNamespaceRequest(msgspec.Struct, frozen=True):
    """Input of CreateHttpNamespace, whose services are found by DiscoverInstances."""

    name: str
    creator_request_id: str | None = None
    description: str | None = None
    tags: tuple[Tag, ...] = ()


class CreatePublicDnsNamespaceRequest(msgspec.Struct, frozen=True):
    """Input of CreatePublicDnsNamespace, whose services are found by DNS from everywhere, too."""

    name: str
    creator_request_id: str | None = None
    description: str | None = None
    tags: tuple[Tag, ...] = ()
    properties: NamespaceProperties | None = None


class CreatePrivateDnsNamespaceRequest(msgspec.Struct, frozen=True):
    """Input of CreatePrivateDnsNamespace, whose services are found by DNS in one VPC, too."""

    name: str
    vpc: str
    creator_request_id: str | None = None
    description: str | None = None
    tags: tuple[Tag, ...] = ()
    properties: NamespaceProperties | None = None


AnyRequest = CreateHttpNamespaceRequest | CreatePublicDnsNamespaceRequest | CreatePrivateDnsNamespaceRequest


def create_http_namespace(quotas: CloudMapQuotas, ctx: Context, request: CreateHttpNamespaceRequest) -> dict[str, str]:
    """Start the operation that creates an HTTP namespace."""
    return _create(quotas, ctx, _new(ctx, request), request)


def create_private_dns_namespace(
    quotas: CloudMapQuotas, ctx: Context, request: CreatePrivateDnsNamespaceRequest
) -> dict[str, str]:
    """Start the operation that creates a private DNS namespace in a VPC of the caller's."""
    if find_in_scope(ctx.store.world, Vpc, ctx.scope, request.vpc) is None:
        raise InvalidInput(f"The VPC {request.vpc} does not exist in {ctx.scope.region}.")
    if not is_dns_name(request.name):
        raise InvalidInput(f"{request.name} is not a DNS name.")
    namespace = _with_zone(ctx, _new(ctx, request), NamespaceType.DNS_PRIVATE, request.properties)
    return _create(quotas, ctx, replace(namespace, vpc=VpcId(request.vpc)), request)


def create_public_dns_namespace(
    quotas: CloudMapQuotas, ctx: Context, request: CreatePublicDnsNamespaceRequest
) -> dict[str, str]:
    """Start the operation that creates a public DNS namespace."""
    namespace = _with_zone(ctx, _new(ctx, request), NamespaceType.DNS_PUBLIC, request.properties)
    return _create(quotas, ctx, namespace, request)


def _create(quotas: CloudMapQuotas, ctx: Context, namespace: Namespace, request: AnyRequest) -> dict[str, str]:
    repeated = repeated_operation(ctx, OperationType.CREATE_NAMESPACE, request, request.creator_request_id)
    if repeated is not None:
        return {"operation_id": repeated.id}
    world, scope = ctx.store.world, scope_key(ctx.scope)
    existing = namespace_with_same_name(world, namespace)
    if existing is not None:
        raise NamespaceAlreadyExists(
            f"Namespace {namespace.name} of the type {namespace.type} already exists.",
            {"namespace_id": existing.id, "creator_request_id": existing.creator_request_id},
        )
    subject = f"{scope}/{namespace.type}/{namespace.name}"
    work = Work(
        OperationType.CREATE_NAMESPACE, CreateNamespace(namespace), {"NAMESPACE": namespace.id}, subject, within=scope
    )
    operation = new_operation(ctx, work, request, request.creator_request_id)
    if world.namespaces.count("scope", scope) + world.operations.count("coming", scope) >= quotas.namespaces:
        raise ResourceLimitExceeded(f"There may be {quotas.namespaces} namespaces. Delete one that is not used.")
    return submit(ctx, operation)


def _new(ctx: Context, request: AnyRequest) -> Namespace:
    return replace(
        new_http_namespace(ctx.scope, request.name, ctx.now, ctx.ids),
        creator_request_id=request.creator_request_id,
        description=request.description,
        tags=checked_tags(TAG_RULES, request.tags),
    )


def _with_zone(
    ctx: Context, namespace: Namespace, type_: NamespaceType, properties: NamespaceProperties | None
) -> Namespace:
    return replace(
        namespace,
        type=type_,
        hosted_zone_id="Z" + ctx.ids.alphanumeric(_ZONE_ID_LENGTH).upper(),
        soa_ttl=None if properties is None else properties.dns_properties.soa.ttl,
    )
