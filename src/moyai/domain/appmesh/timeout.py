"""How long something may take, at a listener and on a route.

Promise: None is what was not said; a duration of 0 switches the timeout off.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ListenerTimeout.html, API_HttpTimeout.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.duration import Duration


class TcpTimeout(msgspec.Struct, frozen=True):
    """Of a connection on which nothing goes."""

    idle: Duration | None = None


class HttpTimeout(msgspec.Struct, frozen=True):
    """Of a request, http, http2 or grpc."""

    idle: Duration | None = None
    per_request: Duration | None = None


class ListenerTimeout(msgspec.Struct, frozen=True):
    """A union: the member that is set is the one of the listener's protocol."""

    tcp: TcpTimeout | None = None
    http: HttpTimeout | None = None
    http2: HttpTimeout | None = None
    grpc: HttpTimeout | None = None

    @property
    def one(self) -> TcpTimeout | HttpTimeout | None:
        """The member that is set."""
        return self.tcp or self.http or self.http2 or self.grpc
