"""The xDS resources that a mesh consists of: those that workloads share, and those of a single workload.

A shared resource has a key: its type, and the name of its source in the mesh IR. The key is unique in its mesh; the
resource's name in proxies need not be, because several destinations may have the same label.

| made from | key | name |
|---|---|---|
| Destination | ``cluster_key`` | ``names.egress_cluster`` |
| EndpointGroup | ``endpoints_key`` | ``names.endpoints`` |
| certificate | ``secret_key`` | ``names.certificate`` |
| Service with a RouteTable | ``routes_key`` | ``names.egress_routes`` |

``changed_shared_resources`` and ``removed_keys`` are the two halves of the difference between two meshes.
``shared_keys_of`` returns the shared resources that a workload uses; ``own_resources`` makes those that only one
workload has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from google.protobuf.message import Message
from msgspec.structs import replace

from moyai.mesh.ir import (
    AnyCertificate,
    AnyTrusted,
    CertificateRef,
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    MeshIR,
    PeerCheck,
    RouteRule,
    RouteRules,
    ServiceAddress,
    StreamFront,
    StreamSplit,
    VirtualHost,
    Workload,
)
from moyai.xds.server.resource import ResourceType
from moyai.xds.translate import cluster, endpoint, names, route, secret
from moyai.xds.translate.placement import Placement, WorkloadPlace

_T = TypeVar("_T")
Key = tuple[ResourceType, str]
"""Identifies a shared resource of a mesh."""


class SharedResource(NamedTuple):
    """A shared resource before its translation. ``name``: its name in proxies; ``endpoints``: as in EncodedResource."""

    key: Key
    name: str
    build: Callable[[], Message]
    endpoints: str | None = None


def cluster_key(destination: str) -> Key:
    """The key of a destination's cluster."""
    return ResourceType.CLUSTER, destination


def endpoints_key(group: str) -> Key:
    """The key of a group's endpoints."""
    return ResourceType.ENDPOINT, names.endpoints(group)


def secret_key(certificate: str) -> Key:
    """The key of the secret with a certificate."""
    return ResourceType.SECRET, certificate


def routes_key(service: str) -> Key:
    """The key of a service's routes. A TCP service has none: the listener itself has its destinations."""
    return ResourceType.ROUTE, service


def changed_items(now: Mapping[str, _T], before: Mapping[str, _T]) -> Iterator[_T]:
    """The items that are new or different. An item that is the same object as before costs one look-up."""
    if now is not before:
        for name, item in now.items():
            old = before.get(name)
            if old is not item and old != item:
                yield item


def clusters_with_stale_references(mesh: MeshIR, before: MeshIR, placement: Placement | None = None) -> frozenset[Key]:
    """The clusters whose label or TLS settings have changed. Both occur in the resources that refer to the cluster, so
    these have to be translated again. With a placement, so do all changed clusters, which are a workload's own.
    """
    old = before.destinations
    changed = [d for d in changed_items(mesh.destinations, old) if d.name in old]
    is_own = placement is not None
    return frozenset(cluster_key(d.name) for d in changed if is_own or _reference(d) != _reference(old[d.name]))


def changed_shared_resources(
    mesh: MeshIR, before: MeshIR, stale: frozenset[Key], placement: Placement | None = None
) -> Iterator[SharedResource]:
    """The shared resources that are new, or made from something that has changed, except groups whose members have
    moved. ``stale`` is what ``clusters_with_stale_references`` returned.
    """
    shares_clusters = placement is None
    for destination in changed_items(mesh.destinations, before.destinations) if shares_clusters else ():
        key, build = cluster_key(destination.name), partial(cluster.destination_cluster, destination)
        yield SharedResource(key, names.egress_cluster(destination), build, endpoints_name(destination))
    for group in changed_items(mesh.groups, before.groups):
        yield _endpoints_of(group, placement)
    for certificate in changed_items(mesh.certificates, before.certificates):
        name = names.certificate(certificate.name)
        yield SharedResource(secret_key(certificate.name), name, partial(secret.secret, certificate))
    for service, table in _changed_route_tables(mesh, before, stale) if shares_clusters else ():
        build = partial(route.service_routes, service, table, mesh.destinations)
        yield SharedResource(routes_key(service), names.egress_routes(service), build)


def moved_groups(mesh: MeshIR, placement: Placement | None, before: Placement | None) -> Iterator[SharedResource]:
    """The endpoints of groups with a member whose workload came to this host, or left it."""
    moved = (placement or {}).keys() ^ (before or {}).keys()
    for group in mesh.groups.values() if moved else ():
        if any(member.workload in moved for member in group.members):
            yield _endpoints_of(group, placement)


def removed_keys(mesh: MeshIR, before: MeshIR) -> Iterator[Key]:
    """The keys that no workload uses any more. Some may never have had a resource."""
    yield from map(cluster_key, before.destinations.keys() - mesh.destinations.keys())
    yield from map(endpoints_key, before.groups.keys() - mesh.groups.keys())
    yield from map(secret_key, before.certificates.keys() - mesh.certificates.keys())
    yield from map(routes_key, before.services.keys() - mesh.services.keys())
    for service in changed_items(mesh.services, before.services):
        if not isinstance(service.routing, RouteRules):
            yield routes_key(service.name)


def shared_keys_of(mesh: MeshIR, workload: Workload, place: WorkloadPlace | None = None) -> Iterator[Key]:
    """The shared resources that a workload's proxy needs. A certificate among them may not exist yet. The host's Envoy
    has no peers, and separate clusters and routes for each of its workloads, so it shares neither.
    """
    if workload.peers is not None and place is None:
        yield endpoints_key(workload.peers)
    destinations = frozenset(destinations_of(mesh, workload))
    for source in secret_sources(mesh, workload, destinations):
        if isinstance(source, CertificateRef):
            yield secret_key(source.certificate)
    for service in called_services(workload) if place is None else ():
        if isinstance(mesh.services[service].routing, RouteRules):
            yield routes_key(service)
    for name in destinations:
        yield cluster_key(name)
        destination = mesh.destinations[name]
        endpoints = endpoints_name(destination if place is None else as_called_by(destination, workload))
        if endpoints is not None:
            yield ResourceType.ENDPOINT, endpoints


def embedded_services(workload: Workload) -> Iterator[str]:
    """The names of the services that are part of a workload's listeners. A front proxy's HTTP routes are not."""
    yield from (call.service for call in workload.outbound.calls)
    yield from (front.routing.service for front in workload.listeners if isinstance(front.routing, StreamFront))


def called_services(workload: Workload) -> Iterator[str]:
    """The names of the services that a workload's proxy routes to; some occur more than once."""
    yield from (call.service for call in workload.outbound.calls)
    yield from (listener.routing.service for listener in workload.listeners)


def has_endpoints(mesh: MeshIR, call: ServiceAddress) -> bool:
    """Whether a call can reach any endpoint."""
    routing = mesh.services[call.service].routing
    sources = (mesh.destinations[name].source for name in _destinations_of_routing(routing))
    return any(not isinstance(source, EndpointGroupSource) or mesh.groups[source.group].members for source in sources)


def _reference(destination: Destination) -> tuple[object, object]:
    """The fields of a destination that are repeated in resources which refer to its cluster."""
    return destination.label, destination.tls


def _changed_route_tables(mesh: MeshIR, before: MeshIR, stale: frozenset[Key]) -> Iterator[tuple[str, RouteRules]]:
    services = mesh.services.values() if stale else changed_items(mesh.services, before.services)
    for service in services:
        routing, old = service.routing, before.services.get(service.name)
        if isinstance(routing, RouteRules) and (
            old is None
            or old.routing != routing
            or not stale.isdisjoint(map(cluster_key, _destinations_of_rules(routing.rules)))
        ):
            yield service.name, routing


def _endpoints_of(group: EndpointGroup, placement: Placement | None) -> SharedResource:
    name = names.endpoints(group.name)
    return SharedResource(endpoints_key(group.name), name, partial(endpoint.load_assignment, group, placement))


def secret_sources(
    mesh: MeshIR, workload: Workload, destinations: frozenset[str]
) -> Iterator[AnyCertificate | AnyTrusted]:
    """The certificates and trust roots of the workload's ports and of its destinations; some occur more than once."""
    for inbound in workload.inbound:
        if inbound.tls is not None:
            yield from _sources(inbound.tls.certificate, inbound.tls.callers)
    for listener in workload.listeners:
        if listener.tls is not None:
            yield from map(CertificateRef, listener.tls.certificates)
    for name in destinations:
        tls = mesh.destinations[name].tls
        if tls is not None:
            yield from _sources(tls.certificate, tls.check)


def _sources(certificate: AnyCertificate | None, check: PeerCheck | None) -> Iterator[AnyCertificate | AnyTrusted]:
    if certificate is not None:
        yield certificate
    if check is not None:
        yield check.trusted_ca


def destinations_of(mesh: MeshIR, workload: Workload) -> Iterator[str]:
    """The names of all destinations that a workload's proxy may send to; some occur more than once."""
    for inbound in workload.inbound:
        yield from _destinations_of_routing(inbound.hosts)
    for service in called_services(workload):
        yield from _destinations_of_routing(mesh.services[service].routing)
    for port in workload.outbound.ports:
        yield from _destinations_of_routing(port.routing)
    for passthrough in workload.outbound.passes:
        yield passthrough.destination
    if workload.outbound.fallback is not None:
        yield workload.outbound.fallback


def _destinations_of_routing(routing: RouteRules | StreamSplit | tuple[VirtualHost, ...]) -> Iterator[str]:
    match routing:
        case RouteRules(rules=rules):
            yield from _destinations_of_rules(rules)
        case StreamSplit(targets=targets):
            yield from (target.destination for target in targets)
        case hosts:
            yield from _destinations_of_rules(rule for host in hosts for rule in host.rules)


def _destinations_of_rules(rules: Iterable[RouteRule]) -> Iterator[str]:
    return (target.destination for rule in rules for target in rule.targets)


class CalledGroup(NamedTuple):
    """The name of a group's variant for callers of one zone, service and network, and the name of the group."""

    name: str
    group: str


def called_group(destination: Destination, caller: Workload) -> CalledGroup | None:
    """The group variant for a caller in a host's Envoy; None if all callers share the group, or there is no group."""
    source = destination.source
    if not isinstance(source, EndpointGroupSource) or not (destination.zone_aware_from or caller.network):
        return None
    zone = f"{caller.zone} {caller.peers}" if destination.zone_aware_from else ""
    return CalledGroup(" ".join(filter(None, (source.group, "from", zone, caller.network))), source.group)


def as_called_by(destination: Destination, caller: Workload) -> Destination:
    """The destination for a caller in a host's Envoy, with the caller's variant of the group."""
    group = called_group(destination, caller)
    return destination if group is None else replace(destination, source=EndpointGroupSource(group.name))


def endpoints_name(destination: Destination) -> str | None:
    """The name of the resource with the destination's endpoints; None where the proxy finds them by itself."""
    source = destination.source
    return names.endpoints(source.group) if isinstance(source, EndpointGroupSource) else None
