"""Filter chains for what goes out: one for each virtual address and port, for each port of whatever address, and for
each set of names that TLS may ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from envoy.config.listener.v3 import listener_components_pb2

from moyai.mesh.ir import AnyLog, Call, Destination, Mesh, NamedPass, OutboundPort, Service, StreamSplit, Workload
from moyai.xds.translate.http import Handling, egress_http, handling, outbound_http
from moyai.xds.translate.tcp import Shares, egress_tcp, passed_tcp, shares
from moyai.xds.translate.tls import TLS

_HOST_BITS = 32
_KEPT = 4096


def egress_chains(workload: Workload, mesh: Mesh) -> Iterator[listener_components_pb2.FilterChain]:
    """All but the fallback."""
    how = handling(workload)
    for call in workload.outbound.calls:
        yield _call_chain(call, mesh, how)
    for port in workload.outbound.ports:
        yield _port_chain(workload, port, mesh)
    for named in workload.outbound.passes:
        yield _pass_chain(named, mesh.destinations[named.destination], workload.access_log)


def fallback_chain(destination: Destination, log: AnyLog | None) -> listener_components_pb2.FilterChain:
    """For everything that no other chain is for."""
    return listener_components_pb2.FilterChain(name="fallback", filters=[passed_tcp(destination, log)])


def _call_chain(call: Call, mesh: Mesh, how: Handling) -> listener_components_pb2.FilterChain:
    service = mesh.services[call.service]
    among = shares(service.routing, mesh.destinations) if isinstance(service.routing, StreamSplit) else ()
    chain = _for_port(f"{call.address}:{call.port}", call.port, _service_filter(service, among, how))
    virtual = chain.filter_chain_match.prefix_ranges.add(address_prefix=call.address)
    virtual.prefix_len.value = _HOST_BITS
    return chain


@lru_cache(maxsize=_KEPT)
def _service_filter(service: Service, among: Shares, how: Handling) -> listener_components_pb2.Filter:
    """The same for all callers, so it is made once: a new name is a new listener for each of them."""
    routing = service.routing
    if isinstance(routing, StreamSplit):
        return egress_tcp(service.stat_name, routing, among, how.log)
    return egress_http(service, how)


def _port_chain(workload: Workload, port: OutboundPort, mesh: Mesh) -> listener_components_pb2.FilterChain:
    routing = port.routing
    if isinstance(routing, StreamSplit):
        found = egress_tcp(port.stat_name, routing, shares(routing, mesh.destinations), workload.access_log)
    else:
        found = outbound_http(workload, port)
    return _for_port(str(port.port), port.port, found)


def _pass_chain(named: NamedPass, destination: Destination, log: AnyLog | None) -> listener_components_pb2.FilterChain:
    name = f"{named.port} {' '.join(named.server_names)}"
    chain = _for_port(name, named.port, passed_tcp(destination, log))
    chain.filter_chain_match.transport_protocol = TLS
    chain.filter_chain_match.server_names.extend(named.server_names)
    return chain


def _for_port(name: str, port: int, found: listener_components_pb2.Filter) -> listener_components_pb2.FilterChain:
    match = listener_components_pb2.FilterChainMatch()
    match.destination_port.value = port
    return listener_components_pb2.FilterChain(name=name, filter_chain_match=match, filters=[found])
