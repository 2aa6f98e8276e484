"""A connection to a server of other AWS services, with as much of HTTP/1.1 as this process needs.

Promise: the body of a request is sent as it arrives, and that of a response is read as its reader takes it, with limits
on the bytes that wait in between. A connection is used again only after a complete request and a complete response,
and never after an unexpected byte. Trailers are left out.
Refuses: a response with a head or trailers of more than 100 KiB, with another protocol than HTTP/1.1 or 1.0, or with an
incomplete body.
Source: RFC 9112
"""

from __future__ import annotations

import asyncio
import select
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final

import httptools
from typing_extensions import override

WRITE_SECONDS: Final = 60.0
READ_SECONDS: Final = 16 * 60.0
"""Seconds that a byte is waited for, because a function of Lambda may run for 15 minutes."""
MAX_HEAD: Final = 100 * 1024
"""Bytes that a response may have before its body, and between or after parts of the body."""
_BUFFERED: Final = 256 * 1024
"""Bytes of a body that may wait for its reader before reading from the server pauses."""
_FIRST_FINAL: Final = 200
"""The lowest status of a final response."""
_SWITCHING: Final = 101
_WITH_LENGTH: Final = frozenset({"PATCH", "POST", "PUT"})
"""Methods whose requests have the header Content-Length even without a body."""
_PROTOCOL: Final = b"HTTP/"
"""The beginning of a response, which is checked because the parser also accepts RTSP and ICE."""
_LONG_HEAD: Final = f"its response has more than {MAX_HEAD} bytes without any of its body"
_UNASKED: Final = "it sent bytes that nobody has asked for"


class ConnectionBroken(Exception):
    """A response is malformed, incomplete or missing. The message is for moyai's log."""


class ServerConnection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed = asyncio.Event()
        self._waiter: asyncio.Future[None] | None = None
        self._parser: Any = None
        """The parser of the expected response; None before the first request. httptools has no types."""
        self._skips_body = self._has_length = self._has_head = self._has_ended = self._is_lost = False
        self._keeps_alive = self._is_sent = self._is_closed_by_server = False
        self._problem = ""
        self._start = b""
        """The first bytes of the response, with the name of its protocol."""
        self._other_bytes = self._waiting_bytes = self._requests = 0
        self._chunks: deque[bytes] = deque()
        self.status = 0
        self.headers: list[tuple[str, str]] = []

    @property
    def is_reusable(self) -> bool:
        """Whether another request can be sent: the last one and its response are complete, and nothing came since."""
        is_done = self._is_sent and self._has_ended and not self._chunks
        return is_done and self._keeps_alive and not self._is_lost and not self._problem and not self._has_input()

    @property
    def has_head(self) -> bool:
        """Whether the response's status and headers have arrived."""
        return self._has_head

    @property
    def was_closed_idle(self) -> bool:
        """Whether the server closed the connection after an earlier request, without a byte in response to this one."""
        return self._requests > 1 and self._is_closed_by_server and not self._start

    def begin(self, *, skips_body: bool) -> None:
        """Expect the response to another request. ``skips_body``: it has no body, because the method is HEAD."""
        self._parser = httptools.HttpResponseParser(self)
        self._skips_body, self._has_head, self._has_ended, self._has_length = skips_body, False, False, False
        self._other_bytes, self._start, self._is_sent, self.headers = 0, b"", False, []
        self._requests += 1

    def end_request(self) -> None:
        """Record that the request was sent completely."""
        self._is_sent = True

    async def send(self, data: bytes) -> None:
        """Send bytes, and wait while the server accepts no more. Raises ConnectionBroken."""
        if self._transport is None or self._is_lost or self._problem:
            raise ConnectionBroken(self._problem or "the connection is closed")
        self._transport.write(data)
        if not self._writable.is_set():
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._writable.wait()
            except TimeoutError:
                self._problem = f"it took no byte for {WRITE_SECONDS:g} seconds"
                self.close()
                raise ConnectionBroken(self._problem) from None

    async def read_head(self) -> None:
        """Wait for the response's status and headers. Raises ConnectionBroken."""
        while not self._has_head:
            await self._wait()

    async def read_chunk(self) -> bytes:
        """The next bytes of the body; empty at its end. Raises ConnectionBroken."""
        while not self._chunks and not self._has_ended:
            await self._wait()
        chunk = self._chunks.popleft() if self._chunks else b""
        self._waiting_bytes -= len(chunk)
        if self._waiting_bytes < _BUFFERED and self._transport is not None and not self._is_lost:
            self._transport.resume_reading()
        return chunk

    def close(self) -> None:
        """Close the connection."""
        self._is_lost = True
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the event loop has closed the connection."""
        await self._closed.wait()

    def _has_input(self) -> bool:
        """Whether the socket has input that the event loop has not delivered yet."""
        handle = None if self._transport is None else self._transport.get_extra_info("socket")
        poll = select.poll()
        poll.register(-1 if handle is None else handle.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    async def _wait(self) -> None:
        """Wait for bytes or the end of the connection. Raises ConnectionBroken if no more bytes can arrive."""
        if self._problem or self._is_lost:
            raise ConnectionBroken(self._problem or "the server closed the connection")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(READ_SECONDS):
                await self._waiter
        except TimeoutError:
            raise ConnectionBroken(f"no byte came for {READ_SECONDS:g} seconds") from None
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (create_connection makes no other)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._has_ended:
            self._problem = _UNASKED
        else:
            self._parse(data)
        if self._problem:
            self.close()
        self._wake()

    def _parse(self, data: bytes) -> None:
        self._start += data[: len(_PROTOCOL) - len(self._start)]
        self._other_bytes += len(data)
        if not _PROTOCOL.startswith(self._start):
            self._problem = "its response is not HTTP"
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._problem = self._problem or f"its response is not HTTP: {error}"
        if self._other_bytes > MAX_HEAD:
            self._problem = _LONG_HEAD

    @override
    def eof_received(self) -> None:
        """Record that the server sends no more, which ends a body without a length."""
        self._is_closed_by_server = True
        if self._has_head and not self._has_length and not self._problem:
            self._has_ended = True
        elif not self._has_ended:
            self.close()
        self._wake()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closed_by_server = self._is_closed_by_server or not self._is_lost
        self._is_lost = True
        self._writable.set()
        self._closed.set()
        self._wake()

    @override
    def pause_writing(self) -> None:
        self._writable.clear()

    @override
    def resume_writing(self) -> None:
        self._writable.set()

    def on_message_begin(self) -> None:
        """Refuse a second response; called by the parser."""
        if self._has_head:
            self._problem = _UNASKED

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header of the response, but not a trailer; called by the parser."""
        if self._problem or self._has_head:
            return
        text = name.decode("latin-1")
        self.headers.append((text, value.decode("latin-1")))
        if text.lower() in {"content-length", "transfer-encoding"}:
            self._has_length = True

    def on_headers_complete(self) -> None:
        """Record the status, unless the response is an interim one; called by the parser."""
        version = self._parser.get_http_version()
        if version not in {"1.0", "1.1"}:
            self._problem = f"its response is not HTTP/1.1 or 1.0 but HTTP/{version}"
        if self._problem:
            return
        self.status = self._parser.get_status_code()
        if self.status < _FIRST_FINAL and self.status != _SWITCHING:
            self.headers, self._has_length = [], False
            return
        if sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD:
            self._problem = _LONG_HEAD
            return
        self._has_head, self._keeps_alive, self._other_bytes = True, self._parser.should_keep_alive(), 0
        self._has_ended = self._skips_body

    def on_body(self, data: bytes) -> None:
        """Add a part of the body; called by the parser."""
        if self._has_ended:
            self._problem = _UNASKED
        if self._problem:
            return
        self._other_bytes = 0
        self._chunks.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _BUFFERED and self._transport is not None:
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Record the end of the response; called by the parser."""
        if self._has_head:
            self._has_ended = True


async def send_request(
    connection: ServerConnection,
    method: str,
    target: str,
    headers: list[tuple[str, str]],
    body: AsyncIterator[bytes] | None,
) -> None:
    """Send a request. Raises ConnectionBroken, and any exception of the body. If the server has sent the head of its
    response and closes the connection before it has the whole body, the response is valid.
    """
    length = next((int(value) for name, value in headers if name == "content-length"), None)
    framing = [] if length is not None else [("content-length", "0")] if body is None and method in _WITH_LENGTH else []
    if body is not None and length is None:
        framing = [("transfer-encoding", "chunked")]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in (*headers, *framing))]
    waiting = "\r\n".join((*lines, "", "")).encode("latin-1")
    if waiting.count(b"\n") != len(lines) + 1 or " " in target:
        raise ConnectionBroken("the request can't be sent: its target or a header is more than one line")
    body_size = 0
    try:
        if body is not None:
            async for chunk in body:
                body_size += len(chunk)
                if length is not None and body_size > length:
                    break
                await connection.send(waiting + (chunk if length is not None else _chunk(chunk)))
                waiting = b""
            waiting += b"" if length is not None else b"0\r\n\r\n"  # the last chunk
        if waiting:
            await connection.send(waiting)
    except ConnectionBroken:
        if not connection.has_head:
            raise
        return
    if length not in {None, body_size}:
        raise ConnectionBroken("the request's body has another length than its head says")
    connection.end_request()


def _chunk(data: bytes) -> bytes:
    """The bytes as a chunk of a chunked body; nothing for no bytes, because an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
