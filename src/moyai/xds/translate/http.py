"""The HTTP connection manager, for both directions.

Applications see the same as on AWS: ``server: envoy``, ``x-request-id``, ``x-envoy-upstream-service-time`` and
WebSocket upgrades. HTTP/1.0 is refused, as on AWS.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.common.mutation_rules.v3 import mutation_rules_pb2
from envoy.config.core.v3 import extension_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.http.grpc_stats.v3 import config_pb2 as grpc_stats_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.http.early_header_mutation.header_mutation.v3 import header_mutation_pb2

from moyai.mesh.ir import AnyLog, InboundPort, MeshService, OutboundPort, Protocol, Workload
from moyai.xds.translate import names
from moyai.xds.translate.access_log import attempt_log, http_log
from moyai.xds.translate.placement import WorkloadPlace, stat_name_at
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.source import ads_source
from moyai.xds.translate.target_counts import attempt_counts, task_tags, unanswered_requests

_ENVOY_HEADERS = "x-envoy-"
"""Prefix of the headers by which a request could override the service's retries and timeouts."""

_CUT_OFF = ("UC", "UR")
"""Envoy's response flags for an upstream that closed the connection, or reset the stream, of a request in flight."""


class HttpSettings(NamedTuple):
    """A workload's settings for all its connection managers. ``normal_paths``: whether paths are normalised; ``place``:
    the workload's place, if a host's Envoy serves it.
    """

    log: AnyLog | None
    traced: bool
    normal_paths: bool
    place: WorkloadPlace | None


def http_settings(workload: Workload, place: WorkloadPlace | None) -> HttpSettings:
    """The settings of this workload's connection managers."""
    return HttpSettings(workload.access_log, workload.traced, workload.normal_paths, place)


def egress_http(service: MeshService, settings: HttpSettings) -> listener_components_pb2.Filter:
    """The connection manager for requests to one service."""
    manager = _manager(service.stat_name, service.protocol, settings)
    manager.access_log.append(unanswered_requests(manager.stat_prefix))
    if settings.traced:
        manager.tracing.spawn_upstream_span.value = True  # a span for each attempt
    router = _counting_router(service.protocol, settings)
    if settings.place is not None:
        router.upstream_log.extend(map(attempt_log, service.target_logs))
    manager.http_filters.append(_router(router))
    manager.rds.CopyFrom(_routes(names.egress_routes(service.name, settings.place)))
    if settings.place is not None and service.cut_request_status is not None:
        manager.local_reply_config.mappers.append(_cut_off(service.cut_request_status))
    return _filter(manager)


def outbound_http(workload: Workload, port: OutboundPort, settings: HttpSettings) -> listener_components_pb2.Filter:
    """The connection manager for requests to a port of any address, which are routed by their host."""
    manager = _manager(port.stat_name, port.protocol, settings)
    manager.http_filters.append(_router(router_pb2.Router()))
    manager.stream_idle_timeout.CopyFrom(duration(port.idle))
    manager.rds.CopyFrom(_routes(names.outbound_routes(workload, port)))
    return _filter(manager)


def ingress_http(workload: Workload, inbound: InboundPort, settings: HttpSettings) -> listener_components_pb2.Filter:
    """The connection manager for requests to the application. It counts responses by status, so the router's own counts
    are on only where the cluster has a label, as in App Mesh.

    Its routes come by RDS, because connections that callers keep open stay with the listener that accepted them.
    """
    router = _counting_router(inbound.protocol, settings)
    manager = _manager(inbound.stat_name, inbound.protocol, settings, workload.removed_headers)
    if not inbound.hosts and not inbound.cluster_label:
        router.dynamic_stats.value = False
        if settings.place is None:
            manager.access_log.append(unanswered_requests(manager.stat_prefix))
    manager.http_filters.append(_router(router))
    manager.stream_idle_timeout.CopyFrom(duration(inbound.timeouts.idle))
    manager.rds.CopyFrom(_routes(names.inbound_routes(workload, inbound)))
    if inbound.cut_request_status is not None:
        manager.local_reply_config.mappers.append(_cut_off(inbound.cut_request_status))
    return _filter(manager)


def _manager(
    stat_name: str, protocol: Protocol, settings: HttpSettings, headers_to_remove: Iterable[str] = ()
) -> HttpConnectionManager:
    manager = HttpConnectionManager(
        stat_prefix=stat_name_at(stat_name, settings.place),
        access_log=http_log(settings.log, settings.place),
        early_header_mutation_extensions=[_header_removal(headers_to_remove)],
    )
    if protocol is Protocol.HTTP:
        manager.upgrade_configs.append(HttpConnectionManager.UpgradeConfig(upgrade_type="websocket"))
    else:
        manager.http_filters.append(_grpc_statuses())
    if settings.traced:
        manager.tracing.SetInParent()
    if settings.traced and settings.place is not None:
        manager.tracing.custom_tags.extend(task_tags(settings.place))
        manager.tracing.random_sampling.value = settings.place.sampling
    if settings.normal_paths:
        manager.normalize_path.value = True
        manager.merge_slashes = True
        manager.path_with_escaped_slashes_action = HttpConnectionManager.KEEP_UNCHANGED
    return manager


def _grpc_statuses() -> http_connection_manager_pb2.HttpFilter:
    """The filter that counts gRPC statuses, since a failed call has HTTP status 200."""
    config = grpc_stats_pb2.FilterConfig(stats_for_all_methods={"value": False})
    return http_connection_manager_pb2.HttpFilter(name="envoy.filters.http.grpc_stats", typed_config=to_any(config))


def _counting_router(protocol: Protocol, settings: HttpSettings) -> router_pb2.Router:
    """The router's configuration; in a host's Envoy, it counts each attempt for the target."""
    return router_pb2.Router(upstream_log=() if settings.place is None else attempt_counts(protocol))


def _router(router: router_pb2.Router) -> http_connection_manager_pb2.HttpFilter:
    return http_connection_manager_pb2.HttpFilter(name="envoy.filters.http.router", typed_config=to_any(router))


def _header_removal(headers: Iterable[str]) -> extension_pb2.TypedExtensionConfig:
    """Removes the headers that would change Envoy's treatment of a request, and those in ``headers``, before any other
    part of Envoy reads them.
    """
    envoy_headers = mutation_rules_pb2.HeaderMutation()
    envoy_headers.remove_on_match.key_matcher.prefix = _ENVOY_HEADERS
    mutations = [envoy_headers, *(mutation_rules_pb2.HeaderMutation(remove=name) for name in headers)]
    return extension_pb2.TypedExtensionConfig(
        name="envoy.http.early_header_mutation.header_mutation",
        typed_config=to_any(header_mutation_pb2.HeaderMutation(mutations=mutations)),
    )


def _routes(name: str) -> http_connection_manager_pb2.Rds:
    return http_connection_manager_pb2.Rds(config_source=ads_source(), route_config_name=name)


def _cut_off(status: int) -> http_connection_manager_pb2.ResponseMapper:
    flags = accesslog_pb2.ResponseFlagFilter(flags=_CUT_OFF)
    mapper = http_connection_manager_pb2.ResponseMapper(
        filter=accesslog_pb2.AccessLogFilter(response_flag_filter=flags)
    )
    mapper.status_code.value = status
    return mapper


def _filter(manager: HttpConnectionManager) -> listener_components_pb2.Filter:
    return listener_components_pb2.Filter(
        name="envoy.filters.network.http_connection_manager", typed_config=to_any(manager)
    )
