"""DiscoverInstances: who answers for a name, right now.

Promise: a look-up costs the size of its answer. Instances come in the order in which they registered. Where some
instances match the query parameters and the optional ones too, only those are given; otherwise all that match the
query parameters. Without HealthStatus, healthy ones, or all when none is healthy (HEALTHY_OR_ELSE_ALL).
``InstancesRevision`` changes with every registration, deregistration and change of health; it is not a count.
Refuses: another account's namespaces.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_DiscoverInstances.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import islice
from types import MappingProxyType

import msgspec

from moyai.api.operation import Context
from moyai.domain.cloudmap.errors import NamespaceNotFound, ServiceNotFound
from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.keys import scope_key
from moyai.domain.sandbox.state import Health

_DEFAULT_RESULTS = 100
_ANY: Mapping[str, str] = MappingProxyType({})


class DiscoverInstancesRequest(msgspec.Struct, frozen=True):
    """Which service of which namespace, by name, and which of its instances."""

    namespace_name: str
    service_name: str
    max_results: int = _DEFAULT_RESULTS
    query_parameters: Mapping[str, str] = _ANY
    optional_parameters: Mapping[str, str] = _ANY
    health_status: str = "HEALTHY_OR_ELSE_ALL"


class DiscoverInstancesRevisionRequest(msgspec.Struct, frozen=True):
    """Which service of which namespace, by name."""

    namespace_name: str
    service_name: str


def discover_instances(ctx: Context, request: DiscoverInstancesRequest) -> dict[str, object]:
    """The instances that match."""
    everything = _instances(ctx, request.namespace_name, request.service_name)
    matching = [i for i in everything if _matches(i, request.query_parameters)]
    preferred = [i for i in matching if _matches(i, request.optional_parameters)]
    chosen = _healthy(preferred or matching, request.health_status)
    return {
        "instances": [
            {
                "instance_id": instance.id,
                "namespace_name": request.namespace_name,
                "service_name": request.service_name,
                "health_status": instance.health,
                "attributes": dict(instance.attributes),
            }
            for instance in islice(chosen, request.max_results)
        ],
        "instances_revision": _revision(everything),
    }


def discover_instances_revision(ctx: Context, request: DiscoverInstancesRevisionRequest) -> dict[str, int]:
    """The revision alone, to see whether it is worth to discover again."""
    return {"instances_revision": _revision(_instances(ctx, request.namespace_name, request.service_name))}


def _instances(ctx: Context, namespace_name: str, service_name: str) -> tuple[DiscoveryInstance, ...]:
    world = ctx.store.world
    namespaces = world.namespaces.by("name", f"{scope_key(ctx.scope)}/{namespace_name}")
    if not namespaces:
        raise NamespaceNotFound
    for namespace in namespaces:
        for service in world.discovery_services.by("name", f"{namespace.arn}/{service_name}"):
            return world.discovery_instances.by("service", service.arn)
    raise ServiceNotFound


def _matches(instance: DiscoveryInstance, parameters: Mapping[str, str]) -> bool:
    return all(instance.attributes.get(key) == value for key, value in parameters.items())


def _healthy(instances: list[DiscoveryInstance], wanted: str) -> list[DiscoveryInstance]:
    if wanted == "ALL":
        return instances
    if wanted == "UNHEALTHY":
        return [i for i in instances if i.health is Health.UNHEALTHY]
    healthy = [i for i in instances if i.health is not Health.UNHEALTHY]
    return instances if not healthy and wanted == "HEALTHY_OR_ELSE_ALL" else healthy


def _revision(instances: Iterable[DiscoveryInstance]) -> int:
    text = "\n".join(f"{i.id} {i.registered_at} {i.health}" for i in instances)
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big") >> 1  # a long is signed
