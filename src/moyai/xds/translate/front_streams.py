"""The filters of a front proxy that forward TCP connections and UDP datagrams.

Statistics of an address have ``+tcp``, ``+tls`` or ``+udp`` at the end of its name, but those of its listener.
"""

from __future__ import annotations

from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.listener.original_src.v3 import original_src_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import udp_proxy_pb2
from envoy.type.v3 import hash_policy_pb2

from moyai.mesh.ir import FrontAddress, FrontListener, StreamFront
from moyai.xds.translate import names
from moyai.xds.translate.front_counts import connection_ends
from moyai.xds.translate.front_logs import flow_logs
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.tcp import WeightedClusters, tcp_filter


def front_tcp(
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


def client_source() -> listener_components_pb2.ListenerFilter:
    """Opens connections to endpoints from the client's address; health checks come from the proxy's own."""
    return listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.original_src", typed_config=to_any(original_src_pb2.OriginalSrc())
    )


def front_udp(
    front: StreamFront, at: FrontAddress, clusters: WeightedClusters
) -> listener_components_pb2.ListenerFilter:
    """The filter for datagrams that arrive at one address. Envoy knows no weights for them, so the cluster with the
    greatest weight gets all.
    """
    cluster = max(clusters, key=lambda weighted: weighted[1], default=(names.NOWHERE, 0))[0]
    proxy = udp_proxy_pb2.UdpProxyConfig(
        stat_prefix=f"{at.stat_name}+udp", cluster=cluster, idle_timeout=duration(front.idle)
    )
    proxy.use_original_src_ip = front.keeps_client and not at.proxied
    proxy.hash_policies.add(source_ip=True)
    return listener_components_pb2.ListenerFilter(
        name="envoy.filters.udp_listener.udp_proxy", typed_config=to_any(proxy)
    )
