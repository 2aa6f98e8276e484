"""Clusters: for destinations in the mesh, for the application itself, and for the control plane."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import address_pb2, protocol_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from moyai.mesh.ir import (
    ClientTls,
    Destination,
    InboundPort,
    LoadBalancingPolicy,
    OriginalDestinationSource,
    Protocol,
    Workload,
)
from moyai.xds.translate import names
from moyai.xds.translate.cluster_policies import (
    OTHER_SOCKET,
    circuit_breakers,
    fewest_requests,
    health_check,
    outlier_detection,
)
from moyai.xds.translate.endpoint import ANY_ADDRESS, bind_inside, socket_address
from moyai.xds.translate.placement import WorkloadPlace, stat_name_at
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.proxy_header import with_proxy_header
from moyai.xds.translate.source import ads_source, set_endpoint_source, single_endpoint
from moyai.xds.translate.target_counts import name_target
from moyai.xds.translate.tls import client_socket, issuer_sockets, local_socket, plain_socket

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_KEEPALIVE_IDLE, _KEEPALIVE_INTERVAL, _KEEPALIVE_PROBES = 15, 5, 3
_PING_INTERVAL, _PING_TIMEOUT = 15, 5
_NO_WAIT = 0.001
_LB_POLICIES: Mapping[LoadBalancingPolicy, cluster_pb2.Cluster.LbPolicy] = MappingProxyType(
    {
        LoadBalancingPolicy.ROUND_ROBIN: cluster_pb2.Cluster.ROUND_ROBIN,
        LoadBalancingPolicy.LEAST_REQUEST: cluster_pb2.Cluster.LEAST_REQUEST,
        LoadBalancingPolicy.FEWEST_REQUESTS: cluster_pb2.Cluster.LOAD_BALANCING_POLICY_CONFIG,
        LoadBalancingPolicy.RANDOM: cluster_pb2.Cluster.RANDOM,
        LoadBalancingPolicy.CONSISTENT_HASH: cluster_pb2.Cluster.RING_HASH,
    }
)


def destination_cluster(destination: Destination, place: WorkloadPlace | None = None) -> cluster_pb2.Cluster:
    """The cluster of a destination, for any workload or for the one at a place. Zone-aware routing is off (0 % of the
    traffic) unless the destination has it.
    """
    cluster = cluster_pb2.Cluster(
        name=names.egress_cluster(destination),
        alt_stat_name=destination.stat_name,
        connect_timeout=duration(destination.connect_timeout),
        lb_policy=_LB_POLICIES[destination.load_balancing],
        outlier_detection=None if destination.outlier is None else outlier_detection(destination.outlier),
        upstream_connection_options=_tcp_keepalive(),
        circuit_breakers=circuit_breakers(destination.limits),
        transport_socket=None if destination.tls is None else client_socket(destination.tls, destination.protocol),
        transport_socket_matches=issuer_sockets(destination.trusts, destination.protocol),
    )
    set_endpoint_source(cluster, destination.source)
    _set_health_check(cluster, destination)
    _set_load_balancing(cluster, destination, place)
    if destination.proxy_header:
        inner = cluster.transport_socket if destination.tls is not None else plain_socket()
        cluster.transport_socket.CopyFrom(with_proxy_header(inner))
    if destination.source_address:
        source = socket_address(destination.source_address, 0)
        cluster.upstream_bind_config.source_address.CopyFrom(source.socket_address)
    if isinstance(destination.source, OriginalDestinationSource):
        _use_downstream_protocol(cluster)
    else:
        _use_protocol(cluster, destination.protocol, keepalive=True)
    if place is not None:
        _connect_from(cluster, destination, place)
    return cluster


def _connect_from(cluster: cluster_pb2.Cluster, destination: Destination, place: WorkloadPlace) -> None:
    """Adapt a cluster to a host's Envoy: it connects to other hosts from the workload's namespace. It also connects to
    applications, which may take HTTP/2 pings for an attack, so it sends none.
    """
    cluster.upstream_bind_config.CopyFrom(bind_inside(place, ANY_ADDRESS))
    others = tuple(cluster.transport_socket_matches)
    del cluster.transport_socket_matches[:]
    cluster.transport_socket_matches.extend([local_socket(), *others])
    _use_protocol(cluster, destination.protocol, idle=destination.app_connection_idle)


def _set_health_check(cluster: cluster_pb2.Cluster, destination: Destination) -> None:
    """Set the health check, and the treatment of endpoints that fail it."""
    check = destination.health_check
    if check is not None:
        cluster.health_checks.append(health_check(check))
        cluster.ignore_health_on_host_removal = True
        cluster.close_connections_on_host_health_failure = destination.closes_unhealthy
    if check is not None and check.differs_in_tls:
        socket = client_socket(ClientTls(), destination.protocol) if destination.tls is None else plain_socket()
        other = cluster.transport_socket_matches.add(name="health checks", transport_socket=socket)
        other.match.update(OTHER_SOCKET)


def _set_load_balancing(cluster: cluster_pb2.Cluster, destination: Destination, place: WorkloadPlace | None) -> None:
    """Set how an endpoint is selected, beyond the policy. Envoy's own zone-aware routing needs the one zone of its
    process, which a host's Envoy lacks: there the endpoints' zones have weights.
    """
    if destination.fail_open_below:
        cluster.common_lb_config.healthy_panic_threshold.value = destination.fail_open_below
        cluster.common_lb_config.ignore_new_hosts_until_first_hc = True
    if destination.slow_start:
        window = duration(destination.slow_start)
        cluster.round_robin_lb_config.slow_start_config.slow_start_window.CopyFrom(window)
    if cluster.lb_policy == cluster_pb2.Cluster.LOAD_BALANCING_POLICY_CONFIG:  # not for an original destination
        cluster.load_balancing_policy.CopyFrom(fewest_requests())
    elif destination.zone_aware_from and place is not None:
        cluster.common_lb_config.locality_weighted_lb_config.SetInParent()
    elif destination.zone_aware_from:
        cluster.common_lb_config.zone_aware_lb_config.min_cluster_size.value = destination.zone_aware_from
    else:
        cluster.common_lb_config.zone_aware_lb_config.routing_enabled.SetInParent()  # 0 %


def peers_cluster(group: str) -> cluster_pb2.Cluster:
    """The cluster of the workload's own peers, from which Envoy computes zone-aware routing. No request is sent to it,
    and startup does not wait for it: until its endpoints are known, zones are ignored.
    """
    source = ads_source()
    source.initial_fetch_timeout.CopyFrom(duration(_NO_WAIT))
    return cluster_pb2.Cluster(
        name=names.LOCAL_CLUSTER,
        type=cluster_pb2.Cluster.EDS,
        eds_cluster_config=cluster_pb2.Cluster.EdsClusterConfig(eds_config=source, service_name=names.endpoints(group)),
    )


def app_cluster(workload: Workload, inbound: InboundPort, place: WorkloadPlace | None = None) -> cluster_pb2.Cluster:
    """The cluster of the application itself, on the loopback of its task. A labelled cluster has its label as the name
    of its statistics, too.
    """
    name = names.app_cluster(workload, inbound)
    cluster = cluster_pb2.Cluster(
        name=name,
        alt_stat_name="" if inbound.cluster_label else stat_name_at(inbound.stat_name, place),
        type=cluster_pb2.Cluster.STATIC,
        connect_timeout=duration(inbound.connect_timeout),
        load_assignment=single_endpoint(name, socket_address(inbound.app_address, inbound.port)),
        circuit_breakers=circuit_breakers(inbound.limits),
        upstream_bind_config=None if place is None else bind_inside(place, inbound.app_address),
    )
    if place is not None:
        (application,) = cluster.load_assignment.endpoints[0].lb_endpoints
        name_target(application.metadata, inbound.stat_name, place)
    _use_protocol(cluster, inbound.protocol, idle=inbound.connection_idle)
    return cluster


def pipe_cluster(name: str, path: str) -> cluster_pb2.Cluster:
    """The cluster of a gRPC server on a Unix socket."""
    cluster = cluster_pb2.Cluster(
        name=name,
        type=cluster_pb2.Cluster.STATIC,
        connect_timeout=duration(1),
        load_assignment=single_endpoint(name, address_pb2.Address(pipe=address_pb2.Pipe(path=path))),
    )
    _use_protocol(cluster, Protocol.GRPC, keepalive=True)
    return cluster


def statistics_cluster() -> cluster_pb2.Cluster:
    """The cluster to which tasks' proxies export their statistics."""
    cluster = pipe_cluster(names.STATISTICS_CLUSTER, "{statistics}")
    _use_protocol(cluster, Protocol.HTTP)
    return cluster


def _use_protocol(
    cluster: cluster_pb2.Cluster, protocol: Protocol, *, idle: float = 0, keepalive: bool = False
) -> None:
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
        options.common_http_protocol_options.idle_timeout.CopyFrom(duration(idle))
    cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(to_any(options))


def _use_downstream_protocol(cluster: cluster_pb2.Cluster) -> None:
    """Forward requests in the HTTP version of the client, because the destination's is not known."""
    downstream = http_protocol_options_pb2.HttpProtocolOptions.UseDownstreamHttpConfig()
    downstream.http_protocol_options.SetInParent()
    downstream.http2_protocol_options.connection_keepalive.CopyFrom(_ping())
    options = http_protocol_options_pb2.HttpProtocolOptions(use_downstream_protocol_config=downstream)
    cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(to_any(options))


def _ping() -> protocol_pb2.KeepaliveSettings:
    """HTTP/2 pings, by whose missing answers a peer that vanished without closing its connection is detected."""
    return protocol_pb2.KeepaliveSettings(interval=duration(_PING_INTERVAL), timeout=duration(_PING_TIMEOUT))


def _tcp_keepalive() -> cluster_pb2.UpstreamConnectionOptions:
    options = cluster_pb2.UpstreamConnectionOptions()
    options.tcp_keepalive.keepalive_time.value = _KEEPALIVE_IDLE
    options.tcp_keepalive.keepalive_interval.value = _KEEPALIVE_INTERVAL
    options.tcp_keepalive.keepalive_probes.value = _KEEPALIVE_PROBES
    return options
