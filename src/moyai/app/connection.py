"""One HTTP connection, with bounds on what a client costs before it has asked anything.

Promise: a request is bounded from its first byte to its last. Its head (its line and headers) is taken up to a size
and within a time; what frames its body (sizes and extensions of chunks, trailers) may be as large as a head and the
body together; trailers are dropped, and a body is read to a limit though nobody wants it. Few requests wait behind one
that is being answered, and ``admission`` has the last word on how many connections there are. Whoever goes beyond is
hung up on without a word: none of it happens to a client that behaves. The time of a body, and the size that is
answered, are the application's to bound.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from moyai.app.admission import Admission

_STEP: Final = 4096
"""Bytes that are parsed at a time. Sizes are known as exactly as that where requests follow on each other."""


@dataclass(frozen=True)
class Patience:
    """How far it goes."""

    head_bytes: int = 64 * 1024
    head_seconds: float = 20.0
    """From a connection's beginning, or the first byte after an answer, to the end of the next head."""
    body_bytes: int = 16 * 1024 * 1024
    """Of a body that is too large for the application too: so much is read for the answer to be."""
    ahead: int = 16
    """Requests that may wait for their turn on a connection."""
    per_client: int = 1000
    """Connections of one client."""
    total: int = 2000
    """Connections of all clients."""


class WebSocket(WebSocketsSansIOProtocol):
    """uvicorn's protocol, whose connection counts until it ends."""

    upgraded: Connection | None = None
    """What it was before the upgrade."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the connection's place back."""
        super().connection_lost(exc)
        if self.upgraded is not None:
            self.upgraded.leave()


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, bounded."""

    def __init__(self, patience: Patience, admission: Admission, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (uvicorn's own)
        super().__init__(*args, **kwargs)
        self._patience = patience
        self._admission = admission
        self._framing = 0
        """Bytes that were no body, since the last request or, in a body, since its head."""
        self._body = 0
        self._in_body = False
        self._upgraded = False
        self._hang_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head, if the client may have another connection."""
        super().connection_made(transport)
        if self._admission.enter(self, self.client[0] if self.client else ""):
            self._await_head()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._awaited()
        self.leave()
        super().connection_lost(exc)

    def abort(self) -> None:
        """End it now."""
        self.transport.abort()

    def leave(self) -> None:
        """Give its place back. Harmless when repeated."""
        self._admission.leave(self)

    def data_received(self, data: bytes) -> None:
        """Take what came, as far as it is within bounds."""
        taken = 0
        while taken < len(data) and not self._upgraded and not self.transport.is_closing():
            allowed = self._patience.head_bytes + self._body - self._framing
            if allowed <= 0:
                self.transport.abort()
                return
            piece = data[taken : taken + min(_STEP, allowed)]
            taken += len(piece)
            self._framing += len(piece)
            super().data_received(piece)
        if self._is_idle() and not self._upgraded:
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer is none, and nobody reads it."""
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._begin_counting(in_body=True)
        self._awaited()
        self._admission.mark_busy(self)
        super().on_headers_complete()
        if len(self.pipeline) > self._patience.ahead:
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._framing -= len(body)
        self._body += len(body)
        if self._body > self._patience.body_bytes:
            self.transport.abort()
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._begin_counting(in_body=False)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A request is answered."""
        super().on_response_complete()
        if self._is_idle():
            self._admission.mark_idle(self)

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket; a peer that vanishes without a word is found out by the kernel."""
        self._upgraded = True
        self._awaited()
        socket = self.transport.get_extra_info("socket")
        socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
        for option, value in ((TCP_KEEPIDLE, 15), (TCP_KEEPINTVL, 5), (TCP_KEEPCNT, 4)):
            socket.setsockopt(IPPROTO_TCP, option, value)
        super().handle_websocket_upgrade()
        channel = self.transport.get_protocol()
        if isinstance(channel, WebSocket):
            channel.upgraded = self

    def _begin_counting(self, *, in_body: bool) -> None:
        self._in_body, self._framing, self._body = in_body, 0, 0

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
