"""Listeners of virtual nodes, virtual routers and virtual gateways.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Listener.html, API_VirtualRouterListener.html,
API_VirtualGatewayListener.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.connection_pool import GatewayConnectionPool, NodeConnectionPool
from moyai.domain.appmesh.health_check import HealthCheckPolicy
from moyai.domain.appmesh.outlier_detection import OutlierDetection
from moyai.domain.appmesh.protocol import ListenerPort
from moyai.domain.appmesh.timeout import ListenerTimeout
from moyai.domain.appmesh.tls import ListenerTls


class NodeListener(msgspec.Struct, frozen=True):
    """A port of a virtual node's application. Timeout, connection pool and TLS apply to its own proxy; health check and
    outlier detection to its clients' proxies.
    """

    port_mapping: ListenerPort
    timeout: ListenerTimeout | None = None
    health_check: HealthCheckPolicy | None = None
    outlier_detection: OutlierDetection | None = None
    connection_pool: NodeConnectionPool | None = None
    tls: ListenerTls | None = None


class RouterListener(msgspec.Struct, frozen=True):
    """A port at which the services of a virtual router are called."""

    port_mapping: ListenerPort


class GatewayListener(msgspec.Struct, frozen=True):
    """A port at which a virtual gateway's proxy listens."""

    port_mapping: ListenerPort
    health_check: HealthCheckPolicy | None = None
    connection_pool: GatewayConnectionPool | None = None
    tls: ListenerTls | None = None
