"""A connection to a server of other AWS services: HTTP/1.1 as this process needs it, and nothing else.

Promise: a request's body is sent as it arrives and a response's is read as it is taken, with bounds on what waits in
between. A connection is used again only after a response that ended, and never after a byte that nobody asked for.
Refuses: a head of a response beyond 100 KiB, another protocol than HTTP/1.1 or 1.0, a body that breaks off.
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
"""Without a byte: a Lambda function may run for 15 minutes."""
MAX_HEAD: Final = 100 * 1024
"""Bytes of a response before its body."""
_BUFFERED: Final = 256 * 1024
"""Bytes of a body that wait to be taken; then the server has to wait."""
_FIRST_FINAL: Final = 200
"""Statuses below are those of interim responses."""
_SWITCHING: Final = 101
_WITH_LENGTH: Final = frozenset({"PATCH", "POST", "PUT"})
"""Methods whose requests say that they have no body."""
_LONG_HEAD: Final = f"the head of its response has more than {MAX_HEAD} bytes"
_UNASKED: Final = "it sent bytes that nobody has asked for"
_LAST_CHUNK: Final = b"0\r\n\r\n"


class ConnectionBroken(Exception):
    """The server's response is none, or breaks off, or does not come. The message is for moyai's log."""


class ServerConnection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed = asyncio.Event()
        self._waiter: asyncio.Future[None] | None = None
        self._parser: Any = None
        """Of the response that is expected or read; None between requests. httptools has no types."""
        self._skips_body = self._has_length = self._has_head = self._has_ended = self._is_lost = False
        self._keeps_alive = False
        self._problem = ""
        self._head_bytes = self._waiting_bytes = 0
        self._chunks: deque[bytes] = deque()
        self.status = 0
        self.headers: list[tuple[str, str]] = []

    @property
    def is_reusable(self) -> bool:
        """Whether another request can be sent: the response has ended, all of it was read, and nothing came since, not
        even the end of the connection.
        """
        is_done = self._has_ended and not self._chunks
        return is_done and self._keeps_alive and not self._is_lost and not self._problem and not self._has_input()

    @property
    def has_head(self) -> bool:
        """Whether the response's status and headers are there."""
        return self._has_head

    @property
    def is_open(self) -> bool:
        """Whether neither side has closed the connection, and its event loop runs."""
        return not self._is_lost and self._loop is not None and self._loop.is_running()

    def begin(self, *, skips_body: bool) -> None:
        """Expect the response to another request, without a body where the request is HEAD."""
        self._parser = httptools.HttpResponseParser(self)
        self._skips_body, self._has_head, self._has_ended, self._has_length = skips_body, False, False, False
        self._head_bytes, self.headers = 0, []

    async def send(self, data: bytes) -> None:
        """Send bytes; waits while the server takes none. Raises ConnectionBroken."""
        if self._transport is None or self._is_lost or self._problem:
            raise ConnectionBroken(self._problem or "the connection is closed")
        self._transport.write(data)
        if not self._writable.is_set():
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._writable.wait()
            except TimeoutError:
                self.close()
                raise ConnectionBroken(f"it took no byte for {WRITE_SECONDS:g} seconds") from None

    async def read_head(self) -> None:
        """Wait until the response's status and headers are there. Raises ConnectionBroken."""
        while not self._has_head:
            await self._wait()

    async def read_chunk(self) -> bytes:
        """The next bytes of the body; empty at its end. Raises ConnectionBroken."""
        while not self._chunks and not self._has_ended:
            await self._wait()
        if not self._chunks:
            return b""
        chunk = self._chunks.popleft()
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
        """Whether the socket has something to read, of which the event loop has not told yet."""
        handle = None if self._transport is None else self._transport.get_extra_info("socket")
        poll = select.poll()
        poll.register(-1 if handle is None else handle.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    async def _wait(self) -> None:
        """Wait for bytes. Raises ConnectionBroken when none can come."""
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
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (what create_connection makes)
        self._transport, self._loop = transport, asyncio.get_running_loop()

    @override
    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._has_ended:
            self._problem = _UNASKED
        else:
            try:
                self._parser.feed_data(data)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
                self._problem = f"its response is not HTTP: {error}"
            if not self._has_head:
                self._head_bytes += len(data)
                if self._head_bytes > MAX_HEAD:
                    self._problem = _LONG_HEAD
        if self._problem:
            self.close()
        self._wake()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._has_head and not self._has_ended and not self._has_length and exc is None and not self._problem:
            self._has_ended = True  # a body without a length ends with the connection
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
        """Take a header of the response; called by the parser."""
        if self._problem:
            return
        text = name.decode("latin-1")
        self.headers.append((text, value.decode("latin-1")))
        if text.lower() in {"content-length", "transfer-encoding"}:
            self._has_length = True

    def on_headers_complete(self) -> None:
        """Take the status, unless the response is an interim one; called by the parser."""
        if self._problem:
            return
        self.status = self._parser.get_status_code()
        if self.status < _FIRST_FINAL and self.status != _SWITCHING:
            self.headers, self._has_length = [], False
            return
        if sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD:
            self._problem = _LONG_HEAD
            return
        self._has_head, self._keeps_alive = True, self._parser.should_keep_alive()
        self._has_ended = self._skips_body

    def on_body(self, data: bytes) -> None:
        """Take a part of the body; called by the parser."""
        if self._has_ended:
            self._problem = _UNASKED
        if self._problem:
            return
        self._chunks.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _BUFFERED and self._transport is not None:
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Note the end of the response; called by the parser."""
        if self._has_head:
            self._has_ended = True


async def send_request(
    connection: ServerConnection,
    method: str,
    target: str,
    headers: list[tuple[str, str]],
    body: AsyncIterator[bytes] | None,
) -> None:
    """Send a request. Raises ConnectionBroken, and what the body raises. A server may answer before it has the whole
    body, and close the connection: then the answer counts.
    """
    length = next((int(value) for name, value in headers if name == "content-length"), None)
    added = [] if length is not None else [("content-length", "0")] if body is None and method in _WITH_LENGTH else []
    if body is not None and length is None:
        added = [("transfer-encoding", "chunked")]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in (*headers, *added))]
    waiting = "\r\n".join((*lines, "", "")).encode("latin-1")
    if waiting.count(b"\n") != len(lines) + 1 or " " in target:
        raise ConnectionBroken("the request can't be sent: its target or a header is more than one line")
    sent = 0
    try:
        async for chunk in _nothing() if body is None else body:
            sent += len(chunk)
            if length is not None and sent > length:
                break
            await connection.send(waiting + (chunk if length is not None else _chunk(chunk)))
            waiting = b""
        waiting += _LAST_CHUNK if body is not None and length is None else b""
        if waiting:
            await connection.send(waiting)
    except ConnectionBroken:
        if not connection.has_head:
            raise
        return
    if length not in {None, sent} and body is not None:
        raise ConnectionBroken("the request's body has another length than its head says")


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for chunk in nothing:
        yield chunk


def _chunk(data: bytes) -> bytes:
    """Bytes as a chunk of a body without a length. An empty one would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
