"""The CloudWatch metrics of App Mesh's proxies: those of App Mesh's metric extension, and moyai's own.

Promise: ``envoy.appmesh.…`` are the metrics of version 1 of the extension, with exactly its dimensions. On AWS users
chose the namespace of these metrics, so a tag of the mesh may name one; without the tag they are in ``Moyai/AppMesh``.
Metrics that the extension does not have are always in ``Moyai/AppMesh``.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/metrics.html (the metrics extension)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moyai.telemetry.reporters.envoy_stats import EndpointCounter, EndpointGauge, Side
from moyai.telemetry.reporters.reporter import MetricDefinition, ProxyPart
from moyai.telemetry.values import SampleKind

OWN_NAMESPACE: Final = "Moyai/AppMesh"
EXTENSION_NAMESPACE: Final = ""
"""A placeholder for the namespace in the mesh's tag."""
_PREFIX: Final = "envoy.appmesh."


def _extension(
    name: str,
    unit: str,
    side: Side,
    source: EndpointCounter | EndpointGauge | None,
    kind: SampleKind = SampleKind.COUNT,
) -> MetricDefinition:
    return MetricDefinition(EXTENSION_NAMESPACE, _PREFIX + name, unit, side, source, kind)


def _own(
    name: str, side: Side, source: EndpointCounter | EndpointGauge | None, kind: SampleKind = SampleKind.COUNT
) -> MetricDefinition:
    unit = "Milliseconds" if kind is SampleKind.TIME else "Count"
    return MetricDefinition(OWN_NAMESPACE, name, unit, side, source, kind)


PROXY_METRICS: Final = (
    _extension("ActiveConnectionCount", "Count", Side.SERVER, EndpointGauge.OPEN_CONNECTIONS, SampleKind.LEVEL),
)
LISTENER_METRICS: Final = (
    _extension("NewConnectionCount", "Count", Side.SERVER, EndpointCounter.CONNECTIONS),
    _extension("ProcessedBytes", "Bytes", Side.SERVER, EndpointCounter.BYTES),
    _extension("RequestCount", "Count", Side.SERVER, EndpointCounter.REQUESTS),
)
GRPC_LISTENER_METRICS: Final = (_extension("GrpcRequestCount", "Count", Side.SERVER, EndpointCounter.REQUESTS),)
HANDSHAKE_METRICS: Final = (_own("ClientTLSNegotiationErrorCount", Side.SERVER, EndpointCounter.TLS_ERRORS),)
TARGET_METRICS: Final = (
    _extension("HTTPCode_Target_2XX_Count", "Count", Side.CLIENT, EndpointCounter.CODE_2XX),
    _extension("HTTPCode_Target_3XX_Count", "Count", Side.CLIENT, EndpointCounter.CODE_3XX),
    _extension("HTTPCode_Target_4XX_Count", "Count", Side.CLIENT, EndpointCounter.CODE_4XX),
    _extension("HTTPCode_Target_5XX_Count", "Count", Side.CLIENT, EndpointCounter.CODE_5XX),
    _extension("RequestCountPerTarget", "Count", Side.CLIENT, EndpointCounter.REQUESTS, SampleKind.SHARE),
    _extension("TargetProcessedBytes", "Bytes", Side.CLIENT, EndpointCounter.BYTES),
    _extension("TargetResponseTime", "Milliseconds", Side.CLIENT, None, SampleKind.TIME),
    _own("TargetRequestCount", Side.CLIENT, EndpointCounter.REQUESTS),
    _own("TargetConnectionCount", Side.CLIENT, EndpointCounter.CONNECTIONS),
    _own("RequestFailureCount", Side.CLIENT, EndpointCounter.FAILURES),
    _own("RetryCount", Side.CLIENT, EndpointCounter.RETRIES),
    _own("RequestTimeoutCount", Side.CLIENT, EndpointCounter.TIMEOUTS),
    _own("EjectedTargetCount", Side.CLIENT, EndpointGauge.EJECTED, SampleKind.LEVEL),
    _own("TargetTLSNegotiationErrorCount", Side.CLIENT, EndpointCounter.TLS_ERRORS),
)
ROUTE_METRICS: Final = (
    _own("RouteRequestCount", Side.CLIENT, EndpointCounter.REQUESTS),
    _own("RouteFailureCount", Side.CLIENT, EndpointCounter.FAILURES),
    _own("RouteResponseTime", Side.CLIENT, None, SampleKind.TIME),
)


def dimensions_of(part: ProxyPart, service: str, target: str) -> tuple[tuple[str, str], ...]:
    """The dimensions of a part of a proxy, without the dimensions of the proxy itself."""
    return tuple(zip(_DIMENSIONS.get(part, ()), (service, target), strict=False))


def labels_of(part: ProxyPart, service: str, target: str) -> tuple[tuple[str, str], ...]:
    """The values of ``dimensions_of`` under Prometheus's and OpenTelemetry's names."""
    return tuple(zip(_LABELS.get(part, ()), (service, target), strict=False))


_DIMENSIONS: Mapping[ProxyPart, tuple[str, str]] = MappingProxyType(
    {
        ProxyPart.TARGET: ("TargetVirtualService", "TargetVirtualNode"),
        ProxyPart.ROUTE: ("TargetVirtualService", "Route"),
        ProxyPart.GATEWAY_ROUTE: ("TargetVirtualService", "GatewayRoute"),
    }
)
_LABELS: Mapping[ProxyPart, tuple[str, str]] = MappingProxyType(
    {
        ProxyPart.TARGET: ("virtual_service", "target_virtual_node"),
        ProxyPart.ROUTE: ("virtual_service", "route"),
        ProxyPart.GATEWAY_ROUTE: ("virtual_service", "gateway_route"),
    }
)
