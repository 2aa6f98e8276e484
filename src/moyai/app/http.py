"""HTTP servers inside a process that owns its signals: uvicorn on a socket that is handed in."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import Any, Self

import uvicorn

from moyai.api.data_channel.message import LARGEST_FRAME
from moyai.app.admission import Admission
from moyai.app.connection import Connection, Patience, WebSocket

_KEEP_ALIVE = 75
_PING_EVERY = 20.0
_BACKLOG = 1024
_GRACE = 5


class HttpServer(uvicorn.Server):
    """One ASGI application on one listening socket, until it is closed."""

    def __init__(self, app: Any, sock: socket, patience: Patience | None = None) -> None:  # noqa: ANN401 (uvicorn's own type for an application)
        patience = patience or Patience()
        admission = Admission(patience.per_client, patience.total)
        config = uvicorn.Config(
            app,
            loop="none",
            http=functools.partial(Connection, patience, admission),  # type: ignore[arg-type]  # it is only called
            ws=WebSocket,
            ws_max_size=LARGEST_FRAME,
            ws_ping_interval=_PING_EVERY,
            ws_ping_timeout=None,  # a client whose screen stands still does not answer, and may
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_GRACE,
            backlog=_BACKLOG,
        )
        super().__init__(config)
        # Head and body leave in two writes; without this the second waits 40 ms for the client's delayed ACK. asyncio
        # sets it only on sockets that were made with their protocol named. Connections inherit it.
        sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._sock = sock
        self._serving: asyncio.Task[None] | None = None

    async def open(self) -> Self:
        """Begin to answer."""
        self._serving = asyncio.create_task(self.serve(sockets=[self._sock]))
        return self

    async def close(self) -> None:
        """Stop answering, let what is being answered finish, and close the socket."""
        self.should_exit = True
        if self._serving is not None:
            await self._serving
        self._sock.close()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield
