"""The xDS resources that only one workload has: its listeners, the clusters and routes of its ports, its file secrets.
In the host's Envoy, each workload also has its own clusters and routes for the services that it calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from moyai.mesh.ir import CertificateFile, MeshIR, Protocol, RouteRules, StreamSplit, TrustedFile, Workload
from moyai.xds.server.resource import EncodedResource, ResourceType, encode
from moyai.xds.server.resource_set import as_called_by, called_services, destinations_of, endpoints_name, secret_sources
from moyai.xds.translate import cluster, front, listener, names, route, secret
from moyai.xds.translate.placement import WorkloadPlace, stat_name_at

if TYPE_CHECKING:  # these messages import 40 modules, and an idle control plane translates nothing
    from envoy.config.route.v3.route_pb2 import RouteConfiguration


def own_resources(
    mesh: MeshIR, workload: Workload, place: WorkloadPlace | None = None
) -> Iterator[tuple[ResourceType, EncodedResource]]:
    """The resources that only this workload has. They depend on the workload, on the services that it calls, and on the
    labels and TLS settings of all their destinations; with a place, on these destinations.
    """
    if place is not None:
        mesh = _own_destinations(mesh, workload, place)
        for destination in mesh.destinations.values():
            message = cluster.destination_cluster(destination, place)
            yield ResourceType.CLUSTER, encode(message.name, message, endpoints_name(destination))
    for inbound in workload.inbound:
        if not inbound.hosts:
            message = cluster.app_cluster(workload, inbound, place)
            yield ResourceType.CLUSTER, encode(message.name, message)
    for source in secret_sources(mesh, workload, frozenset(destinations_of(mesh, workload))):
        if isinstance(source, CertificateFile | TrustedFile):
            file = secret.file_secret(source)
            yield ResourceType.SECRET, encode(file.name, file)
    for routes in _own_routes(mesh, workload, place):
        yield ResourceType.ROUTE, encode(routes.name, routes)
    for listening in (*listener.listeners(workload, mesh, place), *front.front_listeners(workload, mesh)):
        yield ResourceType.LISTENER, encode(listening.name, listening)


def _own_destinations(mesh: MeshIR, workload: Workload, place: WorkloadPlace) -> MeshIR:
    """The mesh with this workload's destinations only, under its own names, so that their statistics are separate."""
    called = (mesh.destinations[name] for name in dict.fromkeys(destinations_of(mesh, workload)))
    own = (as_called_by(destination, workload) for destination in called)
    renamed = (replace(d, label=names.own_cluster(place, d), stat_name=stat_name_at(d.stat_name, place)) for d in own)
    return replace(mesh, destinations={d.name: d for d in renamed})


def _own_routes(mesh: MeshIR, workload: Workload, place: WorkloadPlace | None) -> Iterator[RouteConfiguration]:
    if place is not None:
        for name in dict.fromkeys(called_services(workload)):
            routing = mesh.services[name].routing
            if isinstance(routing, RouteRules):
                yield route.service_routes(name, routing, mesh.destinations, place)
    for inbound in workload.inbound:
        if inbound.hosts:
            yield route.host_routes(names.inbound_routes(workload, inbound), inbound.hosts, mesh.destinations)
        elif inbound.protocol is not Protocol.TCP:
            yield route.app_routes(workload, inbound)
    for port in workload.outbound.ports:
        if not isinstance(port.routing, StreamSplit):
            yield route.host_routes(names.outbound_routes(workload, port), port.routing, mesh.destinations)
