"""HTTP servers of this process: uvicorn on a given socket, with limits on what a client costs before it sends a
request.

Promise: a request is bounded from its first byte to its last. Its head (request line and headers) is limited in size
and time. The framing of its body (chunk sizes, chunk extensions, trailers) may be as large as a head and the body
together; trailers are dropped. A body that the application rejects is still read, up to a limit, so that the client
gets the response. Only a few pipelined requests may wait on a connection, and ``admission`` limits the number of
connections. A client that exceeds a limit is disconnected without a response, which happens to no well-behaved client.
The application itself limits how long a body may take, and how large a body it accepts.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_TCP,
    SO_KEEPALIVE,
    SOL_SOCKET,
    TCP_KEEPCNT,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    TCP_NODELAY,
    create_server,
    socket,
)
from typing import Any, Final, Self

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from moyai.api.asgi import UPLOAD
from moyai.api.data_channel.message import LARGEST_FRAME
from moyai.app.adapters import web_socket
from moyai.app.adapters.admission import Admission
from moyai.app.adapters.joined_writes import JoinedWrites

_STEP: Final = 4096
"""Bytes that are parsed at a time. Size limits are exact to this number where requests directly follow each other."""
_KEEP_ALIVE = 75
_PING_EVERY = 20.0
_BACKLOG = 1024
_GRACE = 5


@dataclass(frozen=True)
class ServerLimits:
    """The limits of one server."""

    head_bytes: int = 64 * 1024
    head_seconds: float = 20.0
    """From a connection's beginning, or the first byte after a response, to the end of the next head."""
    body_bytes: int = 16 * 1024 * 1024
    """The most that is read of a body: more than the application accepts, so that a larger body gets a response."""
    upload_bytes: int = 53_000 * 1024 * 1024
    """The most that is read of a body that the application reads as it arrives: more than the largest layer of a
    registry.
    """
    pipelined_requests: int = 16
    """Requests that may wait on a connection while an earlier one is served."""
    per_client: int = 1000
    """Connections of one client."""
    total: int = 2000
    """Connections of all clients."""


class HttpServer(uvicorn.Server):
    """Serves one ASGI application on one listening socket until it is closed. Signals are left to the process."""

    def __init__(self, app: Any, sock: socket, limits: ServerLimits | None = None) -> None:  # noqa: ANN401 (uvicorn's own type for an application)
        limits = limits or ServerLimits()
        admission = Admission(limits.per_client, limits.total)
        config = uvicorn.Config(
            app,
            loop="none",
            http=functools.partial(HttpConnection, limits, admission),  # type: ignore[arg-type]  # it is only called
            ws=_web_socket,  # type: ignore[arg-type]  # it is only called
            ws_max_size=LARGEST_FRAME,
            ws_ping_interval=_PING_EVERY,
            ws_ping_timeout=None,  # a client that is suspended does not answer, and is not disconnected for it
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
        # Without this the second write of a response waits 40 ms for the client's delayed ACK. asyncio sets it only on
        # sockets whose protocol is not 0. Connections inherit it.
        sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._sock = sock
        self._serving: asyncio.Task[None] | None = None

    async def open(self) -> Self:
        """Serve requests until ``close``, in a task of the event loop."""
        self._serving = asyncio.create_task(self.serve(sockets=[self._sock]))
        return self

    async def close(self) -> None:
        """Stop accepting requests, finish those in progress, and close the socket."""
        self.should_exit = True
        if self._serving is not None:
            await self._serving
        self._sock.close()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield


def listen(address: str, port: int) -> socket:
    """A listening TCP socket. Raises OSError with a message for the user."""
    family = AF_INET6 if ":" in address else AF_INET
    try:
        return create_server((address, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise OSError(f"can't listen on {address}:{port}: {error.strerror}; choose another --port") from error


def _web_socket(**settings: Any) -> web_socket.WebSocket:  # noqa: ANN401 (uvicorn's own)
    return web_socket.WebSocket(**settings)


class HttpConnection(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with limits."""

    def __init__(self, limits: ServerLimits, admission: Admission, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (uvicorn's own)
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._admission = admission
        self._framing = 0
        """Bytes that are not part of a body, since the last request or, inside a body, since its head."""
        self._body = 0
        self._in_body = False
        self._upgraded = False
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit of the first head, if the client may have another connection."""
        super().connection_made(JoinedWrites(transport, self.loop))
        if self._admission.enter(self, self.client[0] if self.client else ""):
            self._start_head_timer()
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the connection's admission and its timer."""
        self._stop_head_timer()
        self.leave()
        super().connection_lost(exc)

    def abort(self) -> None:
        """Close the connection at once."""
        self.transport.abort()

    def leave(self) -> None:
        """Release the connection's admission. Harmless when repeated."""
        self._admission.leave(self)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes, as far as the limits allow."""
        position = 0
        while position < len(data) and not self._upgraded and not self.transport.is_closing():
            allowed_bytes = self._limits.head_bytes + self._body - self._framing
            if allowed_bytes <= 0:
                self.transport.abort()
                return
            chunk = data[position : position + min(_STEP, allowed_bytes)]
            position += len(chunk)
            self._framing += len(chunk)
            super().data_received(chunk)
        if self._is_idle() and not self._upgraded:
            self._start_head_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handle a header; a trailer is dropped."""
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Handle the end of a head."""
        self._begin_counting(in_body=True)
        self._stop_head_timer()
        self._admission.mark_busy(self)
        super().on_headers_complete()
        if len(self.pipeline) > self._limits.pipelined_requests:
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        """Handle a part of a body."""
        self._framing -= len(body)
        self._body += len(body)
        if self._body > self._body_limit():
            self.transport.abort()
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Handle the end of a request."""
        self._begin_counting(in_body=False)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Handle the end of a response."""
        super().on_response_complete()
        if self._is_idle():
            self._admission.mark_idle(self)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the WebSocket protocol, and keep it admitted until it ends. The kernel is to
        detect a peer that vanishes silently.
        """
        self._upgraded = True
        self._stop_head_timer()
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
        for option, value in ((TCP_KEEPIDLE, 15), (TCP_KEEPINTVL, 5), (TCP_KEEPCNT, 4)):
            sock.setsockopt(IPPROTO_TCP, option, value)
        super().handle_websocket_upgrade()
        channel = self.transport.get_protocol()
        if isinstance(channel, web_socket.WebSocket):
            channel.on_end = self.leave

    def _body_limit(self) -> int:
        is_upload = UPLOAD in self.scope and not self._is_idle()
        return self._limits.upload_bytes if is_upload else self._limits.body_bytes

    def _begin_counting(self, *, in_body: bool) -> None:
        self._in_body, self._framing, self._body = in_body, 0, 0

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None at first

    def _start_head_timer(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self._limits.head_seconds, self._close_if_idle)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _close_if_idle(self) -> None:
        self._head_timer = None
        if self._is_idle():
            self.transport.close()
