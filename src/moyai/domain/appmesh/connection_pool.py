"""Limits of connections and requests between a proxy and its own application.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualNodeConnectionPool.html,
API_VirtualGatewayConnectionPool.html
"""

from __future__ import annotations

import msgspec


class TcpConnectionPool(msgspec.Struct, frozen=True):
    """The limits of a TCP listener."""

    max_connections: int


class HttpConnectionPool(msgspec.Struct, frozen=True):
    """The limits of an HTTP listener. ``max_pending_requests``: None is no limit."""

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
    def one(self) -> TcpConnectionPool | HttpConnectionPool | Http2ConnectionPool | None:
        """The member that is set."""
        return self.tcp or self.http or self.http2 or self.grpc


class GatewayConnectionPool(msgspec.Struct, frozen=True):
    """The limits of a virtual gateway's listener, which can't be TCP."""

    http: HttpConnectionPool | None = None
    http2: Http2ConnectionPool | None = None
    grpc: Http2ConnectionPool | None = None

    @property
    def one(self) -> HttpConnectionPool | Http2ConnectionPool | None:
        """The member that is set."""
        return self.http or self.http2 or self.grpc
