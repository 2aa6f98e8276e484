"""The TCP proxy, for both directions."""

from __future__ import annotations

from collections.abc import Mapping

from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2

from moyai.mesh.ir import AnyLog, Destination, InboundPort, StreamSplit, Workload
from moyai.xds.translate import names
from moyai.xds.translate.access_log import tcp_log
from moyai.xds.translate.proto import packed, seconds

Shares = tuple[tuple[str, int], ...]
"""Clusters and their weights."""


def shares(split: StreamSplit, destinations: Mapping[str, Destination]) -> Shares:
    """Where the connections of a split go; Envoy takes no weight of 0 here."""
    weighted = [target for target in split.targets if target.weight]
    return tuple((names.egress_cluster(destinations[target.destination]), target.weight) for target in weighted)


def egress_tcp(stat_name: str, split: StreamSplit, among: Shares, log: AnyLog | None) -> listener_components_pb2.Filter:
    """Connections to a service; another endpoint is tried when one can't be reached."""
    proxy = tcp_proxy_pb2.TcpProxy(
        stat_prefix=stat_name, idle_timeout=seconds(split.timeouts.idle), access_log=tcp_log(log)
    )
    if len(among) > 1:
        for cluster, weight in among:
            proxy.weighted_clusters.clusters.add(name=cluster, weight=weight)
    else:
        proxy.cluster = among[0][0] if among else names.NOWHERE
    return _filter(proxy, split.connect_attempts)


def passed_tcp(destination: Destination, log: AnyLog | None) -> listener_components_pb2.Filter:
    """Connections that are let through as they are, for as long as their ends want."""
    cluster = names.egress_cluster(destination)
    proxy = tcp_proxy_pb2.TcpProxy(
        stat_prefix=destination.stat_name or cluster, cluster=cluster, idle_timeout=seconds(0), access_log=tcp_log(log)
    )
    return _filter(proxy, connect_attempts=1)


def ingress_tcp(workload: Workload, inbound: InboundPort) -> listener_components_pb2.Filter:
    """Connections to the application."""
    return _filter(
        tcp_proxy_pb2.TcpProxy(
            stat_prefix=inbound.stat_name,
            cluster=names.app_cluster(workload, inbound),
            idle_timeout=seconds(inbound.timeouts.idle),
            access_log=tcp_log(workload.access_log),
        ),
        connect_attempts=1,
    )


def _filter(proxy: tcp_proxy_pb2.TcpProxy, connect_attempts: int) -> listener_components_pb2.Filter:
    proxy.max_connect_attempts.value = connect_attempts
    return listener_components_pb2.Filter(name="envoy.filters.network.tcp_proxy", typed_config=packed(proxy))
