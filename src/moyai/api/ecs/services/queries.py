"""Services: describe, list in a cluster, list in a namespace.

Promise: a deleted service is in no list any more, and can be described as DRAINING and INACTIVE.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from moyai.api.ecs.lookup import active_cluster, check_described, missing_failures, service_arn
from moyai.api.ecs.paging import PageQuery, paginate, paginate_after
from moyai.api.ecs.services.view import resource_management_type, service_view
from moyai.api.operation import Context, PageRequest, operation
from moyai.domain.ecs.errors import ClientException, NamespaceNotFound
from moyai.domain.ecs.service import ServiceStatus
from moyai.plan.cloudmap.namespaces import find_namespace, not_shared

_MAX_DESCRIBED = 10
_DEFAULT_PAGE = 10


class DescribeServicesRequest(msgspec.Struct, frozen=True):
    services: tuple[str, ...]
    cluster: str | None = None
    include: frozenset[str] = frozenset()


class ListServicesRequest(PageRequest, frozen=True):
    cluster: str | None = None
    launch_type: str | None = None
    scheduling_strategy: str | None = None
    resource_management_type: str | None = None


class ListServicesByNamespaceRequest(PageRequest, frozen=True):
    namespace: str


@operation(cached=True)
def describe_services(ctx: Context, request: DescribeServicesRequest) -> dict[str, object]:
    """Describe up to ten services of a cluster."""
    cluster = active_cluster(ctx, request.cluster)
    check_described(request.services, "Services", _MAX_DESCRIBED, required=True)
    world = ctx.store.world
    arns = dict.fromkeys(service_arn(cluster, s) for s in request.services)
    services = {a: s for a in arns if (s := world.services.get(a)) is not None and s.cluster == cluster.arn}
    with_tags = "TAGS" in request.include
    return {
        "services": [service_view(world, service, with_tags=with_tags) for service in services.values()],
        "failures": missing_failures(arns, services),
    }


@operation(cached=True)
def list_services(ctx: Context, request: ListServicesRequest) -> dict[str, object]:
    """The ARNs of a cluster's ACTIVE services."""
    cluster = active_cluster(ctx, request.cluster)
    world = ctx.store.world

    def after(key: str) -> Iterable[str]:
        for service in world.services.after("cluster", cluster.arn, key):
            if (
                service.status is ServiceStatus.ACTIVE
                and request.scheduling_strategy in {None, service.scheduling_strategy}
                and request.launch_type in {None, service.launch_type}
                and request.resource_management_type in {None, resource_management_type(world, service)}
            ):
                yield service.arn

    filters = (request.launch_type, request.scheduling_strategy, request.resource_management_type)
    query = PageQuery(("ListServices", cluster.arn, *filters), request.next_token, request.max_results, _DEFAULT_PAGE)
    page = paginate_after(after, query)
    return {"service_arns": page.keys, "next_token": page.next_token}


def list_services_by_namespace(ctx: Context, request: ListServicesByNamespaceRequest) -> dict[str, object]:
    """The ARNs of the ACTIVE services of all clusters that use a namespace with Service Connect."""
    namespace = find_namespace(ctx.store.world, ctx.scope, request.namespace)
    if namespace is None:
        denied = not_shared(ctx.scope, request.namespace)
        if denied is not None:
            raise ClientException(denied)
        raise NamespaceNotFound(f"The namespace {request.namespace} was not found.")
    services = ctx.store.world.services.by("namespace", namespace.arn)
    arns = (s.arn for s in services if s.status is ServiceStatus.ACTIVE)
    listing = ("ListServicesByNamespace", namespace.arn)
    page = paginate(arns, PageQuery(listing, request.next_token, request.max_results, _DEFAULT_PAGE))
    return {"service_arns": page.keys, "next_token": page.next_token}
