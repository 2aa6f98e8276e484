"""The TCP proxy filter, for both directions."""

from __future__ import annotations

from collections.abc import Mapping

from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2

from moyai.mesh.ir import AnyLog, Destination, InboundPort, Protocol, StreamSplit, Workload
from moyai.xds.translate import names
from moyai.xds.translate.access_log import tcp_log
from moyai.xds.translate.placement import WorkloadPlace, local_stat_name, stat_name_at
from moyai.xds.translate.proto import duration, to_any

WeightedClusters = tuple[tuple[str, int], ...]
"""Names of clusters with their weights."""


def weighted_clusters(split: StreamSplit, destinations: Mapping[str, Destination]) -> WeightedClusters:
    """The clusters of a split, without those of weight 0, which Envoy does not accept here."""
    targets = [target for target in split.targets if target.weight]
    return tuple((names.egress_cluster(destinations[target.destination]), target.weight) for target in targets)


def egress_tcp(
    stat_name: str, split: StreamSplit, clusters: WeightedClusters, log: AnyLog | None, place: WorkloadPlace | None
) -> listener_components_pb2.Filter:
    """The filter for connections to a service; another endpoint is tried when one can't be reached."""
    proxy = tcp_proxy_pb2.TcpProxy(
        stat_prefix=stat_name_at(stat_name, place),
        idle_timeout=duration(split.timeouts.idle),
        access_log=tcp_log(log, place),
    )
    return tcp_filter(proxy, clusters, split.connect_attempts)


def passthrough_tcp(destination: Destination, log: AnyLog | None) -> listener_components_pb2.Filter:
    """The filter that passes connections through unchanged, without an idle timeout."""
    cluster = names.egress_cluster(destination)
    proxy = tcp_proxy_pb2.TcpProxy(
        stat_prefix=destination.stat_name or cluster, cluster=cluster, idle_timeout=duration(0), access_log=tcp_log(log)
    )
    return _filter(proxy, connect_attempts=1)


def ingress_tcp(
    workload: Workload, inbound: InboundPort, place: WorkloadPlace | None
) -> listener_components_pb2.Filter:
    """The filter for connections to the application."""
    return _filter(
        tcp_proxy_pb2.TcpProxy(
            stat_prefix=stat_name_at(inbound.stat_name, place),
            cluster=names.app_cluster(workload, inbound),
            idle_timeout=duration(inbound.timeouts.idle),
            access_log=tcp_log(workload.access_log, place),
        ),
        connect_attempts=1,
    )


def pass_tcp(workload: Workload, inbound: InboundPort, place: WorkloadPlace) -> listener_components_pb2.Filter:
    """The filter for connections to the application from callers of the same Envoy. The callers' filters end idle ones,
    and log HTTP requests.
    """
    is_tcp = inbound.protocol is Protocol.TCP
    name_stats = stat_name_at if is_tcp else local_stat_name
    return _filter(
        tcp_proxy_pb2.TcpProxy(
            stat_prefix=name_stats(inbound.stat_name, place),
            cluster=names.app_cluster(workload, inbound),
            idle_timeout=duration(0),
            access_log=tcp_log(workload.access_log, place) if is_tcp else (),
        ),
        connect_attempts=1,
    )


def tcp_filter(
    proxy: tcp_proxy_pb2.TcpProxy, clusters: WeightedClusters, connect_attempts: int
) -> listener_components_pb2.Filter:
    """The filter that forwards connections to these clusters."""
    if len(clusters) > 1:
        for cluster, weight in clusters:
            proxy.weighted_clusters.clusters.add(name=cluster, weight=weight)
    else:
        proxy.cluster = clusters[0][0] if clusters else names.NOWHERE
    return _filter(proxy, connect_attempts)


def _filter(proxy: tcp_proxy_pb2.TcpProxy, connect_attempts: int) -> listener_components_pb2.Filter:
    proxy.max_connect_attempts.value = connect_attempts
    return listener_components_pb2.Filter(name="envoy.filters.network.tcp_proxy", typed_config=to_any(proxy))
