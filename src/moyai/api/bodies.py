"""Reads the bodies of requests within limits of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from moyai.api.wire.http import ClientDisconnected
from moyai.kernel.errors import ClientFault, TooLarge

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class TooSlow(ClientFault, code="RequestTimeoutException", status=408):
    """The body did not arrive in time."""


async def read_body(headers: Mapping[str, str], receive: Receive, limit: int, seconds: float) -> bytes | None:
    """The whole body, or None when the client disconnected. Raises TooSlow, and TooLarge: before reading, where
    ``Content-Length`` is over the limit.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _read(headers, receive, limit)
    except TimeoutError as error:
        raise TooSlow(f"The request did not arrive within {seconds:g} seconds.") from error


async def _read(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes | None:
    too_large = TooLarge(f"The request body is over the limit of {limit} bytes.")
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def body_parts(receive: Receive, idle_seconds: float, stream_seconds: float) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises ClientDisconnected, TooSlow."""
    end = asyncio.get_running_loop().time() + stream_seconds
    more = True
    while more:
        try:
            remaining = end - asyncio.get_running_loop().time()
            async with asyncio.timeout(min(idle_seconds, remaining)):
                message = await receive()
        except TimeoutError as error:
            limits = f"{idle_seconds:g} seconds without a byte, or {stream_seconds:g} seconds in total"
            raise TooSlow(f"The request did not arrive in time; the limits are {limits}.") from error
        if message["type"] == "http.disconnect":
            raise ClientDisconnected("The client has gone.")
        yield message.get("body", b"")
        more = message.get("more_body", False)
