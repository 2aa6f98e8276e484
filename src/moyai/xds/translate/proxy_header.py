"""The PROXY header in front of a connection, which tells the client's address: read by listeners, sent to endpoints.

Source: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
"""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2, proxy_protocol_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.listener.proxy_protocol.v3 import proxy_protocol_pb2 as reader_pb2
from envoy.extensions.transport_sockets.proxy_protocol.v3 import upstream_proxy_protocol_pb2

from moyai.xds.translate.proto import to_any


def proxy_header_reader() -> listener_components_pb2.ListenerFilter:
    """Reads the client's address from the header; a connection without one is closed."""
    return listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.proxy_protocol", typed_config=to_any(reader_pb2.ProxyProtocol())
    )


def with_proxy_header(socket: base_pb2.TransportSocket) -> base_pb2.TransportSocket:
    """A transport socket that sends a header of version 2 before what this one sends."""
    version = proxy_protocol_pb2.ProxyProtocolConfig(version=proxy_protocol_pb2.ProxyProtocolConfig.V2)
    transport = upstream_proxy_protocol_pb2.ProxyProtocolUpstreamTransport(config=version, transport_socket=socket)
    return base_pb2.TransportSocket(
        name="envoy.transport_sockets.upstream_proxy_protocol", typed_config=to_any(transport)
    )
