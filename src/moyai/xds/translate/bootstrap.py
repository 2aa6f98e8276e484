"""The bootstrap of a Service Connect proxy: its identity, the control plane's sockets, its admin socket.

The runtime fills in three placeholders: ``{run}``, the proxy's private directory, and ``{xds}`` and ``{statistics}``,
the paths of the control plane's sockets. Everything else comes over one delta ADS stream. App Mesh's proxies have an
``agent_bootstrap`` instead.
"""

from __future__ import annotations

from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.extensions.bootstrap.internal_listener.v3 import internal_listener_pb2
from google.protobuf.json_format import MessageToJson

from moyai.kernel.ids import ProxyId
from moyai.mesh.ir import Workload
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from moyai.xds.translate.cluster import peers_cluster, pipe_cluster, statistics_cluster
from moyai.xds.translate.control_plane import ads_stream
from moyai.xds.translate.front_limits import RUNTIME
from moyai.xds.translate.names import LOCAL_CLUSTER, XDS_CLUSTER
from moyai.xds.translate.overload import FRONT_ACTIONS, HOST_ACTIONS, bound_heap, connection_limit
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.source import ads_source
from moyai.xds.translate.stats import http_sink, stats_config
from moyai.xds.translate.tracer import trace_to_control_plane

_OWNER_ONLY = 0o600
_REGEX_SIZE = 1_000_000
_OVERLOAD_INTERVAL = 0.25
"""Seconds between two measurements of a host's Envoy."""
_HUNG_AFTER = 30
"""Seconds without progress of a thread after which a host's Envoy ends itself, to be started again."""
_EXPORTS_UNTIL_EVICTION = 60
"""Exports after which a host's Envoy forgets unused statistics of access loggers, because targets come and go."""


def bootstrap(workload: Workload, settings: BootstrapSettings, proxy: ProxyId) -> bytes:
    """The bootstrap of one proxy of this workload, as JSON in UTF-8."""
    node = base_pb2.Node(id=workload.id, cluster="moyai", locality=base_pb2.Locality(zone=workload.zone))
    message = _bootstrap(node, settings, proxy)
    message.stats_config.CopyFrom(stats_config(is_front=workload.is_front))
    if workload.is_front:
        message.layered_runtime.CopyFrom(_front_runtime())
        bound_heap(message.overload_manager, FRONT_ACTIONS)
    elif settings.trace_sampling:
        trace_to_control_plane(message, proxy, settings.trace_sampling)
    if workload.peers is not None:
        message.cluster_manager.local_cluster_name = LOCAL_CLUSTER
        message.static_resources.clusters.append(peers_cluster(workload.peers))
    return to_json(message)


def host_bootstrap(proxy: ProxyId, settings: BootstrapSettings) -> bytes:
    """The bootstrap of a host's Envoy, which serves several workloads, as JSON in UTF-8. It always has a tracer,
    because the Envoy outlives the control plane; its listeners determine how many requests are traced.
    """
    message = _bootstrap(base_pb2.Node(id=proxy, cluster="moyai"), settings, proxy)
    message.stats_config.CopyFrom(stats_config(is_host=True))
    bound_heap(message.overload_manager, HOST_ACTIONS)
    message.overload_manager.refresh_interval.CopyFrom(duration(_OVERLOAD_INTERVAL))
    message.watchdogs.worker_watchdog.kill_timeout.CopyFrom(duration(_HUNG_AFTER))
    message.watchdogs.main_thread_watchdog.kill_timeout.CopyFrom(duration(_HUNG_AFTER))
    message.stats_eviction_interval.CopyFrom(duration(settings.stats_interval * _EXPORTS_UNTIL_EVICTION))
    trace_to_control_plane(message, proxy)
    message.bootstrap_extensions.add(
        name="envoy.bootstrap.internal_listener", typed_config=to_any(internal_listener_pb2.InternalListener())
    )
    return to_json(message)


def _bootstrap(node: base_pb2.Node, settings: BootstrapSettings, proxy: ProxyId) -> bootstrap_pb2.Bootstrap:
    return bootstrap_pb2.Bootstrap(
        node=node,
        admin=_admin(),
        static_resources=bootstrap_pb2.Bootstrap.StaticResources(
            clusters=[pipe_cluster(XDS_CLUSTER, "{xds}"), statistics_cluster()]
        ),
        dynamic_resources=bootstrap_pb2.Bootstrap.DynamicResources(
            ads_config=ads_stream(proxy), cds_config=ads_source(), lds_config=ads_source()
        ),
        stats_sinks=[http_sink(proxy)],
        stats_flush_interval=duration(settings.stats_interval),
        overload_manager=connection_limit(settings),
    )


def to_json(message: bootstrap_pb2.Bootstrap) -> bytes:
    """A bootstrap in the form that Envoy reads."""
    return MessageToJson(message, preserving_proto_field_name=True, sort_keys=True).encode()


def _front_runtime() -> bootstrap_pb2.LayeredRuntime:
    """The runtime of a front proxy, whose routes have regular expressions of any size that their API accepts."""
    layer = bootstrap_pb2.RuntimeLayer(name="static")
    layer.static_layer.update({"re2.max_program_size.error_level": _REGEX_SIZE, **RUNTIME})
    return bootstrap_pb2.LayeredRuntime(layers=[layer])


def _admin() -> bootstrap_pb2.Admin:
    pipe = address_pb2.Pipe(path="{run}/admin.sock", mode=_OWNER_ONLY)
    return bootstrap_pb2.Admin(address=address_pb2.Address(pipe=pipe))
