"""The TCP proxy, for both directions."""

from __future__ import annotations

from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import AnyLog, InboundPort, Service, StreamSplit
from moyai.xds.translate import names
from moyai.xds.translate.access_log import tcp_log
from moyai.xds.translate.proto import packed, seconds


def egress_tcp(service: Service, split: StreamSplit, log: AnyLog | None) -> listener_components_pb2.Filter:
    """Connections to a service; another endpoint is tried when one can't be reached."""
    proxy = tcp_proxy_pb2.TcpProxy(
        stat_prefix=service.stat_name, idle_timeout=seconds(split.timeouts.idle), access_log=tcp_log(log)
    )
    weighted = [target for target in split.targets if target.weight]  # Envoy takes no weight of 0 here
    if len(weighted) == 1:
        proxy.cluster = names.egress_cluster(weighted[0].destination)
    else:
        for target in weighted:
            proxy.weighted_clusters.clusters.add(name=names.egress_cluster(target.destination), weight=target.weight)
    return _filter(proxy, split.connect_attempts)


def ingress_tcp(workload: WorkloadId, inbound: InboundPort, log: AnyLog | None) -> listener_components_pb2.Filter:
    """Connections to the application."""
    return _filter(
        tcp_proxy_pb2.TcpProxy(
            stat_prefix=inbound.stat_name,
            cluster=names.app_cluster(workload, inbound),
            idle_timeout=seconds(inbound.timeouts.idle),
            access_log=tcp_log(log),
        ),
        connect_attempts=1,
    )


def _filter(proxy: tcp_proxy_pb2.TcpProxy, connect_attempts: int) -> listener_components_pb2.Filter:
    proxy.max_connect_attempts.value = connect_attempts
    return listener_components_pb2.Filter(name="envoy.filters.network.tcp_proxy", typed_config=packed(proxy))
