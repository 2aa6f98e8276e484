"""The HTTP server in this process."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from moyai.app.connection import Patience
from moyai.app.http import HttpServer

ANSWERED = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SHORT = 0.25


async def app(scope, receive, send):
    if scope["path"] == "/slow":
        await asyncio.sleep(3 * SHORT)
    if scope["path"] != "/early":
        await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def address():
    sock = socket.create_server(("127.0.0.1", 0))
    server = await HttpServer(app, sock, Patience(head_seconds=SHORT)).open()
    yield sock.getsockname()
    await server.close()


async def test_it_answers_on_the_socket_it_is_given_and_waits_for_no_acknowledgement():
    sock = socket.create_server(("127.0.0.1", 0))
    address = sock.getsockname()
    server = await HttpServer(app, sock).open()
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"ok")
    writer.close()
    await writer.wait_closed()
    await server.close()


async def test_a_head_without_end_is_not_kept(address):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    with pytest.raises(ConnectionError):  # noqa: PT012 - it ends somewhere in the middle
        for _ in range(1000):
            writer.write(b"x: " + b"y" * 100_000 + b"\r\n")
            await writer.drain()
    writer.close()
    assert not reader.at_eof() or not await reader.read()


async def hung_up(reader):
    """Whether nothing more comes; what was said too late, when the other side had ended, resets the connection."""
    with contextlib.suppress(ConnectionError):
        return await reader.read() == b""
    return True


@pytest.mark.parametrize("said", [b"", b"\r\n", b"GET / HTTP/1.1\r\nHost: loc"])
async def test_a_client_that_asks_nothing_is_hung_up_on(address, said):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(said)
    assert await hung_up(reader)
    writer.close()


@pytest.mark.parametrize("said", [b"\r\n", b"GET / HTTP/1.1\r\nHost: loc"])
async def test_a_client_that_asks_no_second_time_is_hung_up_on(address, said):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(ANSWERED)
    await reader.readuntil(b"ok")
    writer.write(said)
    assert await hung_up(reader)
    writer.close()


async def test_a_body_that_goes_on_after_the_answer_is_hung_up_on(address):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    writer.write(b"x")
    assert await hung_up(reader)
    writer.close()


async def test_an_answer_may_take_longer_than_a_question(address):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"ok")
    writer.close()


async def test_questions_in_advance_are_answered_up_to_a_number(address):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(ANSWERED * 3 + ANSWERED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert (await reader.read()).count(b"ok") == 4
    writer.close()
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n" + ANSWERED * 1000)
    with contextlib.suppress(ConnectionError):
        assert (await reader.read()).count(b"ok") < 100
    writer.close()


async def test_one_client_has_no_more_than_its_share_of_connections():
    sock = socket.create_server(("127.0.0.1", 0))
    server = await HttpServer(app, sock, Patience(per_client=3)).open()
    opened = [await asyncio.open_connection(*sock.getsockname()) for _ in range(4)]
    assert await opened[3][0].read() == b""
    opened[0][1].write(ANSWERED)
    assert await opened[0][0].readuntil(b"ok")
    for _, writer in opened:
        writer.close()
    await server.close()
