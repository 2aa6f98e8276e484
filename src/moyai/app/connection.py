"""One HTTP connection, with bounds on what a client costs before it has asked anything.

Promise: a request's head (its line and headers) is taken up to a size and within a time, an answered client that
goes on sending is not listened to for ever, few requests wait behind one that is being answered, and one
client can't take all connections. Whoever goes beyond is hung up on without a word: none of it happens to a client
that behaves. The time and size of a body are the application's to bound.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


@dataclass(frozen=True)
class Patience:
    """How far it goes."""

    head_bytes: int = 64 * 1024
    head_seconds: float = 20.0
    """From a connection's beginning, or the first byte after an answer, to the end of the next head."""
    ahead: int = 16
    """Requests that may wait for their turn on a connection."""
    per_client: int = 1000
    """Connections of one address."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, bounded."""

    def __init__(self, patience: Patience, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (uvicorn's own)
        super().__init__(*args, **kwargs)
        self._patience = patience
        self._unheard = 0
        self._in_body = False
        self._upgraded = False
        self._hang_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head, if the client may have another connection."""
        super().connection_made(transport)
        self._await_head()
        if len(self.connections) > self._patience.per_client and self._has_its_share():
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._awaited()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is more than a head."""
        self._unheard += len(data)
        super().data_received(data)
        if self._upgraded:
            return
        if self._is_idle():
            self._await_head()
        if self._unheard > self._patience.head_bytes and not self._in_body:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._in_body, self._unheard = True, 0
        self._awaited()
        super().on_headers_complete()
        if len(self.pipeline) > self._patience.ahead:
            self.transport.abort()

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._in_body, self._unheard = False, 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket; a peer that vanishes without a word is found out by the kernel."""
        self._upgraded = True
        self._awaited()
        socket = self.transport.get_extra_info("socket")
        socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
        for option, value in ((TCP_KEEPIDLE, 15), (TCP_KEEPINTVL, 5), (TCP_KEEPCNT, 4)):
            socket.setsockopt(IPPROTO_TCP, option, value)
        super().handle_websocket_upgrade()

    def _has_its_share(self) -> bool:
        mine = [other for other in self.connections if isinstance(other, Connection) and other.host == self.host]
        return len(mine) > self._patience.per_client

    @property
    def host(self) -> str | None:
        """The client's address."""
        return self.client[0] if self.client else None

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None at first

    def _await_head(self) -> None:
        if self._hang_up is None and not self.transport.is_closing():
            self._hang_up = self.loop.call_later(self._patience.head_seconds, self._give_up)

    def _awaited(self) -> None:
        if self._hang_up is not None:
            self._hang_up.cancel()
            self._hang_up = None

    def _give_up(self) -> None:
        self._hang_up = None
        if self._is_idle():
            self.transport.close()
