"""Which resources a mesh consists of: those that workloads share, and each workload's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from google.protobuf.message import Message

from moyai.mesh.ir import Call, Destination, Grouped, Mesh, Protocol, RouteTable, Service, Shown, StreamSplit, Workload
from moyai.xds.server.resource import Kind, Resource, resource
from moyai.xds.translate import names
from moyai.xds.translate.cluster import app_cluster, destination_cluster
from moyai.xds.translate.endpoint import load_assignment
from moyai.xds.translate.listener import listeners
from moyai.xds.translate.route import app_routes, service_routes
from moyai.xds.translate.tls import secret

_T = TypeVar("_T")
Key = tuple[Kind, str]
"""A resource's type and name."""


class Piece(NamedTuple):
    """A shared resource to be. ``endpoints`` as in Resource."""

    key: Key
    build: Callable[[], Message]
    endpoints: str | None = None


def others(now: Mapping[str, _T], before: Mapping[str, _T]) -> Iterator[_T]:
    """What is new, or another one than before. What stayed the same object costs a look."""
    if now is not before:
        for name, item in now.items():
            old = before.get(name)
            if old is not item and old != item:
                yield item


def other_pieces(mesh: Mesh, before: Mesh) -> Iterator[Piece]:
    """Of everything that more than one workload may have, what isn't as it was before."""
    for destination in others(mesh.destinations, before.destinations):
        yield Piece(_cluster(destination.name), partial(destination_cluster, destination), _endpoints(destination))
    for group in others(mesh.groups, before.groups):
        yield Piece(endpoints_key(group.name), partial(load_assignment, group))
    for certificate in others(mesh.certificates, before.certificates):
        yield Piece(_secret(certificate.name), partial(secret, certificate))
    for service in others(mesh.services, before.services):
        routing, old = service.routing, before.services.get(service.name)
        if isinstance(routing, RouteTable) and (old is None or old.routing != routing):
            yield Piece(_routes(service.name), partial(service_routes, service.name, routing))


def gone_keys(mesh: Mesh, before: Mesh) -> Iterator[Key]:
    """What more than one workload may have had, and none has any more. May name what never was."""
    yield from map(_cluster, before.destinations.keys() - mesh.destinations.keys())
    yield from map(endpoints_key, before.groups.keys() - mesh.groups.keys())
    yield from map(_secret, before.certificates.keys() - mesh.certificates.keys())
    yield from map(_routes, before.services.keys() - mesh.services.keys())
    for service in others(mesh.services, before.services):
        if not isinstance(service.routing, RouteTable):  # the listener itself says where connections go
            yield _routes(service.name)


def shared_keys(mesh: Mesh, workload: Workload) -> Iterator[Key]:
    """The shared resources that a workload's proxy needs; a certificate may not be there yet."""
    if workload.peers is not None:
        yield endpoints_key(workload.peers)
    for inbound in workload.inbound:
        if inbound.tls is not None and isinstance(inbound.tls.shown, Shown):
            yield _secret(inbound.tls.shown.certificate)
    for call in workload.outbound.calls:
        service = mesh.services[call.service]
        if isinstance(service.routing, RouteTable):
            yield _routes(service.name)
        for name in _destinations(service):
            yield _cluster(name)
            endpoints = _endpoints(mesh.destinations[name])
            if endpoints is not None:
                yield Kind.ENDPOINT, endpoints


def own_pieces(mesh: Mesh, workload: Workload) -> Iterator[tuple[Kind, Resource]]:
    """The resources that only this workload has: made from itself and the services that it calls."""
    for inbound in workload.inbound:
        cluster = app_cluster(workload.id, inbound)
        yield Kind.CLUSTER, resource(cluster.name, cluster)
        if inbound.protocol is not Protocol.TCP:
            routes = app_routes(workload.id, inbound)
            yield Kind.ROUTE, resource(routes.name, routes)
    for listener in listeners(workload, mesh.services):
        yield Kind.LISTENER, resource(listener.name, listener)


def endpoints_key(group: str) -> Key:
    """Under which a group's members travel."""
    return Kind.ENDPOINT, names.egress_cluster(group)


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


def _cluster(destination: str) -> Key:
    return Kind.CLUSTER, names.egress_cluster(destination)


def _secret(certificate: str) -> Key:
    return Kind.SECRET, names.certificate(certificate)


def _routes(service: str) -> Key:
    return Kind.ROUTE, names.egress_routes(service)
