"""Functions are called over real sockets; whatever comes back, it has limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from moyai.app.adapters.http_functions import LARGEST_ANSWER, HttpFunctions
from moyai.ports.outgoing_calls import CallFailed


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """The URL of something that says this to everybody, and what it was asked."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        requests.append(head + await reader.readexactly(length))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/check?x=1", requests


async def call(url: str) -> bytes:
    functions = HttpFunctions()
    try:
        return await functions.call(url, b"{}", "run/1")
    finally:
        await functions.close()


async def test_a_function_receives_and_returns_json():
    async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell") as (url, asked):
        assert await call(url) == b"well"
    (request,) = asked
    assert request.startswith(b"POST /check?x=1 HTTP/1.1\r\n")
    assert b"content-type: application/json\r\n" in request
    assert b"moyai-invocation: run/1\r\n" in request
    assert request.endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", "it answered 302"),
        (b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", "it answered 500"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGEST_ANSWER + 1), "longer than 262144 bytes"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx", "RemoteProtocolError"),
        (b"what?\r\n\r\n", "RemoteProtocolError"),
    ],
    ids=["a redirect", "an error", "too much", "cut short", "no HTTP"],
)
async def test_any_other_response_is_a_failure(answer, why):
    async with answering(answer) as (url, _):
        with pytest.raises(CallFailed, match=why):
            await call(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://no.such.name.invalid/", "http://[/", "ftp://a/"])
async def test_an_unreachable_function_is_a_failure(url):
    with pytest.raises(CallFailed):
        await call(url)
