"""DiscoverInstances: who answers for a name, right now.

Promise: a look-up reads instances only until the answer is full, in the order in which they registered. Where some
instances match the query parameters and the optional ones too, only those are given; otherwise all that match the
query parameters. Without HealthStatus, healthy ones, or all when none is healthy (HEALTHY_OR_ELSE_ALL); an instance
that is UNKNOWN counts as healthy. A service without health checks gives all its instances, whatever HealthStatus is.
Another account's namespaces are found by that account's number, where they are shared with the caller.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_DiscoverInstances.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

import msgspec

from moyai.api.operation import Context, operation
from moyai.domain.cloudmap.errors import NamespaceNotFound, ServiceNotFound
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.queries.sharing import may_use
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World
from moyai.plan.cloudmap.instances import revision

Parameters = Sequence[tuple[str, str]]

_DEFAULT_RESULTS = 100
_ALL = "ALL"
_ANY: Mapping[str, str] = MappingProxyType({})


class DiscoverInstancesRequest(msgspec.Struct, frozen=True):
    """Input of DiscoverInstances: a service by name, and filters of its instances."""

    namespace_name: str
    service_name: str
    max_results: int = _DEFAULT_RESULTS
    query_parameters: Mapping[str, str] = _ANY
    optional_parameters: Mapping[str, str] = _ANY
    health_status: str = "HEALTHY_OR_ELSE_ALL"
    owner_account: str | None = None


class DiscoverInstancesRevisionRequest(msgspec.Struct, frozen=True):
    """Input of DiscoverInstancesRevision: a service by name."""

    namespace_name: str
    service_name: str
    owner_account: str | None = None


@operation(cached=True)
def discover_instances(ctx: Context, request: DiscoverInstancesRequest) -> dict[str, object]:
    """The instances of a service that match."""
    world, service = ctx.store.world, _service(ctx, request)
    health_status = request.health_status if service.knows_health else _ALL
    return {
        "instances": [
            {
                "instance_id": instance.id,
                "namespace_name": request.namespace_name,
                "service_name": request.service_name,
                "health_status": instance.health,
                "attributes": dict(instance.attributes),
            }
            for instance in _matching_instances(world, service, request, health_status)
        ],
        "instances_revision": revision(world, service.arn),
    }


def discover_instances_revision(ctx: Context, request: DiscoverInstancesRevisionRequest) -> dict[str, int]:
    """The revision of a service's instances, with which clients see whether to discover again."""
    service = _service(ctx, request)
    return {"instances_revision": revision(ctx.store.world, service.arn)}


def _service(ctx: Context, request: DiscoverInstancesRequest | DiscoverInstancesRevisionRequest) -> DiscoveryService:
    world = ctx.store.world
    owner = f"{request.owner_account or ctx.scope.account}/{ctx.scope.region}"
    candidates = world.namespaces.each("name", f"{owner}/{request.namespace_name}")
    namespaces = [namespace for namespace in candidates if may_use(world, ctx.scope, namespace.arn)]
    if not namespaces:
        raise NamespaceNotFound
    for namespace in namespaces:
        for service in world.discovery_services.each("name", f"{namespace.arn}/{request.service_name}"):
            return service
    raise ServiceNotFound


def _matching_instances(
    world: World, service: DiscoveryService, request: DiscoverInstancesRequest, health_status: str
) -> list[DiscoveryInstance]:
    parameters = dict(request.query_parameters)
    if request.optional_parameters:
        all_parameters = [*parameters.items(), *request.optional_parameters.items()]
        if next(_matching(world, service, all_parameters), None) is not None:
            return _healthy(world, service, all_parameters, health_status, request.max_results)
    return _healthy(world, service, [*parameters.items()], health_status, request.max_results)


def _healthy(
    world: World, service: DiscoveryService, parameters: Parameters, health_status: str, most: int
) -> list[DiscoveryInstance]:
    matching = _matching(world, service, parameters)
    if health_status == _ALL:
        return list(islice(matching, most))
    if health_status == "UNHEALTHY":
        return list(islice((i for i in matching if i.health is Health.UNHEALTHY), most))
    healthy = list(islice((i for i in matching if i.health is not Health.UNHEALTHY), most))
    if healthy or health_status == "HEALTHY":
        return healthy
    return list(islice(_matching(world, service, parameters), most))


def _matching(world: World, service: DiscoveryService, parameters: Parameters) -> Iterator[DiscoveryInstance]:
    discovery_instances = world.discovery_instances.each("service", service.arn)
    if not parameters:
        return discovery_instances
    return (i for i in discovery_instances if all(i.attributes.get(key) == value for key, value in parameters))
