"""The WebSocket protocol of the HTTP servers: apart from them, because the first WebSocket imports its libraries."""

from __future__ import annotations

from collections.abc import Callable

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class WebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which says when its connection has ended."""

    on_end: Callable[[], None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Call ``on_end``."""
        super().connection_lost(exc)
        if self.on_end is not None:
            self.on_end()
