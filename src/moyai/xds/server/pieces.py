"""Which resources a mesh consists of: those that workloads share, and each workload's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import msgspec
from google.protobuf.message import Message

from moyai.mesh.ir import Call, Destination, Grouped, Mesh, Protocol, RouteTable, Service, Shown, StreamSplit, Workload
from moyai.xds.server.resource import Kind, Resource, resource
from moyai.xds.translate import names
from moyai.xds.translate.cluster import app_cluster, destination_cluster
from moyai.xds.translate.endpoint import load_assignment
from moyai.xds.translate.listener import listeners
from moyai.xds.translate.route import app_routes, service_routes
from moyai.xds.translate.tls import secret

Key = tuple[Kind, str]
"""A resource's type and name."""


class Piece(NamedTuple):
    """A shared resource to be: equal ``source``, equal message. ``endpoints`` as in Resource."""

    key: Key
    source: msgspec.Struct
    build: Callable[[], Message]
    endpoints: str | None = None


def shared_pieces(mesh: Mesh) -> Iterator[Piece]:
    """Everything that more than one workload may have."""
    for destination in mesh.destinations.values():
        key = (Kind.CLUSTER, names.egress_cluster(destination.name))
        yield Piece(key, destination, partial(destination_cluster, destination), _endpoints(destination))
    for group in mesh.groups.values():
        yield Piece((Kind.ENDPOINT, names.egress_cluster(group.name)), group, partial(load_assignment, group))
    for certificate in mesh.certificates.values():
        yield Piece((Kind.SECRET, names.certificate(certificate.name)), certificate, partial(secret, certificate))
    for service in mesh.services.values():
        routing = service.routing
        if isinstance(routing, RouteTable):  # of a TCP service, the listener itself says where connections go
            key = (Kind.ROUTE, names.egress_routes(service.name))
            yield Piece(key, routing, partial(service_routes, service.name, routing))


def shared_keys(mesh: Mesh, workload: Workload) -> Iterator[Key]:
    """The shared resources that a workload's proxy needs; a certificate may not be there yet."""
    if workload.peers is not None:
        yield Kind.ENDPOINT, names.egress_cluster(workload.peers)
    for inbound in workload.inbound:
        if inbound.tls is not None and isinstance(inbound.tls.shown, Shown):
            yield Kind.SECRET, names.certificate(inbound.tls.shown.certificate)
    for call in workload.outbound.calls:
        service = mesh.services[call.service]
        if isinstance(service.routing, RouteTable):
            yield Kind.ROUTE, names.egress_routes(service.name)
        for name in _destinations(service):
            yield Kind.CLUSTER, names.egress_cluster(name)
            endpoints = _endpoints(mesh.destinations[name])
            if endpoints is not None:
                yield Kind.ENDPOINT, endpoints


def own_pieces(mesh: Mesh, workload: Workload) -> Iterator[tuple[Kind, Resource]]:
    """The resources that only this workload's proxy has."""
    for inbound in workload.inbound:
        cluster = app_cluster(workload.id, inbound)
        yield Kind.CLUSTER, resource(cluster.name, cluster)
        if inbound.protocol is not Protocol.TCP:
            routes = app_routes(workload.id, inbound)
            yield Kind.ROUTE, resource(routes.name, routes)
    for listener in listeners(workload, mesh.services):
        yield Kind.LISTENER, resource(listener.name, listener)


def is_answered(mesh: Mesh, call: Call) -> bool:
    """Whether there is anybody where a call may lead."""
    sources = (mesh.destinations[name].source for name in _destinations(mesh.services[call.service]))
    return any(not isinstance(source, Grouped) or mesh.groups[source.group].members for source in sources)


def _endpoints(destination: Destination) -> str | None:
    """The resource with the destination's endpoints; None where the proxy knows of them otherwise."""
    source = destination.source
    return names.egress_cluster(source.group) if isinstance(source, Grouped) else None


def _destinations(service: Service) -> tuple[str, ...]:
    """The names of the destinations that calls to a service can go to."""
    match service.routing:
        case RouteTable(rules=rules):
            return tuple(sorted({target.destination for rule in rules for target in rule.targets}))
        case StreamSplit(targets=targets):
            return tuple(sorted({target.destination for target in targets}))
