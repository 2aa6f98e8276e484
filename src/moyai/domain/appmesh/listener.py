"""Listeners of virtual nodes, virtual routers and virtual gateways, with their limits and health checks.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Listener.html, API_VirtualRouterListener.html,
API_VirtualGatewayListener.html, API_HealthCheckPolicy.html, API_OutlierDetection.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from moyai.domain.appmesh.timeout import Duration, ListenerTimeout
from moyai.domain.appmesh.tls import ListenerTls


class PortProtocol(StrEnum):
    """A listener's protocol; a virtual gateway's is never ``tcp``."""

    HTTP = "http"
    HTTP2 = "http2"
    GRPC = "grpc"
    TCP = "tcp"


class ListenerPort(msgspec.Struct, frozen=True):
    """A port and its protocol (``PortMapping`` in the API)."""

    port: int
    protocol: PortProtocol


class TcpConnectionPool(msgspec.Struct, frozen=True):
    """The limits of a TCP listener."""

    max_connections: int


class HttpConnectionPool(msgspec.Struct, frozen=True):
    """The limits of an HTTP listener. ``max_pending_requests``: None = no limit."""

    max_connections: int
    max_pending_requests: int | None = None


class Http2ConnectionPool(msgspec.Struct, frozen=True):
    """The limits of an HTTP/2 or gRPC listener."""

    max_requests: int


class NodeConnectionPool(msgspec.Struct, frozen=True):
    """The limits of a virtual node's listener: the member of its protocol is set."""

    tcp: TcpConnectionPool | None = None
    http: HttpConnectionPool | None = None
    http2: Http2ConnectionPool | None = None
    grpc: Http2ConnectionPool | None = None

    @property
    def member(self) -> TcpConnectionPool | HttpConnectionPool | Http2ConnectionPool | None:
        """The member that is set."""
        return self.tcp or self.http or self.http2 or self.grpc


class GatewayConnectionPool(msgspec.Struct, frozen=True):
    """The limits of a virtual gateway's listener, which can't be TCP."""

    http: HttpConnectionPool | None = None
    http2: Http2ConnectionPool | None = None
    grpc: Http2ConnectionPool | None = None

    @property
    def member(self) -> HttpConnectionPool | Http2ConnectionPool | None:
        """The member that is set."""
        return self.http or self.http2 or self.grpc


class HealthCheckPolicy(msgspec.Struct, frozen=True):
    """A health check. ``path``: for HTTP and HTTP/2 only; ``port``: that of the listener, or None, which means the
    same.
    """

    healthy_threshold: int
    unhealthy_threshold: int
    interval_millis: int
    timeout_millis: int
    protocol: PortProtocol
    path: str | None = None
    port: int | None = None


class OutlierDetection(msgspec.Struct, frozen=True):
    """A member is ejected after ``max_server_errors`` in a row, which are counted each ``interval``."""

    max_server_errors: int
    interval: Duration
    base_ejection_duration: Duration
    max_ejection_percent: int


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
