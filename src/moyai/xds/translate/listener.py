"""A workload's Listeners: one for redirected connections in each direction, one for each port that the proxy opens, and
in a host's Envoy an internal one for each port, to which callers on the same host connect.

A connection to an unknown destination matches no filter chain and is closed. TLS is inspected only where a filter chain
depends on it, because the inspector waits for the client's first bytes, and in some protocols the server speaks first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.listener.original_dst.v3 import original_dst_pb2

from moyai.mesh.ir import InboundPort, MeshIR, Protocol, Workload
from moyai.xds.translate import names
from moyai.xds.translate.endpoint import enter, listen_address
from moyai.xds.translate.filter_chains import egress_chains, fallback_chain, ingress_chains, open_chains, pass_chain
from moyai.xds.translate.inspector import inspect
from moyai.xds.translate.placement import WorkloadPlace, local_stat_name, stat_name_at
from moyai.xds.translate.proto import to_any

ACCEPTED_PER_EVENT = 1
"""Connections that a worker accepts for one event. A configuration that the proxy has acknowledged is in its workers'
queues ahead of every later event. So a worker has the configuration before it accepts a connection that was opened
after the acknowledgement (docs/decisions/workers-accept-one-at-a-time.md).
"""


def listeners(workload: Workload, mesh: MeshIR, place: WorkloadPlace | None = None) -> Iterator[listener_pb2.Listener]:
    """A workload's listeners; none for a direction without traffic."""
    for listener in _bound_listeners(workload, mesh, place):
        enter(listener.address, place)
        yield listener
    if place is not None:
        yield from (_pass(workload, port, place) for port in workload.inbound if not port.hosts)


def _bound_listeners(workload: Workload, mesh: MeshIR, place: WorkloadPlace | None) -> Iterator[listener_pb2.Listener]:
    egress = _egress(workload, mesh, place)
    if egress.filter_chains or egress.HasField("default_filter_chain"):
        yield egress
    intercepted = [port for port in workload.inbound if port.listen_port is None]
    if intercepted:
        yield _ingress(workload, intercepted, place)
    for port in workload.inbound:
        if port.listen_port is not None:
            yield _open(workload, port, port.listen_port, place)


def _egress(workload: Workload, mesh: MeshIR, place: WorkloadPlace | None) -> listener_pb2.Listener:
    listener = _interceptor(
        names.egress_listener(workload), listen_address(workload.egress_address, workload.egress_port)
    )
    listener.traffic_direction = base_pb2.OUTBOUND
    listener.stat_prefix = workload.egress_stat_name
    listener.max_connections_to_accept_per_socket_event.value = ACCEPTED_PER_EVENT
    listener.filter_chains.extend(egress_chains(workload, mesh, place))
    inspect(listener, {passed.port for passed in workload.outbound.passes})
    if workload.outbound.fallback is not None:
        fallback = mesh.destinations[workload.outbound.fallback]
        listener.default_filter_chain.CopyFrom(fallback_chain(fallback, workload.access_log))
    return listener


def _ingress(workload: Workload, ports: Sequence[InboundPort], place: WorkloadPlace | None) -> listener_pb2.Listener:
    listener = _interceptor(
        names.ingress_listener(workload), listen_address(workload.everywhere, workload.ingress_port)
    )
    listener.traffic_direction = base_pb2.INBOUND
    for port in ports:
        listener.filter_chains.extend(ingress_chains(workload, port, place))
    inspect(listener, {port.port for port in ports if _is_permissive(port)})
    if not workload.ingress_label:
        listener.stat_prefix = _stat_prefix(ports, place)
    return listener


def _interceptor(name: str, address: address_pb2.Address) -> listener_pb2.Listener:
    original = listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.original_dst", typed_config=to_any(original_dst_pb2.OriginalDst())
    )
    return listener_pb2.Listener(name=name, address=address, listener_filters=[original])


def _open(workload: Workload, inbound: InboundPort, port: int, place: WorkloadPlace | None) -> listener_pb2.Listener:
    listener = listener_pb2.Listener(
        name=names.open_listener(workload, inbound),
        address=listen_address(workload.everywhere, port),
        filter_chains=open_chains(workload, inbound, place),
        traffic_direction=base_pb2.INBOUND,
        stat_prefix="" if inbound.listener_label else _stat_prefix([inbound], place),
    )
    inspect(listener, {port} if _is_permissive(inbound) else ())
    return listener


def _pass(workload: Workload, inbound: InboundPort, place: WorkloadPlace) -> listener_pb2.Listener:
    """The internal listener of a port, for callers of the same Envoy. It opens no socket. Its TCP connections are
    counted as connections to the application.
    """
    is_tcp = inbound.protocol is Protocol.TCP
    return listener_pb2.Listener(
        name=names.pass_listener(workload.id, inbound.listen_port or inbound.port),
        internal_listener=listener_pb2.Listener.InternalListenerConfig(),
        filter_chains=[pass_chain(workload, inbound, place)],
        stat_prefix="" if is_tcp else local_stat_name(inbound.stat_name, place),
        traffic_direction=base_pb2.INBOUND,
    )


def _is_permissive(inbound: InboundPort) -> bool:
    """Whether plain text is accepted beside TLS."""
    return inbound.tls is not None and inbound.tls.permissive


def _stat_prefix(ports: Iterable[InboundPort], place: WorkloadPlace | None) -> str:
    """The prefix of the statistics of failed handshakes. Envoy counts them by listener, so the first port's is used."""
    return next((stat_name_at(port.stat_name, place) for port in ports if port.tls is not None), "")
