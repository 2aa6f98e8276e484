"""Finds the namespaces, services and instances that a request names, and pages lists.

Promise: an id and an ARN find the same resource. Resources of other regions are unknown, and those of other accounts,
unless their namespace is shared with the caller; then the ARN is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from moyai.api.operation import Context
from moyai.api.tagging import TagOperations
from moyai.domain.cloudmap.errors import (
    AccessDenied,
    InstanceNotFound,
    InvalidInput,
    NamespaceNotFound,
    ResourceNotFound,
    ServiceNotFound,
    TooManyTags,
)
from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.keys import scope_of
from moyai.domain.paging import Page, page
from moyai.domain.queries.sharing import may_use
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import arn
from moyai.kernel.scope import Scope

MAX_RESULTS = 100


def namespace_of(ctx: Context, identifier: str) -> Namespace:
    """The namespace with this id or ARN. Raises NamespaceNotFound."""
    namespace = ctx.store.world.namespaces.get(_as_arn(ctx.scope, "namespace", identifier))
    if namespace is None or not may_use(ctx.store.world, ctx.scope, namespace.arn):
        raise NamespaceNotFound
    return namespace


def own_namespace_of(ctx: Context, identifier: str) -> Namespace:
    """A namespace that the caller owns, to change it. Raises NamespaceNotFound or AccessDenied."""
    namespace = namespace_of(ctx, identifier)
    if scope_of(namespace.arn) != ctx.scope:
        raise AccessDenied(f"The namespace {namespace.id} is another account's: you may use it, and can't change it.")
    return namespace


def service_of(ctx: Context, identifier: str) -> DiscoveryService:
    """The service with this id or ARN. Raises ServiceNotFound."""
    discovery_service = ctx.store.world.discovery_services.get(_as_arn(ctx.scope, "service", identifier))
    if discovery_service is None or not may_use(ctx.store.world, ctx.scope, discovery_service.namespace):
        raise ServiceNotFound
    return discovery_service


def owner_kind(ctx: Context, namespace: str) -> str:
    """The value that the filter RESOURCE_OWNER compares with."""
    return "SELF" if scope_of(namespace) == ctx.scope else "OTHER_ACCOUNTS"


def instance_of(ctx: Context, service: DiscoveryService, instance: str) -> DiscoveryInstance:
    """The service's instance with this id. Raises InstanceNotFound."""
    discovery_instance = ctx.store.world.discovery_instances.get(f"{service.arn}/{instance}")
    if discovery_instance is None:
        raise InstanceNotFound
    return discovery_instance


def page_of(keys: Iterable[str], listing: object, token: str | None, size: int | None) -> Page:
    """A page of one of Cloud Map's lists; 100 when no size is given. Raises InvalidInput."""
    return page(keys, listing, token, size or MAX_RESULTS, fault=InvalidInput)


def _as_arn(scope: Scope, kind: str, identifier: str) -> str:
    return identifier if identifier.startswith("arn:") else arn("servicediscovery", scope, f"{kind}/{identifier}")


def _tagged_resource(ctx: Context, arn: str) -> Namespace | DiscoveryService:
    world = ctx.store.world
    resource = world.namespaces.get(arn) or world.discovery_services.get(arn)
    if resource is None or scope_of(resource.arn) != ctx.scope:
        raise ResourceNotFound(f"There is no resource {arn[:200]}.")
    return resource


TAG_RULES: Final = TagRules("Cloud Map resource", InvalidInput, TooManyTags)
TAGS: Final = TagOperations(_tagged_resource, TAG_RULES)
