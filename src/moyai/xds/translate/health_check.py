"""Active health: endpoints are asked how they are, and left alone while they don't answer well."""

from __future__ import annotations

from envoy.config.core.v3 import health_check_pb2
from envoy.type.v3 import http_pb2

from moyai.mesh.ir import HealthCheck, Protocol
from moyai.xds.translate.proto import seconds


def health_check(asked: HealthCheck) -> health_check_pb2.HealthCheck:
    """The check, at the same pace whether or not there is traffic: Envoy's own without is once a minute."""
    message = health_check_pb2.HealthCheck(
        timeout=seconds(asked.timeout), interval=seconds(asked.interval), no_traffic_interval=seconds(asked.interval)
    )
    message.healthy_threshold.value = asked.healthy_threshold
    message.unhealthy_threshold.value = asked.unhealthy_threshold
    if asked.port is not None:
        message.alt_port.value = asked.port
    match asked.protocol:
        case Protocol.TCP:
            message.tcp_health_check.SetInParent()
        case Protocol.GRPC:
            message.grpc_health_check.SetInParent()
        case Protocol.HTTP:
            message.http_health_check.path = asked.path
        case Protocol.HTTP2:
            message.http_health_check.path = asked.path
            message.http_health_check.codec_client_type = http_pb2.HTTP2
    return message
