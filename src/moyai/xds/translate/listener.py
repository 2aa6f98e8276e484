"""A workload's Listeners: one for redirected connections in each direction, one for each port that is open itself.

What was going nowhere known finds no filter chain and is closed. TLS is only looked for where something depends on it,
because the look waits for the client to speak, and some protocols have the server speak first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.listener.original_dst.v3 import original_dst_pb2

from moyai.mesh.ir import InboundPort, Mesh, Workload
from moyai.xds.translate import names
from moyai.xds.translate.egress import egress_chains, fallback_chain
from moyai.xds.translate.endpoint import bound
from moyai.xds.translate.ingress import ingress_chains, open_chains
from moyai.xds.translate.inspector import inspect
from moyai.xds.translate.proto import packed

_ACCEPTED_PER_EVENT = 1
"""Connections that a worker accepts for one event. What a proxy has acknowledged is in its workers' queues ahead of
each event that comes later, so a worker accepts no connection that was opened after the acknowledgement before it has
the configuration (docs/decisions/workers-accept-one-at-a-time.md).
"""


def listeners(workload: Workload, mesh: Mesh) -> Iterator[listener_pb2.Listener]:
    """All of a workload's listeners; none for a direction it has no use for."""
    egress = _egress(workload, mesh)
    if egress.filter_chains or egress.HasField("default_filter_chain"):
        yield egress
    intercepted = [port for port in workload.inbound if port.listen_port is None]
    if intercepted:
        yield _ingress(workload, intercepted)
    for port in workload.inbound:
        if port.listen_port is not None:
            yield _open(workload, port, port.listen_port)


def _egress(workload: Workload, mesh: Mesh) -> listener_pb2.Listener:
    listener = _redirected(names.egress_listener(workload), bound(workload.egress_address, workload.egress_port))
    listener.traffic_direction = base_pb2.OUTBOUND
    listener.stat_prefix = workload.egress_stat_name
    listener.max_connections_to_accept_per_socket_event.value = _ACCEPTED_PER_EVENT
    listener.filter_chains.extend(egress_chains(workload, mesh))
    inspect(listener, {named.port for named in workload.outbound.passes})
    if workload.outbound.fallback is not None:
        fallback = mesh.destinations[workload.outbound.fallback]
        listener.default_filter_chain.CopyFrom(fallback_chain(fallback, workload.access_log))
    return listener


def _ingress(workload: Workload, ports: Sequence[InboundPort]) -> listener_pb2.Listener:
    listener = _redirected(names.ingress_listener(workload), bound(workload.everywhere, workload.ingress_port))
    listener.traffic_direction = base_pb2.INBOUND
    for port in ports:
        listener.filter_chains.extend(ingress_chains(workload, port))
    inspect(listener, {port.port for port in ports if _is_either(port)})
    if not workload.ingress_label:
        listener.stat_prefix = _stat_prefix(ports)
    return listener


def _redirected(name: str, address: address_pb2.Address) -> listener_pb2.Listener:
    original = listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.original_dst", typed_config=packed(original_dst_pb2.OriginalDst())
    )
    return listener_pb2.Listener(name=name, address=address, listener_filters=[original])


def _open(workload: Workload, inbound: InboundPort, port: int) -> listener_pb2.Listener:
    listener = listener_pb2.Listener(
        name=names.open_listener(workload, inbound),
        address=bound(workload.everywhere, port),
        filter_chains=open_chains(workload, inbound),
        traffic_direction=base_pb2.INBOUND,
        stat_prefix="" if inbound.listener_label else _stat_prefix([inbound]),
    )
    inspect(listener, {port} if _is_either(inbound) else ())
    return listener


def _is_either(inbound: InboundPort) -> bool:
    """Whether plain text is taken beside TLS."""
    return inbound.tls is not None and inbound.tls.permissive


def _stat_prefix(ports: Iterable[InboundPort]) -> str:
    """What failed handshakes are counted under. Envoy counts them by listener, so of several ports it is the first."""
    return next((port.stat_name for port in ports if port.tls is not None), "")
