"""Receives the proxies' reports over HTTP/1.1: OTLP/HTTP, of which metrics and spans are accepted.

The proxies of tasks report here because it costs a fraction of gRPC (docs/decisions/reports-over-http.md).

Promise: a report is answered when it is counted, as over gRPC. Reports that arrive within a twentieth of a second are
counted as one batch, which halves the cost of each. The bytes of a request and the number of connections are limited,
and a connection has one report at a time. A connection on which no whole report arrives for long is closed, even if
other bytes arrive; the proxy connects again for its next report.
Refuses: a proxy that the listener does not know (401), a request that is not a report (400, 404), a request that is too
large (413), and any request while too many bytes of all connections are not counted yet (503). A refusal closes the
connection.
Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from socket import socket
from typing import Final, NamedTuple

import httptools

from moyai.domain.sandbox.host_proxy import HOST_PROXY
from moyai.kernel.clock import Seconds
from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.telemetry.ingest.otlp_grpc import MetricsService, Rejection
from moyai.telemetry.ingest.otlp_offsets import NotOtlp

METRICS_PATH: Final = "/v1/metrics"
TRACES_PATH: Final = "/v1/traces"
IDLE_TIMEOUT: Final = Seconds(120)
"""Seconds between two checks for connections without a report since the last check. A proxy reports every minute."""
MAX_CONNECTIONS: Final = 10_000
"""A proxy has one connection, and a second if it traces. The process may have 65,536 files open for all purposes."""
MAX_UNCOUNTED_BYTES: Final = 256 * 1024 * 1024
"""The most bytes of all connections that are not counted yet. The push of a proxy that calls ten services has 21 KB."""
_MAX_REQUEST: Final = 16 * 1024 * 1024
"""The most bytes of a request with its head."""
_MAX_HOST_REQUEST: Final = 64 * 1024 * 1024
"""The most bytes of a request of the host's Envoy. It has about 12 KB for each task, so this suffices for 5,000."""
_BATCH_DELAY: Final = 0.05
"""Seconds for which a report may wait for others of its batch."""
_SLICE: Final = 20
"""The number of reports that are counted before other tasks of the event loop may run."""
_BACKLOG: Final = 4096
"""The most connections that wait to be accepted. All proxies connect at once after a control plane starts."""
_OK: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"
_PROXY_HEADER: Final = PROXY_HEADER.encode()

_log = logging.getLogger(__name__)

ReceiveSpans = Callable[[ProxyId, bytes], None]
"""Records a proxy's export of spans. Raises NotOtlp."""
HeaderAuthenticator = Callable[[str], ProxyId | Rejection]
"""Returns the proxy that a request names in its header, if the listener accepts its reports."""


class _QueuedReport(NamedTuple):
    connection: _Connection
    proxy: ProxyId
    path: str
    body: bytes


class OtlpHttpReceiver:
    """Receives reports on a bound socket, from ``serve`` until ``close``. ``uncounted_bytes``: of all connections."""

    def __init__(
        self,
        service: MetricsService,
        authenticate: HeaderAuthenticator,
        max_connections: int = MAX_CONNECTIONS,
        max_uncounted_bytes: int = MAX_UNCOUNTED_BYTES,
        receive_spans: ReceiveSpans | None = None,
    ) -> None:
        self.paths = frozenset({METRICS_PATH, TRACES_PATH} if receive_spans else {METRICS_PATH})
        self._receive_spans = receive_spans
        self.service, self.authenticate = service, authenticate
        self.connections: set[_Connection] = set()
        self.uncounted_bytes = 0
        self._has_logged_size = False
        self._max_connections, self._max_uncounted_bytes = max_connections, max_uncounted_bytes
        self._server: asyncio.Server | None = None
        self._idle_check: asyncio.Task[None] | None = None
        self._queue: list[_QueuedReport] = []
        self._counting: asyncio.Task[None] | asyncio.TimerHandle | None = None

    async def serve(self, sock: socket) -> None:
        """Accept connections on the socket, and close those that stay idle."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), sock=sock, backlog=_BACKLOG)
        self._idle_check = loop.create_task(self._check_idle())

    def close(self) -> None:
        """Stop accepting, and close every connection."""
        if self._server is not None:
            self._server.close()
        for work in (self._idle_check, self._counting):
            if work is not None:
                work.cancel()
        for connection in tuple(self.connections):
            connection.close()

    @property
    def is_full(self) -> bool:
        """Whether no further connection is accepted."""
        return len(self.connections) >= self._max_connections

    @property
    def is_overloaded(self) -> bool:
        """Whether too many bytes are not counted yet."""
        return self.uncounted_bytes > self._max_uncounted_bytes

    def log_too_large(self, proxy: str) -> None:
        """Log that a proxy's report was refused because of its size. Once, because the proxy sends it repeatedly."""
        if not self._has_logged_size:
            self._has_logged_size = True
            _log.warning(
                "a report of the proxy %.200r is too large and was refused: its metrics are missing until it reports"
                " less, as with fewer tasks or services to call; further refusals are not logged",
                proxy,
            )

    def enqueue(self, report: _QueuedReport) -> None:
        """Queue a report, to be counted and answered soon."""
        self._queue.append(report)
        if self._counting is None:
            self._counting = asyncio.get_running_loop().call_later(_BATCH_DELAY, self._start_counting)

    def _start_counting(self) -> None:
        self._counting = asyncio.create_task(self._count_queue())

    async def _count_queue(self) -> None:
        while self._queue:
            reports, self._queue = self._queue[:_SLICE], self._queue[_SLICE:]
            for report in reports:
                connection, proxy = report.connection, report.proxy
                try:
                    await self._receive(report)
                except NotOtlp:
                    connection.refuse(HTTPStatus.BAD_REQUEST)
                except Exception:  # noqa: BLE001  one report's failure must not keep the others from being counted
                    _log.exception("a report of %s can't be counted", proxy)
                    connection.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
                else:
                    connection.accept()
            await self.service.clock.sleep(Seconds(0))
        self._counting = None

    async def _receive(self, report: _QueuedReport) -> None:
        if report.path == TRACES_PATH and self._receive_spans is not None:
            self._receive_spans(report.proxy, report.body)
        else:
            await self.service.receive(report.proxy, report.body)

    async def _check_idle(self) -> None:
        """Check all connections periodically. A timer for each would be set two hundred times a second."""
        while True:
            await self.service.clock.sleep(IDLE_TIMEOUT)
            for connection in tuple(self.connections):
                connection.close_if_idle()


class _Connection(asyncio.Protocol):
    """One proxy's connection; httptools calls the ``on_`` methods with the parts of a request."""

    _transport: asyncio.Transport

    def __init__(self, receiver: OtlpHttpReceiver) -> None:
        self._receiver = receiver
        self._parser = httptools.HttpRequestParser(self)
        self._is_waiting = False
        """A report of this connection is not counted yet."""
        self._uncounted_bytes = self._report_bytes = 0
        """The bytes received by this connection that are not counted yet, and the part of them that is the report."""
        self._has_reported = True
        """Whether a whole report arrived since the last idle check."""
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        if self._receiver.is_full:
            transport.abort()
        else:
            self._receiver.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._receiver.connections.discard(self)
        self._release_bytes(self._uncounted_bytes)

    def data_received(self, data: bytes) -> None:
        self._uncounted_bytes += len(data)
        self._receiver.uncounted_bytes += len(data)
        if self._is_too_large():
            self._receiver.log_too_large(self._proxy_name)
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        if self._receiver.is_overloaded:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.refuse(HTTPStatus.BAD_REQUEST)

    def _is_too_large(self) -> bool:
        if self._uncounted_bytes <= _MAX_REQUEST:
            return False
        is_host = self._proxy_name == HOST_PROXY and self._receiver.authenticate(HOST_PROXY) == HOST_PROXY
        return not is_host or self._uncounted_bytes > _MAX_HOST_REQUEST

    def pause_writing(self) -> None:
        self._transport.pause_reading()  # the proxy goes on sending without reading the answers

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def close(self) -> None:
        """Close the connection after everything written was sent."""
        self._transport.close()

    def close_if_idle(self) -> None:
        """Close the connection at once if no whole report arrived since the last call, even if answers are unread."""
        if not self._has_reported:
            self._transport.abort()
        self._has_reported = False

    def on_message_begin(self) -> None:
        self._path, self._proxy_name = b"", ""
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == _PROXY_HEADER:
            self._proxy_name = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._has_reported = True
        path = self._path.decode("latin-1")
        if path not in self._receiver.paths or self._parser.get_method() != b"POST":
            self.refuse(HTTPStatus.NOT_FOUND)
            return
        proxy = self._receiver.authenticate(self._proxy_name)
        if isinstance(proxy, Rejection):
            self.refuse(HTTPStatus.UNAUTHORIZED)
        elif self._is_waiting:
            self.refuse(HTTPStatus.BAD_REQUEST)
        else:
            self._is_waiting, self._report_bytes = True, self._uncounted_bytes
            self._receiver.enqueue(_QueuedReport(self, proxy, path, b"".join(self._body)))
            self._body = []  # or every connection would hold its last report until the next

    def accept(self) -> None:
        """Answer that the report is counted."""
        self._is_waiting = False
        self._release_bytes(self._report_bytes)
        if not self._transport.is_closing():
            self._transport.write(_OK)

    def refuse(self, status: HTTPStatus) -> None:
        """Answer with an error, and close the connection."""
        self._release_bytes(self._uncounted_bytes)
        if self._transport.is_closing():
            return
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        self._transport.write(head.encode())
        self.close()

    def _release_bytes(self, number: int) -> None:
        self._report_bytes = 0
        self._uncounted_bytes -= number
        self._receiver.uncounted_bytes -= number
