"""Destinations and applications as Clusters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import address_pb2, protocol_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from moyai.mesh.ir import Destination, InboundPort, LoadBalancing, Original, Protocol, Workload
from moyai.xds.translate import names
from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.health_check import health_check
from moyai.xds.translate.limits import circuit_breakers
from moyai.xds.translate.outlier import outlier_detection
from moyai.xds.translate.proto import packed, seconds
from moyai.xds.translate.source import ads, find_endpoints, only
from moyai.xds.translate.tls import client_socket, issuer_sockets

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_KEEPALIVE_IDLE, _KEEPALIVE_INTERVAL, _KEEPALIVE_PROBES = 15, 5, 3
_PING_INTERVAL, _PING_TIMEOUT = 15, 5
_NO_WAIT = 0.001
_LB_POLICIES: Mapping[LoadBalancing, cluster_pb2.Cluster.LbPolicy] = MappingProxyType(
    {
        LoadBalancing.ROUND_ROBIN: cluster_pb2.Cluster.ROUND_ROBIN,
        LoadBalancing.LEAST_REQUEST: cluster_pb2.Cluster.LEAST_REQUEST,
        LoadBalancing.CONSISTENT_HASH: cluster_pb2.Cluster.RING_HASH,
    }
)


def destination_cluster(destination: Destination) -> cluster_pb2.Cluster:
    """A destination whose endpoints come over the same stream; round robin, in the caller's zone where that does."""
    cluster = cluster_pb2.Cluster(
        name=names.egress_cluster(destination),
        alt_stat_name=destination.stat_name,
        connect_timeout=seconds(destination.connect_timeout),
        lb_policy=_LB_POLICIES[destination.load_balancing],
        outlier_detection=None if destination.outlier is None else outlier_detection(destination.outlier),
        upstream_connection_options=_tcp_keepalive(),
        circuit_breakers=circuit_breakers(destination.limits),
        transport_socket=None if destination.tls is None else client_socket(destination.tls, destination.protocol),
        transport_socket_matches=issuer_sockets(destination.trusts, destination.protocol),
    )
    find_endpoints(cluster, destination.source)
    if destination.health_check is not None:
        cluster.health_checks.append(health_check(destination.health_check))
        cluster.ignore_health_on_host_removal = True
    zones = cluster.common_lb_config.zone_aware_lb_config
    if destination.zone_aware_from:
        zones.min_cluster_size.value = destination.zone_aware_from
    else:
        zones.routing_enabled.SetInParent()  # nought per cent
    if isinstance(destination.source, Original):
        _speak_as_heard(cluster)
    else:
        _speak(cluster, destination.protocol, keepalive=True)
    return cluster


def peers_cluster(group: str) -> cluster_pb2.Cluster:
    """Those that call as the workload does. Nothing is sent to them and nothing waits for them: until they are known,
    zones don't matter.
    """
    source = ads()
    source.initial_fetch_timeout.CopyFrom(seconds(_NO_WAIT))
    return cluster_pb2.Cluster(
        name=names.LOCAL_CLUSTER,
        type=cluster_pb2.Cluster.EDS,
        eds_cluster_config=cluster_pb2.Cluster.EdsClusterConfig(eds_config=source, service_name=names.endpoints(group)),
    )


def app_cluster(workload: Workload, inbound: InboundPort) -> cluster_pb2.Cluster:
    """The application itself, on the loopback of its task. What it is called by a label, it is counted under, too."""
    name = names.app_cluster(workload, inbound)
    cluster = cluster_pb2.Cluster(
        name=name,
        alt_stat_name="" if inbound.cluster_label else inbound.stat_name,
        type=cluster_pb2.Cluster.STATIC,
        connect_timeout=seconds(inbound.connect_timeout),
        load_assignment=only(name, socket_address(inbound.app_address, inbound.port)),
        circuit_breakers=circuit_breakers(inbound.limits),
    )
    _speak(cluster, inbound.protocol, idle=inbound.connection_idle)
    return cluster


def pipe_cluster(name: str, path: str) -> cluster_pb2.Cluster:
    """A gRPC server behind a Unix socket."""
    cluster = cluster_pb2.Cluster(
        name=name,
        type=cluster_pb2.Cluster.STATIC,
        connect_timeout=seconds(1),
        load_assignment=only(name, address_pb2.Address(pipe=address_pb2.Pipe(path=path))),
    )
    _speak(cluster, Protocol.GRPC, keepalive=True)
    return cluster


def statistics_cluster() -> cluster_pb2.Cluster:
    """Where our own proxies push their statistics."""
    cluster = pipe_cluster(names.STATISTICS_CLUSTER, "{statistics}")
    _speak(cluster, Protocol.HTTP)
    return cluster


def _speak(cluster: cluster_pb2.Cluster, protocol: Protocol, *, idle: float = 0, keepalive: bool = False) -> None:
    if protocol is Protocol.TCP:
        return
    explicit = http_protocol_options_pb2.HttpProtocolOptions.ExplicitHttpConfig()
    if protocol is Protocol.HTTP:
        explicit.http_protocol_options.SetInParent()
    else:
        explicit.http2_protocol_options.SetInParent()
        if keepalive:
            explicit.http2_protocol_options.connection_keepalive.CopyFrom(_ping())
    options = http_protocol_options_pb2.HttpProtocolOptions(explicit_http_config=explicit)
    if idle:
        options.common_http_protocol_options.idle_timeout.CopyFrom(seconds(idle))
    cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(packed(options))


def _speak_as_heard(cluster: cluster_pb2.Cluster) -> None:
    """Requests go on in the version of HTTP that they came in: nobody knows what is spoken there."""
    downstream = http_protocol_options_pb2.HttpProtocolOptions.UseDownstreamHttpConfig()
    downstream.http_protocol_options.SetInParent()
    downstream.http2_protocol_options.connection_keepalive.CopyFrom(_ping())
    options = http_protocol_options_pb2.HttpProtocolOptions(use_downstream_protocol_config=downstream)
    cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(packed(options))


def _ping() -> protocol_pb2.KeepaliveSettings:
    """A peer that vanished without a word is found out by its missing answer."""
    return protocol_pb2.KeepaliveSettings(interval=seconds(_PING_INTERVAL), timeout=seconds(_PING_TIMEOUT))


def _tcp_keepalive() -> cluster_pb2.UpstreamConnectionOptions:
    options = cluster_pb2.UpstreamConnectionOptions()
    options.tcp_keepalive.keepalive_time.value = _KEEPALIVE_IDLE
    options.tcp_keepalive.keepalive_interval.value = _KEEPALIVE_INTERVAL
    options.tcp_keepalive.keepalive_probes.value = _KEEPALIVE_PROBES
    return options
