"""A workload's Listeners.

Redirected connections are told apart by where they were going: one filter chain for each virtual
address and port (egress) and for each port of the application (ingress). What was going nowhere
known finds no chain and is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.listener.original_dst.v3 import original_dst_pb2

from moyai.mesh.ir import AnyLog, Call, InboundPort, Protocol, Service, Shown, StreamSplit, Workload
from moyai.xds.translate import names
from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.http import egress_http, ingress_http
from moyai.xds.translate.proto import packed
from moyai.xds.translate.tcp import egress_tcp, ingress_tcp
from moyai.xds.translate.tls import encrypt

_LOOPBACK, _EVERYWHERE = "127.0.0.1", "0.0.0.0"  # noqa: S104 (inside a task's own network namespace)
_HOST_BITS = 32
_KEPT = 4096


def listeners(workload: Workload, services: Mapping[str, Service]) -> Iterator[listener_pb2.Listener]:
    """All of a workload's listeners; none for a direction it has no use for."""
    calls = workload.outbound.calls
    if calls:
        address = socket_address(_LOOPBACK, workload.egress_port)
        chains = [_egress_chain(call, services[call.service], workload.access_log) for call in calls]
        yield _redirected(names.egress_listener(workload.id), address, chains, base_pb2.OUTBOUND)
    intercepted = [port for port in workload.inbound if port.listen_port is None]
    if intercepted:
        address = socket_address(_EVERYWHERE, workload.ingress_port)
        chains = [_ingress_chain(workload, port) for port in intercepted]
        listener = _redirected(names.ingress_listener(workload.id), address, chains, base_pb2.INBOUND)
        listener.stat_prefix = _stat_prefix(intercepted)
        yield listener
    for port in workload.inbound:
        if port.listen_port is not None:
            yield _open(workload, port, port.listen_port)


def _redirected(
    name: str,
    address: address_pb2.Address,
    chains: Sequence[listener_components_pb2.FilterChain],
    direction: int,
) -> listener_pb2.Listener:
    original = listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.original_dst", typed_config=packed(original_dst_pb2.OriginalDst())
    )
    return listener_pb2.Listener(
        name=name, address=address, listener_filters=[original], filter_chains=chains, traffic_direction=direction
    )


def _open(workload: Workload, inbound: InboundPort, port: int) -> listener_pb2.Listener:
    chain = listener_components_pb2.FilterChain(name=str(port), filters=[_ingress_filter(workload, inbound)])
    _encrypt(chain, inbound)
    return listener_pb2.Listener(
        name=names.override_listener(workload.id, port),
        address=socket_address(_EVERYWHERE, port),
        filter_chains=[chain],
        traffic_direction=base_pb2.INBOUND,
        stat_prefix=_stat_prefix([inbound]),
    )


def _egress_chain(call: Call, service: Service, log: AnyLog | None) -> listener_components_pb2.FilterChain:
    match = listener_components_pb2.FilterChainMatch()
    match.destination_port.value = call.port
    virtual = match.prefix_ranges.add(address_prefix=call.address)
    virtual.prefix_len.value = _HOST_BITS
    return listener_components_pb2.FilterChain(
        name=f"{call.address}:{call.port}", filter_chain_match=match, filters=[_egress_filter(service, log)]
    )


@lru_cache(maxsize=_KEPT)
def _egress_filter(service: Service, log: AnyLog | None) -> listener_components_pb2.Filter:
    """The same for all callers, so it is made once: a new name is a new listener for each of them."""
    routing = service.routing
    return egress_tcp(service, routing, log) if isinstance(routing, StreamSplit) else egress_http(service, log)


def _ingress_chain(workload: Workload, inbound: InboundPort) -> listener_components_pb2.FilterChain:
    match = listener_components_pb2.FilterChainMatch()
    match.destination_port.value = inbound.port
    chain = listener_components_pb2.FilterChain(
        name=str(inbound.port), filter_chain_match=match, filters=[_ingress_filter(workload, inbound)]
    )
    _encrypt(chain, inbound)
    return chain


def _encrypt(chain: listener_components_pb2.FilterChain, inbound: InboundPort) -> None:
    if inbound.tls is not None and isinstance(inbound.tls.shown, Shown):
        encrypt(chain, inbound.tls.shown.certificate, inbound.protocol)


def _stat_prefix(ports: Iterable[InboundPort]) -> str:
    """What failed handshakes are counted under. Envoy counts them by listener, so of several ports it is the first."""
    return next((port.stat_name for port in ports if port.tls is not None), "")


def _ingress_filter(workload: Workload, inbound: InboundPort) -> listener_components_pb2.Filter:
    ingress = ingress_tcp if inbound.protocol is Protocol.TCP else ingress_http
    return ingress(workload.id, inbound, workload.access_log)
