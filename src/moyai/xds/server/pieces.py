"""Which resources a mesh consists of: those that workloads share, and each workload's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from envoy.config.route.v3.route_pb2 import RouteConfiguration
from google.protobuf.message import Message

from moyai.mesh.ir import (
    AnyShown,
    AnyTrusted,
    Call,
    Destination,
    Grouped,
    Host,
    Mesh,
    PeerCheck,
    Protocol,
    RouteTable,
    Rule,
    Shown,
    ShownFile,
    StreamSplit,
    TrustedFile,
    Workload,
)
from moyai.xds.server.resource import Kind, Resource, resource
from moyai.xds.translate import names
from moyai.xds.translate.cluster import app_cluster, destination_cluster
from moyai.xds.translate.endpoint import load_assignment
from moyai.xds.translate.listener import listeners
from moyai.xds.translate.route import app_routes, host_routes, service_routes
from moyai.xds.translate.secret import file_secret, secret

_T = TypeVar("_T")
Key = tuple[Kind, str]
"""A resource's type, and a name that no other of the type has in its mesh. Proxies may know several by one label."""


class Piece(NamedTuple):
    """A shared resource to be, which proxies know as ``name``. ``endpoints`` as in Resource."""

    key: Key
    name: str
    build: Callable[[], Message]
    endpoints: str | None = None


def others(now: Mapping[str, _T], before: Mapping[str, _T]) -> Iterator[_T]:
    """What is new, or another one than before. What stayed the same object costs a look."""
    if now is not before:
        for name, item in now.items():
            old = before.get(name)
            if old is not item and old != item:
                yield item


def rippling(mesh: Mesh, before: Mesh) -> frozenset[Key]:
    """The clusters that go by another label, or have other secrets, than before: what leads to them is written anew."""
    changed = (d for d in others(mesh.destinations, before.destinations) if d.name in before.destinations)
    return frozenset(_cluster(d.name) for d in changed if _ripples(d, before.destinations[d.name]))


def _ripples(now: Destination, before: Destination) -> bool:
    return (now.label, now.tls) != (before.label, before.tls)


def other_pieces(mesh: Mesh, before: Mesh, rippled: frozenset[Key]) -> Iterator[Piece]:
    """Of everything that more than one workload may have, what isn't as it was before."""
    for destination in others(mesh.destinations, before.destinations):
        key, build = _cluster(destination.name), partial(destination_cluster, destination)
        yield Piece(key, names.egress_cluster(destination), build, _endpoints(destination))
    for group in others(mesh.groups, before.groups):
        yield Piece(endpoints_key(group.name), names.endpoints(group.name), partial(load_assignment, group))
    for certificate in others(mesh.certificates, before.certificates):
        name = names.certificate(certificate.name)
        yield Piece(_secret(certificate.name), name, partial(secret, certificate))
    for service, table in _other_tables(mesh, before, rippled):
        build = partial(service_routes, service, table, mesh.destinations)
        yield Piece(_routes(service), names.egress_routes(service), build)


def _other_tables(mesh: Mesh, before: Mesh, rippled: frozenset[Key]) -> Iterator[tuple[str, RouteTable]]:
    """Of a TCP service there is none: the listener itself says where connections go."""
    services = mesh.services.values() if rippled else others(mesh.services, before.services)
    for service in services:
        routing, old = service.routing, before.services.get(service.name)
        if isinstance(routing, RouteTable) and (
            old is None or old.routing != routing or not rippled.isdisjoint(map(_cluster, _of_rules(routing.rules)))
        ):
            yield service.name, routing


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
    reached = frozenset(_reached(mesh, workload))
    for secret_of in _secrets(mesh, workload, reached):
        if isinstance(secret_of, Shown):
            yield _secret(secret_of.certificate)
    for call in workload.outbound.calls:
        if isinstance(mesh.services[call.service].routing, RouteTable):
            yield _routes(call.service)
    for name in reached:
        yield _cluster(name)
        endpoints = _endpoints(mesh.destinations[name])
        if endpoints is not None:
            yield Kind.ENDPOINT, endpoints


def own_pieces(mesh: Mesh, workload: Workload) -> Iterator[tuple[Kind, Resource]]:
    """The resources that only this workload has: made from itself, the services that it calls, and what destinations
    of all of them are called and show.
    """
    for inbound in workload.inbound:
        if not inbound.hosts:
            cluster = app_cluster(workload, inbound)
            yield Kind.CLUSTER, resource(cluster.name, cluster)
    for file in _secrets(mesh, workload, frozenset(_reached(mesh, workload))):
        if isinstance(file, ShownFile | TrustedFile):
            found = file_secret(file)
            yield Kind.SECRET, resource(found.name, found)
    for routes in _own_routes(mesh, workload):
        yield Kind.ROUTE, resource(routes.name, routes)
    for listener in listeners(workload, mesh):
        yield Kind.LISTENER, resource(listener.name, listener)


def endpoints_key(group: str) -> Key:
    """Under which a group's members travel."""
    return Kind.ENDPOINT, names.endpoints(group)


def is_answered(mesh: Mesh, call: Call) -> bool:
    """Whether there is anybody where a call may lead."""
    sources = (mesh.destinations[name].source for name in _of_routing(mesh.services[call.service].routing))
    return any(not isinstance(source, Grouped) or mesh.groups[source.group].members for source in sources)


def _own_routes(mesh: Mesh, workload: Workload) -> Iterator[RouteConfiguration]:
    for inbound in workload.inbound:
        if inbound.hosts:
            yield host_routes(names.inbound_routes(workload, inbound), inbound.hosts, mesh.destinations)
        elif inbound.protocol is not Protocol.TCP:
            yield app_routes(workload, inbound)
    for port in workload.outbound.ports:
        if not isinstance(port.routing, StreamSplit):
            yield host_routes(names.outbound_routes(workload, port), port.routing, mesh.destinations)


def _secrets(mesh: Mesh, workload: Workload, reached: frozenset[str]) -> Iterator[AnyShown | AnyTrusted]:
    """What the workload's ports and its destinations show and believe; some more than once."""
    for inbound in workload.inbound:
        if inbound.tls is not None:
            yield from _named(inbound.tls.shown, inbound.tls.callers)
    for name in reached:
        tls = mesh.destinations[name].tls
        if tls is not None:
            yield from _named(tls.shown, tls.check)


def _named(shown: AnyShown | None, check: PeerCheck | None) -> Iterator[AnyShown | AnyTrusted]:
    if shown is not None:
        yield shown
    if check is not None:
        yield check.trusted


def _reached(mesh: Mesh, workload: Workload) -> Iterator[str]:
    """The names of the destinations that anything may go to; some more than once."""
    for inbound in workload.inbound:
        yield from _of_routing(inbound.hosts)
    for call in workload.outbound.calls:
        yield from _of_routing(mesh.services[call.service].routing)
    for port in workload.outbound.ports:
        yield from _of_routing(port.routing)
    for named in workload.outbound.passes:
        yield named.destination
    if workload.outbound.fallback is not None:
        yield workload.outbound.fallback


def _of_routing(routing: RouteTable | StreamSplit | tuple[Host, ...]) -> Iterator[str]:
    match routing:
        case RouteTable(rules=rules):
            yield from _of_rules(rules)
        case StreamSplit(targets=targets):
            yield from (target.destination for target in targets)
        case hosts:
            yield from _of_rules(rule for host in hosts for rule in host.rules)


def _of_rules(rules: Iterable[Rule]) -> Iterator[str]:
    return (target.destination for rule in rules for target in rule.targets)


def _endpoints(destination: Destination) -> str | None:
    """The resource with the destination's endpoints; None where the proxy knows of them rippled."""
    source = destination.source
    return names.endpoints(source.group) if isinstance(source, Grouped) else None


def _cluster(destination: str) -> Key:
    return Kind.CLUSTER, destination


def _secret(certificate: str) -> Key:
    return Kind.SECRET, certificate


def _routes(service: str) -> Key:
    return Kind.ROUTE, service
