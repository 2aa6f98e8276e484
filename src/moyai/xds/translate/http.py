"""The HTTP connection manager, for both directions.

What an application sees is what AWS shows: ``server: envoy``, ``x-request-id``,
``x-envoy-upstream-service-time``, WebSocket upgrades. HTTP/1.0 is refused, as on AWS.
"""

from __future__ import annotations

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

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import AnyLog, InboundPort, Protocol, Service
from moyai.xds.translate import names
from moyai.xds.translate.access_log import http_log
from moyai.xds.translate.proto import packed, seconds
from moyai.xds.translate.source import ads

_ENVOY_HEADERS = "x-envoy-"
"""How a request that Envoy takes for one from inside chooses retries and timeouts. They are the service's."""

_CUT_OFF = ("UC", "UR")
"""Envoy's flags for an upstream that closed the connection, or reset the stream, of a request it had been sent."""


def egress_http(service: Service, log: AnyLog | None) -> listener_components_pb2.Filter:
    """Requests to a service; which endpoint is decided by its routes."""
    manager = _manager(service.stat_name, service.protocol, router_pb2.Router())
    manager.rds.CopyFrom(_routes(names.egress_routes(service.name)))
    manager.access_log.extend(http_log(log))
    return _filter(manager)


def ingress_http(workload: WorkloadId, inbound: InboundPort, log: AnyLog | None) -> listener_components_pb2.Filter:
    """Requests to the application. Statistics by status are kept by the manager, so the router keeps none.

    Its routes come by themselves, because connections that callers keep open stay with the listener they began with.
    """
    router = router_pb2.Router()
    router.dynamic_stats.value = False
    manager = _manager(inbound.stat_name, inbound.protocol, router)
    manager.stream_idle_timeout.CopyFrom(seconds(inbound.timeouts.idle))
    manager.rds.CopyFrom(_routes(names.app_routes(workload, inbound)))
    manager.access_log.extend(http_log(log))
    if inbound.cut_request_status is not None:
        manager.local_reply_config.mappers.append(_cut_off(inbound.cut_request_status))
    return _filter(manager)


def _manager(stat_name: str, protocol: Protocol, router: router_pb2.Router) -> HttpConnectionManager:
    manager = HttpConnectionManager(stat_prefix=stat_name, early_header_mutation_extensions=[_unsteered()])
    if protocol is not Protocol.HTTP:
        manager.http_filters.append(_grpc_statuses())
    manager.http_filters.add(name="envoy.filters.http.router", typed_config=packed(router))
    if protocol is Protocol.HTTP:
        manager.upgrade_configs.append(HttpConnectionManager.UpgradeConfig(upgrade_type="websocket"))
    return manager


def _grpc_statuses() -> http_connection_manager_pb2.HttpFilter:
    """Counts gRPC's own statuses, in which calls fail under HTTP's 200."""
    counting = grpc_stats_pb2.FilterConfig(stats_for_all_methods={"value": False})
    return http_connection_manager_pb2.HttpFilter(name="envoy.filters.http.grpc_stats", typed_config=packed(counting))


def _unsteered() -> extension_pb2.TypedExtensionConfig:
    """Before anything looks at a request, take from it what would tell Envoy how to treat it."""
    mutation = mutation_rules_pb2.HeaderMutation()
    mutation.remove_on_match.key_matcher.prefix = _ENVOY_HEADERS
    steering = header_mutation_pb2.HeaderMutation(mutations=[mutation])
    return extension_pb2.TypedExtensionConfig(
        name="envoy.http.early_header_mutation.header_mutation", typed_config=packed(steering)
    )


def _routes(name: str) -> http_connection_manager_pb2.Rds:
    return http_connection_manager_pb2.Rds(config_source=ads(), route_config_name=name)


def _cut_off(status: int) -> http_connection_manager_pb2.ResponseMapper:
    flags = accesslog_pb2.ResponseFlagFilter(flags=_CUT_OFF)
    mapper = http_connection_manager_pb2.ResponseMapper(
        filter=accesslog_pb2.AccessLogFilter(response_flag_filter=flags)
    )
    mapper.status_code.value = status
    return mapper


def _filter(manager: HttpConnectionManager) -> listener_components_pb2.Filter:
    return listener_components_pb2.Filter(
        name="envoy.filters.network.http_connection_manager", typed_config=packed(manager)
    )
