"""How much may be under way at once between a proxy and its own application.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualNodeConnectionPool.html,
API_VirtualGatewayConnectionPool.html
"""

from __future__ import annotations

import msgspec


class TcpConnectionPool(msgspec.Struct, frozen=True):
    """Of a listener that speaks tcp."""

    max_connections: int


class HttpConnectionPool(msgspec.Struct, frozen=True):
    """Of a listener that speaks http. ``max_pending_requests``: None is as many as there can be."""

    max_connections: int
    max_pending_requests: int | None = None


class Http2ConnectionPool(msgspec.Struct, frozen=True):
    """Of a listener that speaks http2 or grpc."""

    max_requests: int


class NodeConnectionPool(msgspec.Struct, frozen=True):
    """A union: the member that is set is the one of the listener's protocol."""

    tcp: TcpConnectionPool | None = None
    http: HttpConnectionPool | None = None
    http2: Http2ConnectionPool | None = None
    grpc: Http2ConnectionPool | None = None

    @property
    def one(self) -> TcpConnectionPool | HttpConnectionPool | Http2ConnectionPool | None:
        """The member that is set."""
        return self.tcp or self.http or self.http2 or self.grpc


class GatewayConnectionPool(msgspec.Struct, frozen=True):
    """The same of a virtual gateway, which does not speak tcp."""

    http: HttpConnectionPool | None = None
    http2: Http2ConnectionPool | None = None
    grpc: Http2ConnectionPool | None = None

    @property
    def one(self) -> HttpConnectionPool | Http2ConnectionPool | None:
        """The member that is set."""
        return self.http or self.http2 or self.grpc
