"""A pool of connections to a server of other AWS services, idle ones and those in use.

Promise: there are never more connections than the pool may have. A connection is used again only after a complete
request and a complete response, and closed when it is idle for IDLE_SECONDS.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Final, NamedTuple

import httpx
from typing_extensions import override

from moyai.delegate.connection import ServerConnection

CONNECT_SECONDS: Final = 5.0
POOL_SECONDS: Final = 10.0
"""Seconds that a request waits when all connections are in use, until it is refused."""
IDLE_SECONDS: Final = 5.0
"""Seconds after which an idle connection is closed, because each has a thread of the embedded server."""


class PoolExhausted(Exception):
    """All connections are in use."""


class ResponseBody(AsyncIterator[bytes]):
    """The body of a response. ``release`` is called with its connection at the end, or when the body is collected as
    garbage.
    """

    def __init__(self, connection: ServerConnection, release: Callable[[ServerConnection], None]) -> None:
        self._connection: ServerConnection | None = connection
        self._release, self._loop = release, asyncio.get_running_loop()

    @override
    async def __anext__(self) -> bytes:
        if self._connection is None:
            raise StopAsyncIteration
        try:
            chunk = await self._connection.read_chunk()
        except BaseException:
            self.close()
            raise
        if not chunk:
            self.close()
            raise StopAsyncIteration
        return chunk

    def close(self) -> None:
        """Release the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._release(connection)

    def __del__(self) -> None:
        if self._connection is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._release, self._connection)


class ServerAddress(NamedTuple):
    """The address of a server: ``socket``, the path of a Unix socket, or without one a host and a port."""

    host: str
    port: int
    socket: str | None
    scheme: str


class ConnectionPool:
    """The connections to one server, at most ``most`` at a time."""

    def __init__(self, address: ServerAddress, most: int) -> None:
        self._address = address
        self._slots = asyncio.Semaphore(most)
        self._idle: dict[ServerConnection, asyncio.TimerHandle] = {}
        self._context: ssl.SSLContext | None = None

    async def take(self, *, new: bool = False) -> ServerConnection:
        """An idle connection, or a new one. ``new``: close the idle ones, and connect anew. Raises PoolExhausted, and
        OSError if no server listens.
        """
        try:
            async with asyncio.timeout(POOL_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise PoolExhausted from None
        while self._idle:
            connection, expiry = self._idle.popitem()
            expiry.cancel()
            if connection.is_reusable and not new:
                return connection
            connection.close()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._connect()
        except BaseException:
            self._slots.release()
            raise

    def give_back(self, connection: ServerConnection) -> None:
        """Keep a connection for another request, or close it."""
        self._slots.release()
        if connection.is_reusable:
            loop = asyncio.get_running_loop()
            self._idle[connection] = loop.call_later(IDLE_SECONDS, self._expire, connection)
        else:
            connection.close()

    async def close(self) -> None:
        """Close the idle connections."""
        idle, self._idle = self._idle, {}
        for connection, expiry in idle.items():
            expiry.cancel()
            connection.close()
        for connection in idle:
            await connection.wait_closed()

    def _expire(self, connection: ServerConnection) -> None:
        self._idle.pop(connection, None)
        connection.close()

    async def _connect(self) -> ServerConnection:
        loop, address = asyncio.get_running_loop(), self._address
        if address.socket is not None:
            return (await loop.create_unix_connection(ServerConnection, address.socket))[1]
        if address.scheme == "https" and self._context is None:
            self._context = httpx.create_ssl_context(trust_env=False)
        return (await loop.create_connection(ServerConnection, address.host, address.port, ssl=self._context))[1]
