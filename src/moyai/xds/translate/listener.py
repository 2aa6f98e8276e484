"""A workload's Listeners: one for redirected connections in each direction, one for each port that the proxy opens.

A connection to an unknown destination matches no filter chain and is closed. TLS is inspected only where a filter chain
depends on it, because the inspector waits for the client's first bytes, and in some protocols the server speaks first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.listener.original_dst.v3 import original_dst_pb2

from moyai.mesh.ir import InboundPort, MeshIR, Workload
from moyai.xds.translate import names
from moyai.xds.translate.endpoint import listen_address
from moyai.xds.translate.filter_chains import egress_chains, fallback_chain, ingress_chains, open_chains
from moyai.xds.translate.inspector import inspect
from moyai.xds.translate.proto import to_any

ACCEPTED_PER_EVENT = 1
"""Connections that a worker accepts for one event. A configuration that the proxy has acknowledged is in its workers'
queues ahead of every later event. So a worker has the configuration before it accepts a connection that was opened
after the acknowledgement (docs/decisions/workers-accept-one-at-a-time.md).
"""


def listeners(workload: Workload, mesh: MeshIR) -> Iterator[listener_pb2.Listener]:
    """A workload's listeners; none for a direction without traffic."""
    egress = _egress(workload, mesh)
    if egress.filter_chains or egress.HasField("default_filter_chain"):
        yield egress
    intercepted = [port for port in workload.inbound if port.listen_port is None]
    if intercepted:
        yield _ingress(workload, intercepted)
    for port in workload.inbound:
        if port.listen_port is not None:
            yield _open(workload, port, port.listen_port)


def _egress(workload: Workload, mesh: MeshIR) -> listener_pb2.Listener:
    listener = _interceptor(
        names.egress_listener(workload), listen_address(workload.egress_address, workload.egress_port)
    )
    listener.traffic_direction = base_pb2.OUTBOUND
    listener.stat_prefix = workload.egress_stat_name
    listener.max_connections_to_accept_per_socket_event.value = ACCEPTED_PER_EVENT
    listener.filter_chains.extend(egress_chains(workload, mesh))
    inspect(listener, {passed.port for passed in workload.outbound.passes})
    if workload.outbound.fallback is not None:
        fallback = mesh.destinations[workload.outbound.fallback]
        listener.default_filter_chain.CopyFrom(fallback_chain(fallback, workload.access_log))
    return listener


def _ingress(workload: Workload, ports: Sequence[InboundPort]) -> listener_pb2.Listener:
    listener = _interceptor(
        names.ingress_listener(workload), listen_address(workload.everywhere, workload.ingress_port)
    )
    listener.traffic_direction = base_pb2.INBOUND
    for port in ports:
        listener.filter_chains.extend(ingress_chains(workload, port))
    inspect(listener, {port.port for port in ports if _is_permissive(port)})
    if not workload.ingress_label:
        listener.stat_prefix = _stat_prefix(ports)
    return listener


def _interceptor(name: str, address: address_pb2.Address) -> listener_pb2.Listener:
    original = listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.original_dst", typed_config=to_any(original_dst_pb2.OriginalDst())
    )
    return listener_pb2.Listener(name=name, address=address, listener_filters=[original])


def _open(workload: Workload, inbound: InboundPort, port: int) -> listener_pb2.Listener:
    listener = listener_pb2.Listener(
        name=names.open_listener(workload, inbound),
        address=listen_address(workload.everywhere, port),
        filter_chains=open_chains(workload, inbound),
        traffic_direction=base_pb2.INBOUND,
        stat_prefix="" if inbound.listener_label else _stat_prefix([inbound]),
    )
    inspect(listener, {port} if _is_permissive(inbound) else ())
    return listener


def _is_permissive(inbound: InboundPort) -> bool:
    """Whether plain text is accepted beside TLS."""
    return inbound.tls is not None and inbound.tls.permissive


def _stat_prefix(ports: Iterable[InboundPort]) -> str:
    """The prefix of the statistics of failed handshakes. Envoy counts them by listener, so the first port's is used."""
    return next((port.stat_name for port in ports if port.tls is not None), "")
