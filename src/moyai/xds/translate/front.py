"""The listeners of a front proxy: one for each address of each of its workload's listeners.

The names of an address's statistics end with ``+tcp``, ``+tls`` or ``+udp``, except for those of Envoy's listener.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.listener.original_src.v3 import original_src_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import udp_proxy_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, tls_pb2
from envoy.type.v3 import hash_policy_pb2

from moyai.kernel.clock import Seconds
from moyai.mesh.ir import (
    CertificateRef,
    FrontAddress,
    FrontListener,
    FrontTls,
    MeshIR,
    StreamFront,
    StreamSplit,
    Transport,
    Workload,
)
from moyai.xds.translate import names
from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.front_counts import connection_ends
from moyai.xds.translate.front_http import client_address, front_http
from moyai.xds.translate.front_limits import connection_limits
from moyai.xds.translate.front_logs import connection_logs, flow_logs
from moyai.xds.translate.inspector import tls_inspector
from moyai.xds.translate.listener import ACCEPTED_PER_EVENT
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.proxy_header import proxy_header_reader
from moyai.xds.translate.secret import reference
from moyai.xds.translate.tcp import WeightedClusters, tcp_filter, weighted_clusters

_BUFFER = 128 * 1024
"""Bytes that a connection buffers in each direction before Envoy stops reading. More than the headers of a request may
have: otherwise a client with too many would be reset before it gets the response that says so.
"""
_HEADER_TIMEOUT = 5
"""Seconds in which the PROXY header has to arrive."""


def front_listeners(workload: Workload, mesh: MeshIR) -> Iterator[listener_pb2.Listener]:
    """All listeners of a front proxy. They are bound whether or not their addresses exist yet."""
    for listener in workload.listeners:
        for at in listener.addresses:
            yield _listener(workload, listener, at, mesh)


def _listener(workload: Workload, listener: FrontListener, at: FrontAddress, mesh: MeshIR) -> listener_pb2.Listener:
    message = listener_pb2.Listener(
        name=names.front_listener(workload, listener, at),
        address=socket_address(at.address, at.port),
        traffic_direction=base_pb2.INBOUND,
        stat_prefix=at.stat_name,
        access_log=connection_logs(listener, at),
    )
    message.freebind.value = True
    routing = listener.routing
    if isinstance(routing, StreamFront) and routing.transport is Transport.UDP:
        message.address.socket_address.protocol = address_pb2.SocketAddress.UDP
        message.udp_listener_config.SetInParent()
        message.listener_filters.append(_udp_filter(routing, at, _clusters(routing, mesh)))
        return message
    message.max_connections_to_accept_per_socket_event.value = ACCEPTED_PER_EVENT
    message.per_connection_buffer_limit_bytes.value = _BUFFER
    if at.proxied:
        message.listener_filters.append(proxy_header_reader())
        message.listener_filters_timeout.CopyFrom(duration(_HEADER_TIMEOUT))
    elif isinstance(routing, StreamFront) and _keeps_client(routing, at):
        message.listener_filters.append(_client_source())
    if listener.tls is not None and listener.has_log:
        message.listener_filters.append(tls_inspector())
    message.filter_chains.append(_chain(listener, at, mesh))
    return message


def _chain(listener: FrontListener, at: FrontAddress, mesh: MeshIR) -> listener_components_pb2.FilterChain:
    routing = listener.routing
    if isinstance(routing, StreamFront):
        filters = [_tcp_filter(listener, routing, at, _clusters(routing, mesh))]
    else:
        filters = [client_address(), front_http(listener, routing, at)]
    chain = listener_components_pb2.FilterChain(filters=[*connection_limits(listener, at), *filters])
    if listener.tls is not None:
        _encrypt(chain, listener.tls)
    return chain


def _clusters(front: StreamFront, mesh: MeshIR) -> WeightedClusters:
    routing = mesh.services[front.service].routing
    return weighted_clusters(routing, mesh.destinations) if isinstance(routing, StreamSplit) else ()


_FOR_EVER = Seconds(0)
_HANDSHAKE_TIMEOUT = 10.0
"""Seconds."""
_VERSIONS: Mapping[str, common_pb2.TlsParameters.TlsProtocol] = MappingProxyType(
    {
        "1.0": common_pb2.TlsParameters.TLSv1_0,
        "1.1": common_pb2.TlsParameters.TLSv1_1,
        "1.2": common_pb2.TlsParameters.TLSv1_2,
        "1.3": common_pb2.TlsParameters.TLSv1_3,
    }
)


def _encrypt(chain: listener_components_pb2.FilterChain, tls: FrontTls) -> None:
    """Encrypt a filter chain's connections. The listener opens when all certificates have arrived."""
    params = common_pb2.TlsParameters(
        tls_minimum_protocol_version=_VERSIONS[tls.oldest],
        tls_maximum_protocol_version=_VERSIONS[tls.newest],
        cipher_suites=tls.ciphers,
    )
    common = tls_pb2.CommonTlsContext(tls_params=params, alpn_protocols=tls.alpn)
    references = (reference(CertificateRef(name), _FOR_EVER) for name in tls.certificates)
    common.tls_certificate_sds_secret_configs.extend(references)
    context = tls_pb2.DownstreamTlsContext(common_tls_context=common)
    socket = base_pb2.TransportSocket(name="envoy.transport_sockets.tls", typed_config=to_any(context))
    chain.transport_socket.CopyFrom(socket)
    chain.transport_socket_connect_timeout.CopyFrom(duration(_HANDSHAKE_TIMEOUT))


def _tcp_filter(
    listener: FrontListener, front: StreamFront, at: FrontAddress, clusters: WeightedClusters
) -> listener_components_pb2.Filter:
    """The filter for connections that arrive at one address."""
    proxy = tcp_proxy_pb2.TcpProxy(
        stat_prefix=names.stream_stat_name(listener, at),
        idle_timeout=duration(front.idle),
        access_log=(connection_ends(at), *flow_logs(listener, at)),
    )
    proxy.hash_policy.append(hash_policy_pb2.HashPolicy(source_ip=hash_policy_pb2.HashPolicy.SourceIp()))
    return tcp_filter(proxy, clusters, connect_attempts=1)


def _keeps_client(front: StreamFront, at: FrontAddress) -> bool:
    """Whether endpoints see the clients' addresses: only IPv4 addresses, because endpoints are called by IPv4."""
    return front.keeps_client and not at.proxied and ":" not in at.address


def _client_source() -> listener_components_pb2.ListenerFilter:
    """Opens connections to endpoints from the client's address; health checks come from the proxy's own."""
    return listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.original_src", typed_config=to_any(original_src_pb2.OriginalSrc())
    )


def _udp_filter(
    front: StreamFront, at: FrontAddress, clusters: WeightedClusters
) -> listener_components_pb2.ListenerFilter:
    """The filter for datagrams that arrive at one address. Envoy has no weights for datagrams, so the cluster with the
    greatest weight gets all. Datagrams through the VPC's router all have its address, so this address selects nothing.
    """
    cluster = max(clusters, key=lambda weighted: weighted[1], default=(names.NOWHERE, 0))[0]
    proxy = udp_proxy_pb2.UdpProxyConfig(
        stat_prefix=f"{at.stat_name}+udp", cluster=cluster, idle_timeout=duration(front.idle)
    )
    proxy.use_original_src_ip = _keeps_client(front, at)
    if not at.proxied:
        proxy.hash_policies.add(source_ip=True)
    return listener_components_pb2.ListenerFilter(
        name="envoy.filters.udp_listener.udp_proxy", typed_config=to_any(proxy)
    )
