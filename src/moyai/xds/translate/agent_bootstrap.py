"""The bootstrap of an App Mesh proxy, as App Mesh's agent writes it, except for the connection to the control plane.

Promise: every statistic is kept, with the tags that the agent gave it, and also sent to the user's own daemon where
that is configured. The admin interface is a TCP port on every address, as with the agent. The proxy has one delta ADS
stream to the socket ``{xds}``, and sends its statistics to ``{statistics}``; the runtime fills both in.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import address_pb2, base_pb2, config_source_pb2
from envoy.config.metrics.v3 import stats_pb2
from envoy.extensions.access_loggers.file.v3 import file_pb2

from moyai.domain.appmesh.agent_settings import Admin, Agent, AgentSettings, Statsd
from moyai.domain.appmesh.names import AppMeshResourceType, mesh_name
from moyai.domain.keys import scope_of
from moyai.xds.translate.bootstrap import to_json
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from moyai.xds.translate.cluster import pipe_cluster, statistics_cluster
from moyai.xds.translate.control_plane import ads_stream
from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.names import SECRETS_CLUSTER, XDS_CLUSTER
from moyai.xds.translate.overload import connection_limit
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.source import ads_source
from moyai.xds.translate.stats import http_sink
from moyai.xds.translate.stats_filter import drop_unused_stats, response_time_buckets
from moyai.xds.translate.tracer import trace_to_control_plane, tracing

_ANY_IPV4: Final = "0.0.0.0"  # noqa: S104 (of the task's own network)
_ANY_IPV6: Final = "::"
_REGEX_SIZE: Final = 1000
"""The agent's own limit, large enough for every regular expression that App Mesh accepts."""
_LISTENER_TAGS: Final = (
    ("appmesh.listener_protocol", r"\.ingress\.((\w+)\.)\d+\."),
    ("appmesh.listener_port", r"\.ingress\.\w+\.((\d+)\.)"),
    ("envoy_rds_route_config", r"\.ingress\.\w+\.\d+\.rds\.(([^.]+)\.)"),
)


def agent_bootstrap(agent: Agent, settings: BootstrapSettings) -> bytes:
    """The bootstrap of an App Mesh proxy, as JSON in UTF-8."""
    message = agent_message(agent, settings)
    message.static_resources.clusters.append(statistics_cluster())
    message.stats_sinks.append(http_sink(agent.proxy, drop_unused_stats()))
    if agent.settings.tracer is None and settings.trace_sampling:
        trace_to_control_plane(message, agent.proxy, settings.trace_sampling)
    return to_json(message)


def agent_message(agent: Agent, settings: BootstrapSettings) -> bootstrap_pb2.Bootstrap:
    """The bootstrap of an App Mesh proxy, without the export of its statistics."""
    options = agent.settings
    source = _source(options)
    message = bootstrap_pb2.Bootstrap(
        node=_node(agent),
        admin=_admin(options.admin),
        static_resources=bootstrap_pb2.Bootstrap.StaticResources(clusters=_clusters(options)),
        dynamic_resources=bootstrap_pb2.Bootstrap.DynamicResources(
            ads_config=ads_stream(agent.proxy), cds_config=source, lds_config=source
        ),
        stats_sinks=[] if options.statsd is None else [_statsd(options.statsd)],
        stats_config=_stats_config(agent),
        stats_flush_interval=duration(settings.stats_interval),
        overload_manager=connection_limit(settings),
        layered_runtime=_runtime(options),
    )
    message.cluster_manager.outlier_detection.event_log_path = options.outlier_log
    if options.tracer is not None:
        config, clusters = tracing(options.tracer, agent.identity)
        message.tracing.CopyFrom(config)
        message.static_resources.clusters.extend(clusters)
    return message


def _node(agent: Agent) -> base_pb2.Node:
    identity = agent.identity
    locality = base_pb2.Locality(region=scope_of(identity.mesh).region, zone=agent.zone)
    return base_pb2.Node(id=identity.node_id, cluster=agent.settings.cluster or identity.node_id, locality=locality)


def _admin(admin: Admin) -> bootstrap_pb2.Admin:
    address = socket_address(_ANY_IPV6 if admin.ipv6 else _ANY_IPV4, admin.port)
    address.socket_address.ipv4_compat = admin.ipv6
    log = accesslog_pb2.AccessLog(
        name="envoy.access_loggers.file", typed_config=to_any(file_pb2.FileAccessLog(path=admin.access_log))
    )
    return bootstrap_pb2.Admin(address=address, access_log=[log])


def _clusters(options: AgentSettings) -> Iterator[cluster_pb2.Cluster]:
    yield pipe_cluster(XDS_CLUSTER, "{xds}")
    if options.sds_socket is not None:
        yield pipe_cluster(SECRETS_CLUSTER, options.sds_socket)


def _source(options: AgentSettings) -> config_source_pb2.ConfigSource:
    source = ads_source()
    source.initial_fetch_timeout.CopyFrom(duration(options.initial_fetch_timeout))
    return source


def _runtime(options: AgentSettings) -> bootstrap_pb2.LayeredRuntime:
    static = bootstrap_pb2.RuntimeLayer(name="static_layer_0")
    static.static_layer.update({"re2.max_program_size.error_level": _REGEX_SIZE})
    if options.requests_per_cycle is not None:
        static.static_layer.update({"http.max_requests_per_io_cycle": options.requests_per_cycle})
    admin = bootstrap_pb2.RuntimeLayer(name="admin_layer", admin_layer=bootstrap_pb2.RuntimeLayer.AdminLayer())
    return bootstrap_pb2.LayeredRuntime(layers=[static, admin])


def _statsd(daemon: Statsd) -> stats_pb2.StatsSink:
    if daemon.socket_path is not None:
        address = address_pb2.Address(pipe=address_pb2.Pipe(path=daemon.socket_path))
    else:
        address = socket_address(daemon.address, daemon.port)
        address.socket_address.protocol = address_pb2.SocketAddress.UDP
    return stats_pb2.StatsSink(
        name="envoy.stat_sinks.dog_statsd", typed_config=to_any(stats_pb2.DogStatsdSink(address=address))
    )


def _stats_config(agent: Agent) -> stats_pb2.StatsConfig:
    """All statistics, with the agent's tags beside Envoy's own."""
    identity, options = agent.identity, agent.settings
    mesh, gateway = mesh_name(identity.mesh), identity.kind is AppMeshResourceType.VIRTUAL_GATEWAY
    fixed_tags: list[tuple[str, str]] = []
    if options.stats_tags:
        kind = "virtual_gateway" if gateway else "virtual_node"
        fixed_tags += [("appmesh.mesh", mesh), (f"appmesh.{kind}", identity.name)]
    if options.metric_extension:
        fixed_tags += [("Mesh", mesh), ("VirtualGateway" if gateway else "VirtualNode", identity.name)]
    tags = [stats_pb2.TagSpecifier(tag_name=name, fixed_value=value) for name, value in fixed_tags]
    tags += [stats_pb2.TagSpecifier(tag_name=name, regex=regex) for name, regex in _LISTENER_TAGS]
    return stats_pb2.StatsConfig(stats_tags=tags, histogram_bucket_settings=[response_time_buckets()])
