"""What the figures of App Mesh's proxies are called in CloudWatch: as App Mesh's metric extension named them, and ours.

Promise: ``envoy.appmesh.…`` are the metrics of version 1 of the extension, with its dimensions and no others. AWS had
everybody choose their namespace, so a mesh may have a tag that says which; ``Moyai/AppMesh`` is it otherwise, and what
the extension did not have is always there.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/metrics.html (the metrics extension)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moyai.telemetry.envoy_stats import Figure, Gauge, Side
from moyai.telemetry.names import Kind, Named
from moyai.telemetry.totals import Part

OWN: Final = "Moyai/AppMesh"
EXTENSION: Final = ""
"""In place of the namespace that the mesh's tag says."""
_PREFIX: Final = "envoy.appmesh."


def _extension(name: str, unit: str, side: Side, figure: Figure | Gauge | None, kind: Kind = Kind.COUNT) -> Named:
    return Named(EXTENSION, _PREFIX + name, unit, side, figure, kind)


def _of_target(name: str, figure: Figure | Gauge, kind: Kind = Kind.COUNT) -> Named:
    return Named(OWN, name, "Count", Side.CLIENT, figure, kind)


REQUESTS: Final = _of_target("TargetRequestCount", Figure.REQUESTS)
CONNECTIONS: Final = _of_target("TargetConnectionCount", Figure.CONNECTIONS)
FAILURES: Final = _of_target("RequestFailureCount", Figure.FAILURES)
RETRIES: Final = _of_target("RetryCount", Figure.RETRIES)
TIMEOUTS: Final = _of_target("RequestTimeoutCount", Figure.TIMEOUTS)
EJECTED: Final = _of_target("EjectedTargetCount", Gauge.EJECTED, Kind.LEVEL)
TIME: Final = _extension("TargetResponseTime", "Milliseconds", Side.CLIENT, None, Kind.TIME)

OF_PROXY: Final = (_extension("ActiveConnectionCount", "Count", Side.SERVER, Gauge.OPEN_CONNECTIONS, Kind.LEVEL),)
OF_LISTENER: Final = (
    _extension("NewConnectionCount", "Count", Side.SERVER, Figure.CONNECTIONS),
    _extension("ProcessedBytes", "Bytes", Side.SERVER, Figure.BYTES),
    _extension("RequestCount", "Count", Side.SERVER, Figure.REQUESTS),
)
OF_GRPC_LISTENER: Final = (_extension("GrpcRequestCount", "Count", Side.SERVER, Figure.REQUESTS),)
OF_HANDSHAKES: Final = (Named(OWN, "ClientTLSNegotiationErrorCount", "Count", Side.SERVER, Figure.TLS_ERRORS),)
OF_TARGET: Final = (
    _extension("HTTPCode_Target_2XX_Count", "Count", Side.CLIENT, Figure.CODE_2XX),
    _extension("HTTPCode_Target_3XX_Count", "Count", Side.CLIENT, Figure.CODE_3XX),
    _extension("HTTPCode_Target_4XX_Count", "Count", Side.CLIENT, Figure.CODE_4XX),
    _extension("HTTPCode_Target_5XX_Count", "Count", Side.CLIENT, Figure.CODE_5XX),
    _extension("RequestCountPerTarget", "Count", Side.CLIENT, Figure.REQUESTS, Kind.SHARE),
    _extension("TargetProcessedBytes", "Bytes", Side.CLIENT, Figure.BYTES),
    TIME,
    REQUESTS,
    CONNECTIONS,
    FAILURES,
    RETRIES,
    TIMEOUTS,
    EJECTED,
    _of_target("TargetTLSNegotiationErrorCount", Figure.TLS_ERRORS),
)
OF_ROUTE: Final = (
    Named(OWN, "RouteRequestCount", "Count", Side.CLIENT, Figure.REQUESTS),
    Named(OWN, "RouteFailureCount", "Count", Side.CLIENT, Figure.FAILURES),
    Named(OWN, "RouteResponseTime", "Milliseconds", Side.CLIENT, None, Kind.TIME),
)


def dimensions_of(part: Part, service: str, target: str) -> tuple[tuple[str, str], ...]:
    """Beside those of the proxy itself."""
    return tuple(zip(_DIMENSIONS.get(part, ()), (service, target), strict=False))


def labels_of(part: Part, service: str, target: str) -> tuple[tuple[str, str], ...]:
    """The same, for others than CloudWatch."""
    return tuple(zip(_LABELS.get(part, ()), (service, target), strict=False))


_DIMENSIONS: Mapping[Part, tuple[str, str]] = MappingProxyType(
    {
        Part.TARGET: ("TargetVirtualService", "TargetVirtualNode"),
        Part.ROUTE: ("TargetVirtualService", "Route"),
        Part.GATEWAY_ROUTE: ("TargetVirtualService", "GatewayRoute"),
    }
)
_LABELS: Mapping[Part, tuple[str, str]] = MappingProxyType(
    {
        Part.TARGET: ("virtual_service", "target_virtual_node"),
        Part.ROUTE: ("virtual_service", "route"),
        Part.GATEWAY_ROUTE: ("virtual_service", "gateway_route"),
    }
)
