"""The proxies' reports over HTTP/1.1: what OpenTelemetry calls OTLP/HTTP, of which only metrics are taken.

It costs a fraction of what gRPC does, so our own proxies report here (docs/decisions/reports-over-http.md).

Promise: a report is answered when it is counted, like over gRPC; those that come within a twentieth of a second are
counted one after the other, which costs half of each by itself. A request is bounded in bytes, a connection has one
under way, and there are only so many connections: whoever brings no whole report for long is hung up on, silent or
not, and comes again when it has one.
Refuses: whom the door does not know (401), what is no report (400, 404), what is too large (413), what is too much
together with all that others have brought (503); then it hangs up.
Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from socket import socket
from typing import Final

import httptools

from moyai.kernel.clock import Seconds
from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.telemetry.otlp import MetricsService, Stranger
from moyai.telemetry.wire import NotOtlp

PATH: Final = "/v1/metrics"
PATIENCE: Final = Seconds(120)
"""Between two looks at who has brought nothing since the last. A proxy reports each minute at least."""
MOST_CONNECTIONS: Final = 10_000
"""A proxy has one. The process may have 65,536 files open, and serves others as well."""
MOST_HELD: Final = 256 * 1024 * 1024
"""Bytes of all that is not counted yet, of whomever: a proxy's push has 21 KB when it calls ten services."""
_MOST: Final = 4 * 1024 * 1024
"""Bytes of a request, head and all."""
_TOGETHER: Final = 0.05
"""Seconds that a report may wait for others."""
_WITHOUT_A_BREAK: Final = 20
"""Reports that are counted without letting others work."""
_BACKLOG: Final = 4096
"""Connections that may wait: all proxies come at once when a control plane comes back."""
_ACCEPTED: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"
_NAME: Final = PROXY_HEADER.encode()

_log = logging.getLogger(__name__)

Whose = Callable[[str], ProxyId | Stranger]
"""Whose report it is, of what the request says that it is."""


class HttpReports:
    """Takes reports on a bound socket that is handed in, from ``serve`` until ``close``."""

    def __init__(
        self, service: MetricsService, whose: Whose, most: int = MOST_CONNECTIONS, most_held: int = MOST_HELD
    ) -> None:
        self.service, self.whose, self._most, self._most_held = service, whose, most, most_held
        self.held = 0
        """Bytes that are not counted yet."""
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._looking: asyncio.Task[None] | None = None
        self._heard: list[tuple[_Connection, ProxyId, bytes]] = []
        self._counting: asyncio.Task[None] | asyncio.TimerHandle | None = None

    async def serve(self, sock: socket) -> None:
        """Begin to answer."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), sock=sock, backlog=_BACKLOG)
        self._looking = loop.create_task(self._look())

    def close(self) -> None:
        """Stop answering, and hang up."""
        if self._server is not None:
            self._server.close()
        for under_way in (self._looking, self._counting):
            if under_way is not None:
                under_way.cancel()
        for connection in tuple(self.connections):
            connection.hang_up()

    @property
    def full(self) -> bool:
        """Nobody else may be connected."""
        return len(self.connections) >= self._most

    @property
    def overfull(self) -> bool:
        """No more may be brought."""
        return self.held > self._most_held

    def hear(self, connection: _Connection, proxy: ProxyId, push: bytes) -> None:
        """Have a report counted soon, and answered."""
        self._heard.append((connection, proxy, push))
        if self._counting is None:
            self._counting = asyncio.get_running_loop().call_later(_TOGETHER, self._begin)

    def _begin(self) -> None:
        self._counting = asyncio.create_task(self._count())

    async def _count(self) -> None:
        while self._heard:
            some, self._heard = self._heard[:_WITHOUT_A_BREAK], self._heard[_WITHOUT_A_BREAK:]
            for connection, proxy, push in some:
                try:
                    await self.service.take(proxy, push)
                except NotOtlp:
                    connection.refuse(HTTPStatus.BAD_REQUEST)
                except Exception:  # noqa: BLE001  the top: one report's fault is its own, the others are counted
                    _log.exception("a report of %s can't be counted", proxy)
                    connection.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
                else:
                    connection.accept()
            await self.service.clock.sleep(Seconds(0))
        self._counting = None

    async def _look(self) -> None:
        """One look at everybody now and then: a timer for each would be set anew two hundred times a second."""
        while True:
            await self.service.clock.sleep(PATIENCE)
            for connection in tuple(self.connections):
                connection.look()


class _Connection(asyncio.Protocol):
    """One proxy's; httptools tells it what a request consists of."""

    _transport: asyncio.Transport

    def __init__(self, reports: HttpReports) -> None:
        self._reports = reports
        self._parser = httptools.HttpRequestParser(self)
        self._waiting = False
        """A report of it is not counted yet."""
        self._held = self._asked = 0
        """Bytes of what it has brought and is not counted yet, and of the report among them."""
        self._brought = True
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        if self._reports.full:
            transport.abort()
        else:
            self._reports.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._reports.connections.discard(self)
        self._let_go(self._held)

    def data_received(self, data: bytes) -> None:
        self._held += len(data)
        self._reports.held += len(data)
        if self._held > _MOST:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        if self._reports.overfull:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.refuse(HTTPStatus.BAD_REQUEST)

    def pause_writing(self) -> None:
        self._transport.pause_reading()  # whoever asks on without reading the answers

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def hang_up(self) -> None:
        """Once what is written has left."""
        self._transport.close()

    def look(self) -> None:
        """Hang up at once, even on who leaves answers unread, if no whole report came since this was called last."""
        if not self._brought:
            self._transport.abort()
        self._brought = False

    def on_message_begin(self) -> None:
        self._path, self._name = b"", ""
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == _NAME:
            self._name = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._brought = True
        if self._path != PATH.encode() or self._parser.get_method() != b"POST":
            self.refuse(HTTPStatus.NOT_FOUND)
            return
        proxy = self._reports.whose(self._name)
        if isinstance(proxy, Stranger):
            self.refuse(HTTPStatus.UNAUTHORIZED)
        elif self._waiting:
            self.refuse(HTTPStatus.BAD_REQUEST)
        else:
            self._waiting, self._asked = True, self._held
            self._reports.hear(self, proxy, b"".join(self._body))
            self._body = []  # until the next it would be held, by every proxy

    def accept(self) -> None:
        """Say that the report is counted."""
        self._waiting = False
        self._let_go(self._asked)
        if not self._transport.is_closing():
            self._transport.write(_ACCEPTED)

    def refuse(self, status: HTTPStatus) -> None:
        """Say what is wrong, and hang up."""
        self._let_go(self._held)
        if self._transport.is_closing():
            return
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        self._transport.write(head.encode())
        self.hang_up()

    def _let_go(self, of: int) -> None:
        self._asked = 0
        self._held -= of
        self._reports.held -= of
