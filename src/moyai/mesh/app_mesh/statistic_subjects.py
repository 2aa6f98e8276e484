"""Maps the names in an App Mesh proxy's statistics to App Mesh's resources.

Promise: every name comes from the proxy's configuration; it is looked up and never parsed. Envoy counts by cluster:
where several virtual services lead to one cluster, the subject has the names of all of them, sorted.
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

MAX_REMEMBERED: Final = 200
"""The most removed names of each kind that are still known, because proxies still report them."""
T = TypeVar("T")


class CalledNode(msgspec.Struct, frozen=True):
    """A virtual node that is called, with the names of the virtual services through which callers reach it."""

    node: str
    services: tuple[str, ...]


class RouteSubject(NamedTuple):
    """The virtual service of a route; ``is_gateways``: the route is a gateway's, and its target is the service."""

    service: str
    is_gateways: bool = False


class StatisticSubjects(msgspec.Struct, frozen=True):
    """The names in the statistics of a virtual node's or a virtual gateway's proxies."""

    listeners: Mapping[str, Protocol]
    """The protocols of listeners, by the prefix of their statistics."""
    targets: Mapping[str, CalledNode]
    """The called virtual nodes, by cluster name."""
    routes: Mapping[str, tuple[str, ...]]
    """The virtual services that have a route of this name; a virtual node that provides one counts as its route."""
    gateway_routes: Mapping[str, str]
    """The virtual service that is the target of each of a gateway's routes."""

    def target(self, cluster: str) -> CalledNode | None:
        """The virtual node of a cluster. Clusters of one node for several policies are numbered."""
        return self.targets.get(cluster) or self.targets.get(cluster.rpartition("_")[0])

    def route(self, host: str, name: str) -> RouteSubject | None:
        """The route of a virtual host; None where several routes have the host."""
        services = self.routes.get(name, ())
        if host in services:
            return RouteSubject(host)
        if name in self.gateway_routes:
            return RouteSubject(self.gateway_routes[name], is_gateways=True)
        return RouteSubject(services[0]) if len(services) == 1 else None

    def after(self, before: StatisticSubjects) -> StatisticSubjects:
        """These subjects, and the newest of the former subjects that no longer exist."""
        return StatisticSubjects(
            _with_removed(self.listeners, before.listeners),
            _with_removed(self.targets, before.targets),
            _with_removed(self.routes, before.routes),
            _with_removed(self.gateway_routes, before.gateway_routes),
        )


def statistic_subjects(world: World, workload: VirtualNode | VirtualGateway) -> StatisticSubjects:
    """The subjects of the statistics of a workload's proxies."""
    gateway_routes: dict[str, str] = {}
    if isinstance(workload, VirtualGateway):
        gateway_routes = {
            route.name: route.spec.target.virtual_service.virtual_service_name
            for route in app_mesh.gateway_routes(world, workload.arn)
        }
        service_names: Iterable[str] = gateway_routes.values()
    else:
        service_names = [backend.virtual_service.virtual_service_name for backend in workload.spec.backends or ()]
    backends = (app_mesh.virtual_service(world, workload.mesh, name) for name in service_names)
    services = {service.name: service for service in backends if service is not None}
    routes: dict[str, list[str]] = {}
    for name in sorted(services):
        for route in _route_names(world, services[name]):
            routes.setdefault(route, []).append(name)
    mappings = [listener.port_mapping for listener in workload.spec.listeners or ()]
    ports = [(Protocol(mapping.protocol), mapping.port) for mapping in mappings]
    return StatisticSubjects(
        {names.ingress_stat(protocol, port, only=len(ports) == 1): protocol for protocol, port in ports},
        _called_nodes(world, services.values()),
        {route: tuple(of_services) for route, of_services in routes.items()},
        gateway_routes,
    )


def _with_removed(now: Mapping[str, T], before: Mapping[str, T]) -> dict[str, T]:
    removed = [name for name in before if name not in now][-MAX_REMEMBERED:]
    return {**{name: before[name] for name in removed}, **now}


def _route_names(world: World, service: VirtualService) -> list[str]:
    provider = app_mesh.provider(world, service)
    if isinstance(provider, VirtualRouter):
        return [route.name for route in app_mesh.routes(world, provider.arn)]
    return [] if provider is None else [provider.name]


def _called_nodes(world: World, services: Iterable[VirtualService]) -> dict[str, CalledNode]:
    callers: dict[str, tuple[str, set[str]]] = {}
    for service in services:
        for node in _nodes(world, service):
            for listener in node.spec.listeners or ():
                port, protocol = listener.port_mapping.port, Protocol(listener.port_mapping.protocol)
                cluster = names.node_cluster(mesh_name(node.mesh), node.name, protocol, port)
                callers.setdefault(cluster, (node.name, set()))[1].add(service.name)
    return {cluster: CalledNode(node, tuple(sorted(called))) for cluster, (node, called) in callers.items()}


def _nodes(world: World, service: VirtualService) -> list[VirtualNode]:
    provider = app_mesh.provider(world, service)
    if not isinstance(provider, VirtualRouter):
        return [] if provider is None else [provider]
    node_names = {t.virtual_node for route in app_mesh.routes(world, provider.arn) for t in route.spec.targets}
    nodes = (app_mesh.virtual_node(world, service.mesh, name) for name in sorted(node_names))
    return [node for node in nodes if node is not None]
