"""The limits of a front proxy, so that hostile clients take no connections, memory or time that others need.

Envoy's own limits on HTTP/2 (frames, streams that are reset at once) are left as they are.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/best_practices/edge
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from envoy.config.core.v3 import protocol_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.network.connection_limit.v3 import connection_limit_pb2

from moyai.domain.sandbox.open_files import MAX_STREAMS
from moyai.mesh.ir import FrontAddress, FrontListener, StreamFront
from moyai.xds.translate import names
from moyai.xds.translate.proto import to_any

_STREAM_WINDOW, _CONNECTION_WINDOW = 64 * 1024, 1024 * 1024
"""Bytes that a client may send before the proxy has read them."""
RUNTIME: Mapping[str, int] = MappingProxyType({"http.max_requests_per_io_cycle": 1})
"""Envoy handles one request of a connection at a time before it turns to other connections."""


def connection_limits(listener: FrontListener, at: FrontAddress) -> Iterator[listener_components_pb2.Filter]:
    """The filter that bounds the connections to one address. For streams, its statistics are named by protocol."""
    if listener.max_connections:
        is_stream = isinstance(listener.routing, StreamFront)
        stat_name = names.stream_stat_name(listener, at) if is_stream else at.stat_name
        limit = connection_limit_pb2.ConnectionLimit(stat_prefix=stat_name)
        limit.max_connections.value = listener.max_connections
        yield listener_components_pb2.Filter(name="envoy.filters.network.connection_limit", typed_config=to_any(limit))


def http2_limits() -> protocol_pb2.Http2ProtocolOptions:
    """The limits of a client's HTTP/2 connection."""
    options = protocol_pb2.Http2ProtocolOptions()
    options.max_concurrent_streams.value = MAX_STREAMS
    options.initial_stream_window_size.value = _STREAM_WINDOW
    options.initial_connection_window_size.value = _CONNECTION_WINDOW
    return options
