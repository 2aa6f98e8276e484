"""What the statistics of an App Mesh proxy are about.

Promise: every name is one that its configuration was made with, looked up and never taken apart. Where one of its
clusters is called by several virtual services, all of their names are told, in order: Envoy counts by cluster.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-metrics.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

import msgspec

from moyai.domain.appmesh.names import mesh_name
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import VirtualRouter
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.queries import app_mesh
from moyai.domain.world import World
from moyai.mesh.app_mesh import names
from moyai.mesh.ir import Protocol

REMEMBERED: Final = 200
"""Names of each kind that are no more, and still told."""
T = TypeVar("T")


class Target(msgspec.Struct, frozen=True):
    """A virtual node that is called, and under the names of which virtual services."""

    node: str
    services: tuple[str, ...]


class Routed(NamedTuple):
    """A route of a virtual service, or one of a gateway that leads to it."""

    service: str
    is_gateways: bool = False


class Subjects(msgspec.Struct, frozen=True):
    """What a virtual node's or a virtual gateway's proxies count by."""

    listeners: Mapping[str, Protocol]
    """By the prefix of their statistics."""
    targets: Mapping[str, Target]
    """By what their clusters are called."""
    routes: Mapping[str, tuple[str, ...]]
    """Which virtual services have a route of the name; of one that a virtual node provides, the node is the route."""
    gateway_routes: Mapping[str, str]
    """A gateway's own: which virtual service each leads to."""

    def target(self, cluster: str) -> Target | None:
        """Who is called by this cluster. One that is called under several policies has several, numbered."""
        return self.targets.get(cluster) or self.targets.get(cluster.rpartition("_")[0])

    def route(self, host: str, name: str) -> Routed | None:
        """What the route of a virtual host is; None where the host doesn't say it, and several may be meant."""
        services = self.routes.get(name, ())
        if host in services:
            return Routed(host)
        if name in self.gateway_routes:
            return Routed(self.gateway_routes[name], is_gateways=True)
        return Routed(services[0]) if len(services) == 1 else None

    def after(self, before: Subjects) -> Subjects:
        """These, and of those before the newest that are no more."""
        return Subjects(
            _after(self.listeners, before.listeners),
            _after(self.targets, before.targets),
            _after(self.routes, before.routes),
            _after(self.gateway_routes, before.gateway_routes),
        )


def subjects(world: World, workload: VirtualNode | VirtualGateway) -> Subjects:
    """What the proxies that stand for this count by."""
    gateway_routes: dict[str, str] = {}
    if isinstance(workload, VirtualGateway):
        gateway_routes = {
            route.name: route.spec.target.virtual_service.virtual_service_name
            for route in app_mesh.gateway_routes(world, workload.arn)
        }
        wanted: Iterable[str] = gateway_routes.values()
    else:
        wanted = [one.virtual_service.virtual_service_name for one in workload.spec.backends or ()]
    found = (app_mesh.virtual_service(world, workload.mesh, name) for name in wanted)
    services = {service.name: service for service in found if service is not None}
    routes: dict[str, list[str]] = {}
    for name in sorted(services):
        for route in _routes(world, services[name]):
            routes.setdefault(route, []).append(name)
    listeners = [one.port_mapping for one in workload.spec.listeners or ()]
    spoken = [(Protocol(one.protocol), one.port) for one in listeners]
    return Subjects(
        {names.ingress_stat(protocol, port, only=len(spoken) == 1): protocol for protocol, port in spoken},
        _targets(world, services.values()),
        {route: tuple(having) for route, having in routes.items()},
        gateway_routes,
    )


def _after(now: Mapping[str, T], before: Mapping[str, T]) -> dict[str, T]:
    gone = [name for name in before if name not in now][-REMEMBERED:]
    return {**{name: before[name] for name in gone}, **now}


def _routes(world: World, service: VirtualService) -> list[str]:
    provider = app_mesh.provider(world, service)
    if isinstance(provider, VirtualRouter):
        return [route.name for route in app_mesh.routes(world, provider.arn)]
    return [] if provider is None else [provider.name]


def _targets(world: World, services: Iterable[VirtualService]) -> dict[str, Target]:
    callers: dict[str, tuple[str, set[str]]] = {}
    for service in services:
        for node in _nodes(world, service):
            for listener in node.spec.listeners or ():
                port, protocol = listener.port_mapping.port, Protocol(listener.port_mapping.protocol)
                label = names.node_cluster(mesh_name(node.mesh), node.name, protocol, port)
                callers.setdefault(label, (node.name, set()))[1].add(service.name)
    return {label: Target(node, tuple(sorted(called))) for label, (node, called) in callers.items()}


def _nodes(world: World, service: VirtualService) -> list[VirtualNode]:
    provider = app_mesh.provider(world, service)
    if not isinstance(provider, VirtualRouter):
        return [] if provider is None else [provider]
    wanted = {t.virtual_node for route in app_mesh.routes(world, provider.arn) for t in route.spec.targets}
    found = (app_mesh.virtual_node(world, service.mesh, name) for name in sorted(wanted))
    return [node for node in found if node is not None]
