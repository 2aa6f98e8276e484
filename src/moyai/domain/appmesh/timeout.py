"""Timeouts of listeners and routes.

Promise: None means the default; a duration of 0 switches the timeout off.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ListenerTimeout.html, API_HttpTimeout.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.duration import Duration


class TcpTimeout(msgspec.Struct, frozen=True):
    """The timeout of idle TCP connections."""

    idle: Duration | None = None


class HttpTimeout(msgspec.Struct, frozen=True):
    """The timeouts of requests with HTTP, HTTP/2 or gRPC."""

    idle: Duration | None = None
    per_request: Duration | None = None


class ListenerTimeout(msgspec.Struct, frozen=True):
    """The timeouts of a listener: the member of its protocol is set."""

    tcp: TcpTimeout | None = None
    http: HttpTimeout | None = None
    http2: HttpTimeout | None = None
    grpc: HttpTimeout | None = None

    @property
    def one(self) -> TcpTimeout | HttpTimeout | None:
        """The member that is set."""
        return self.tcp or self.http or self.http2 or self.grpc
