"""The listeners of a front proxy: one for each address of each of its workload's listeners."""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.listener.proxy_protocol.v3 import proxy_protocol_pb2

from moyai.mesh.ir import FrontAddress, FrontListener, Workload
from moyai.xds.translate import names
from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.front_http import client_address, front_http
from moyai.xds.translate.front_tls import encrypt_front
from moyai.xds.translate.listener import ACCEPTED_PER_EVENT
from moyai.xds.translate.proto import duration, to_any

_HEADER_TIMEOUT = 5
"""Seconds in which the PROXY header has to arrive."""


def front_listeners(workload: Workload) -> Iterator[listener_pb2.Listener]:
    """All listeners of a front proxy. They are bound before the addresses are there, since both come on their own."""
    for listener in workload.listeners:
        for at in listener.addresses:
            yield _listener(workload, listener, at)


def _listener(workload: Workload, listener: FrontListener, at: FrontAddress) -> listener_pb2.Listener:
    message = listener_pb2.Listener(
        name=names.front_listener(workload, listener, at),
        address=socket_address(at.address, at.port),
        filter_chains=[_chain(listener, at)],
        traffic_direction=base_pb2.INBOUND,
        stat_prefix=at.stat_name,
    )
    message.freebind.value = True
    message.max_connections_to_accept_per_socket_event.value = ACCEPTED_PER_EVENT
    if at.proxied:
        message.listener_filters.append(_proxy_protocol())
        message.listener_filters_timeout.CopyFrom(duration(_HEADER_TIMEOUT))
    return message


def _chain(listener: FrontListener, at: FrontAddress) -> listener_components_pb2.FilterChain:
    manager = front_http(listener.routing, at, listener.tls)
    chain = listener_components_pb2.FilterChain(filters=[client_address(), manager])
    if listener.tls is not None:
        encrypt_front(chain, listener.tls)
    return chain


def _proxy_protocol() -> listener_components_pb2.ListenerFilter:
    """Reads the client's address from the PROXY header; a connection without one is closed."""
    return listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.proxy_protocol", typed_config=to_any(proxy_protocol_pb2.ProxyProtocol())
    )
