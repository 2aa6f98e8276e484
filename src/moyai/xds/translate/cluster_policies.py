"""The policies of a Cluster: circuit breakers, outlier detection, active health checks.

Without configured limits there is no circuit breaker: AWS publishes none for Service Connect, App Mesh's proxies have
none for outgoing traffic, and Envoy's defaults (1024, and 3 retries) would refuse traffic that AWS carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from envoy.config.cluster.v3 import circuit_breaker_pb2, cluster_pb2, outlier_detection_pb2
from envoy.config.core.v3 import base_pb2, extension_pb2, health_check_pb2
from envoy.extensions.health_check.event_sinks.file.v3 import file_pb2 as file_sink_pb2
from envoy.extensions.load_balancing_policies.least_request.v3 import least_request_pb2
from envoy.type.v3 import http_pb2, range_pb2

from moyai.mesh.ir import ActiveHealthCheck, ConnectionLimits, Failure, OutlierPolicy, Protocol
from moyai.xds.translate.proto import duration, to_any

_NO_LIMIT = 2**32 - 1
_OFF, _ON = 0, 100
OTHER_SOCKET: Mapping[str, str] = MappingProxyType({"for": "health checks"})
"""Selects the transport socket of health checks that differ from requests in TLS."""
_FILE_SINK = "envoy.health_check.event_sink.file"


def circuit_breakers(limits: ConnectionLimits | None) -> circuit_breaker_pb2.CircuitBreakers:
    """Circuit breakers of the default priority with these limits and no others."""
    effective = limits or ConnectionLimits()
    thresholds = circuit_breaker_pb2.CircuitBreakers.Thresholds()
    thresholds.max_connections.value = _or_no_limit(effective.connections)
    thresholds.max_pending_requests.value = _or_no_limit(effective.pending)
    thresholds.max_requests.value = _or_no_limit(effective.requests)
    thresholds.max_retries.value = _NO_LIMIT
    return circuit_breaker_pb2.CircuitBreakers(thresholds=[thresholds])


def outlier_detection(policy: OutlierPolicy) -> outlier_detection_pb2.OutlierDetection:
    """The policy, with Envoy's other detectors off. Envoy's maximum ejection time must be at least the base."""
    message = outlier_detection_pb2.OutlierDetection(
        interval=duration(policy.interval),
        base_ejection_time=duration(min(policy.base_ejection, policy.max_ejection)),
        max_ejection_time=duration(policy.max_ejection),
    )
    message.max_ejection_percent.value = policy.max_ejection_percent
    message.enforcing_success_rate.value = _OFF
    match policy.counted_failures:
        case Failure.NO_ANSWER:
            message.consecutive_gateway_failure.value = policy.consecutive_failures
            message.enforcing_consecutive_gateway_failure.value = _ON
            message.enforcing_consecutive_5xx.value = _OFF
        case Failure.SERVER_ERROR:
            message.consecutive_5xx.value = policy.consecutive_failures
            message.enforcing_consecutive_5xx.value = _ON
            message.enforcing_consecutive_gateway_failure.value = _OFF
    return message


def health_check(check: ActiveHealthCheck) -> health_check_pb2.HealthCheck:
    """An active health check. Its interval is the same without traffic, where Envoy's default is a minute."""
    message = health_check_pb2.HealthCheck(
        timeout=duration(check.timeout),
        interval=duration(check.interval),
        no_traffic_interval=duration(check.interval),
    )
    message.healthy_threshold.value = check.healthy_threshold
    message.unhealthy_threshold.value = check.unhealthy_threshold
    if check.port is not None:
        message.alt_port.value = check.port
    match check.protocol:
        case Protocol.TCP:
            message.tcp_health_check.SetInParent()
        case Protocol.GRPC:
            message.grpc_health_check.SetInParent()
        case Protocol.HTTP:
            _add_request(message.http_health_check, check)
        case Protocol.HTTP2:
            _add_request(message.http_health_check, check)
            message.http_health_check.codec_client_type = http_pb2.HTTP2
    if not check.reuses_connections:
        message.reuse_connection.value = False
    if check.differs_in_tls:
        message.transport_socket_match_criteria.update(OTHER_SOCKET)
    if check.log:
        sink = file_sink_pb2.HealthCheckEventFileSink(event_log_path=check.log)
        message.event_logger.add(name=_FILE_SINK, typed_config=to_any(sink))
        message.always_log_health_check_failures = True
    return message


def _add_request(request: health_check_pb2.HealthCheck.HttpHealthCheck, check: ActiveHealthCheck) -> None:
    """Set the request of an HTTP health check, and the statuses that count as healthy."""
    request.path = check.path
    if check.method != "GET":
        request.method = base_pb2.RequestMethod.Value(check.method)
    for name, value in check.headers:
        header = request.request_headers_to_add.add(append_action=base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD)
        header.header.key, header.header.value = name, value
    request.expected_statuses.extend(range_pb2.Int64Range(start=r.start, end=r.end) for r in check.statuses)


def fewest_requests() -> cluster_pb2.LoadBalancingPolicy:
    """Selects the endpoint with the fewest active requests of all."""
    config = least_request_pb2.LeastRequest(selection_method=least_request_pb2.LeastRequest.FULL_SCAN)
    extension = extension_pb2.TypedExtensionConfig(
        name="envoy.load_balancing_policies.least_request", typed_config=to_any(config)
    )
    return cluster_pb2.LoadBalancingPolicy(
        policies=[cluster_pb2.LoadBalancingPolicy.Policy(typed_extension_config=extension)]
    )


def _or_no_limit(limit: int | None) -> int:
    return _NO_LIMIT if limit is None else limit
