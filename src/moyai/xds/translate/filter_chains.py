"""The filter chains of a workload's listeners.

Inbound, there is a chain for each port of the application; where plain text is accepted beside TLS, one for each.
Outbound, there is a chain for each virtual address and port, for each port that is routed at any address, and for each
set of server names to which TLS connections are passed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from envoy.config.listener.v3 import listener_components_pb2

from moyai.mesh.ir import (
    AnyLog,
    Destination,
    InboundPort,
    MeshIR,
    MeshService,
    OutboundPort,
    Protocol,
    ServiceAddress,
    SniPassthrough,
    StreamSplit,
    Workload,
)
from moyai.xds.translate.http import HttpSettings, egress_http, http_settings, ingress_http, outbound_http
from moyai.xds.translate.placement import WorkloadPlace
from moyai.xds.translate.tcp import (
    WeightedClusters,
    egress_tcp,
    ingress_tcp,
    pass_tcp,
    passthrough_tcp,
    weighted_clusters,
)
from moyai.xds.translate.tls import TLS, encrypt

_HOST_BITS = 32
_CACHE_SIZE = 4096


def ingress_chains(
    workload: Workload, inbound: InboundPort, place: WorkloadPlace | None
) -> Iterator[listener_components_pb2.FilterChain]:
    """The chains of a port whose connections are redirected to the proxy."""
    for chain in _inbound_chains(workload, inbound, inbound.port, place):
        chain.filter_chain_match.destination_port.value = inbound.port
        yield chain


def open_chains(
    workload: Workload, inbound: InboundPort, place: WorkloadPlace | None
) -> Iterator[listener_components_pb2.FilterChain]:
    """The chains of a port at which the proxy itself listens."""
    return _inbound_chains(workload, inbound, inbound.listen_port or inbound.port, place)


def pass_chain(workload: Workload, inbound: InboundPort, place: WorkloadPlace) -> listener_components_pb2.FilterChain:
    """The chain of a port for callers of the same Envoy."""
    return listener_components_pb2.FilterChain(filters=[pass_tcp(workload, inbound, place)])


def egress_chains(
    workload: Workload, mesh: MeshIR, place: WorkloadPlace | None
) -> Iterator[listener_components_pb2.FilterChain]:
    """All outbound chains except the default one."""
    settings = http_settings(workload, place)
    for call in workload.outbound.calls:
        yield _call_chain(call, mesh, settings)
    for port in workload.outbound.ports:
        yield _port_chain(workload, port, mesh, settings)
    for passthrough in workload.outbound.passes:
        yield _passthrough_chain(passthrough, mesh.destinations[passthrough.destination], workload.access_log)


def fallback_chain(destination: Destination, log: AnyLog | None) -> listener_components_pb2.FilterChain:
    """The default chain, for connections that no other chain matches."""
    return listener_components_pb2.FilterChain(name="fallback", filters=[passthrough_tcp(destination, log)])


def _inbound_chains(
    workload: Workload, inbound: InboundPort, port: int, place: WorkloadPlace | None
) -> Iterator[listener_components_pb2.FilterChain]:
    is_tcp = inbound.protocol is Protocol.TCP
    network_filter = (
        ingress_tcp(workload, inbound, place)
        if is_tcp
        else ingress_http(workload, inbound, http_settings(workload, place))
    )
    chain = listener_components_pb2.FilterChain(name=str(port), filters=[network_filter])
    if inbound.tls is None:
        yield chain
        return
    if inbound.tls.permissive:
        yield listener_components_pb2.FilterChain(name=f"{port} plain", filters=[network_filter])
        chain.filter_chain_match.transport_protocol = TLS
    encrypt(chain, inbound.tls, inbound.protocol)
    yield chain


def _call_chain(call: ServiceAddress, mesh: MeshIR, settings: HttpSettings) -> listener_components_pb2.FilterChain:
    service = mesh.services[call.service]
    routing = service.routing
    clusters = weighted_clusters(routing, mesh.destinations) if isinstance(routing, StreamSplit) else ()
    chain = _port_match(f"{call.address}:{call.port}", call.port, _service_filter(service, clusters, settings))
    address = chain.filter_chain_match.prefix_ranges.add(address_prefix=call.address)
    address.prefix_len.value = _HOST_BITS
    return chain


@lru_cache(maxsize=_CACHE_SIZE)
def _service_filter(
    service: MeshService, clusters: WeightedClusters, settings: HttpSettings
) -> listener_components_pb2.Filter:
    """The filter of a service, cached for all callers with equal settings, because a new name changes each caller's
    listener.
    """
    routing = service.routing
    if isinstance(routing, StreamSplit):
        return egress_tcp(service.stat_name, routing, clusters, settings.log, settings.place)
    return egress_http(service, settings)


def _port_chain(
    workload: Workload, port: OutboundPort, mesh: MeshIR, settings: HttpSettings
) -> listener_components_pb2.FilterChain:
    routing = port.routing
    if isinstance(routing, StreamSplit):
        clusters = weighted_clusters(routing, mesh.destinations)
        network_filter = egress_tcp(port.stat_name, routing, clusters, settings.log, settings.place)
    else:
        network_filter = outbound_http(workload, port, settings)
    return _port_match(str(port.port), port.port, network_filter)


def _passthrough_chain(
    passthrough: SniPassthrough, destination: Destination, log: AnyLog | None
) -> listener_components_pb2.FilterChain:
    name = f"{passthrough.port} {' '.join(passthrough.server_names)}"
    chain = _port_match(name, passthrough.port, passthrough_tcp(destination, log))
    chain.filter_chain_match.transport_protocol = TLS
    chain.filter_chain_match.server_names.extend(passthrough.server_names)
    return chain


def _port_match(
    name: str, port: int, network_filter: listener_components_pb2.Filter
) -> listener_components_pb2.FilterChain:
    match = listener_components_pb2.FilterChainMatch()
    match.destination_port.value = port
    return listener_components_pb2.FilterChain(name=name, filter_chain_match=match, filters=[network_filter])
