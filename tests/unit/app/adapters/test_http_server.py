"""The HTTP server in this process."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from moyai.app.adapters.http_server import HttpServer, ServerLimits

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
    server = await HttpServer(app, sock, ServerLimits(head_seconds=SHORT)).open()
    yield sock.getsockname()
    await server.close()


async def test_the_server_uses_the_given_socket_with_tcp_nodelay():
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


async def test_an_endless_head_closes_the_connection(address):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    with pytest.raises(ConnectionError):  # noqa: PT012 - it ends somewhere in the middle
        for _ in range(1000):
            writer.write(b"x: " + b"y" * 100_000 + b"\r\n")
            await writer.drain()
    writer.close()
    assert not reader.at_eof() or not await reader.read()


CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def with_head_of(size):
    """A request whose head has so many bytes, and that asks for no other after it."""
    start, end = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx: ", b"\r\n\r\n"
    return start + b"y" * (size - len(start) - len(end)) + end


async def answers(address, *sent):
    """The bytes that arrive until the server closes the connection."""
    reader, writer = await asyncio.open_connection(*address)
    received = b""
    with contextlib.suppress(ConnectionError):
        for piece in sent:
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            received += piece
    writer.close()
    return received


@pytest.mark.parametrize(("size", "answered"), [(65_536, True), (65_537, False), (70_000, False), (200_000, False)])
async def test_the_size_of_a_head_in_one_packet_is_checked(address, size, answered):
    assert (b"ok" in await answers(address, with_head_of(size))) is answered


async def test_spaces_count_towards_the_size_of_a_head(address):
    assert await answers(address, b"GET / HTTP/1.1\r\nHost: localhost\r\nx:" + b" " * 70_000 + b"y\r\n\r\n") == b""


async def test_the_size_of_a_pipelined_head_is_checked(address):
    assert (await answers(address, ANSWERED + with_head_of(60_000))).count(b"ok") == 2
    assert (await answers(address, ANSWERED + with_head_of(70_000))).count(b"ok") <= 1


@pytest.mark.parametrize(
    "sent",
    [
        CHUNKED + b"2\r\n{}\r\n0\r\n" + b"x: yyyyyyyy\r\n" * 8000,
        CHUNKED + b"2\r\n{}\r\n0\r\nx: " + b"y" * 80_000,
        CHUNKED + b"2;" + b"y" * 80_000,
        CHUNKED + (b"1;" + b"y" * 1000 + b"\r\nx\r\n") * 80,
        CHUNKED + b"0" * 80_000,
    ],
    ids=["trailers", "one trailer", "an extension", "extensions", "a size"],
)
async def test_chunk_framing_is_bounded(address, sent):
    assert await answers(address, sent) == b""


async def test_a_body_in_small_chunks_with_a_trailer_is_accepted(address):
    sent = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert (await answers(address, sent, b"8\r\n12345678\r\n" * 20_000, b"0\r\nx: y\r\n\r\n")).endswith(b"ok")


async def test_trailers_are_not_headers():
    seen: list[bytes] = []

    async def record_headers(scope, receive, send):
        while (await receive())["more_body"]:
            pass
        seen.extend(name for name, _ in scope["headers"])
        await app(scope | {"path": "/early"}, receive, send)

    sock = socket.create_server(("127.0.0.1", 0))
    server = await HttpServer(record_headers, sock).open()
    sent = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"2\r\n{}\r\n0\r\norigin: evil\r\n\r\n"
    assert (await answers(sock.getsockname(), sent)).endswith(b"ok")
    assert seen == [b"host", b"transfer-encoding", b"connection"]
    await server.close()


async def test_an_unread_body_is_drained_up_to_a_limit():
    sock = socket.create_server(("127.0.0.1", 0))
    server = await HttpServer(app, sock, ServerLimits(body_bytes=100_000)).open()
    sent = b"POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    writer.write(sent)
    assert await reader.readuntil(b"ok")
    with pytest.raises(ConnectionError):  # noqa: PT012 - it ends somewhere in the middle
        for _ in range(1000):
            writer.write(b"y" * 10_000)
            await writer.drain()
    writer.close()
    await server.close()


async def hung_up(reader):
    """Whether nothing more comes; what was said too late, when the other side had ended, resets the connection."""
    with contextlib.suppress(ConnectionError):
        return await reader.read() == b""
    return True


@pytest.mark.parametrize("said", [b"", b"\r\n", b"GET / HTTP/1.1\r\nHost: loc"])
async def test_a_connection_without_a_request_is_closed(address, said):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(said)
    assert await hung_up(reader)
    writer.close()


@pytest.mark.parametrize("opening", [b"\r\n", b"GET / HTTP/1.1\r\nHost: loc"])
async def test_an_idle_keep_alive_connection_is_closed(address, opening):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(ANSWERED)
    await reader.readuntil(b"ok")
    writer.write(opening)
    assert await hung_up(reader)
    writer.close()


async def test_a_body_that_continues_after_the_response_closes_the_connection(address):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    writer.write(b"x")
    assert await hung_up(reader)
    writer.close()


async def test_a_slow_response_is_not_timed_out(address):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"ok")
    writer.close()


async def test_the_number_of_pipelined_requests_is_limited(address):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(ANSWERED * 3 + ANSWERED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert (await reader.read()).count(b"ok") == 4
    writer.close()
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n" + ANSWERED * 1000)
    with contextlib.suppress(ConnectionError):
        assert (await reader.read()).count(b"ok") < 100
    writer.close()


async def test_a_new_connection_replaces_an_idle_one_at_the_limit():
    sock = socket.create_server(("127.0.0.1", 0))
    server = await HttpServer(app, sock, ServerLimits(total=3)).open()

    async def open_connection(client):
        return await asyncio.open_connection(*sock.getsockname(), local_addr=(client, 0))

    streams = [await open_connection(client) for client in ("127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.4")]
    assert await hung_up(streams[0][0])
    for reader, writer in streams[1:]:
        writer.write(ANSWERED)
        assert await reader.readuntil(b"ok")
    for _, writer in streams:
        writer.close()
    await server.close()


async def test_the_connections_of_one_client_are_limited():
    sock = socket.create_server(("127.0.0.1", 0))
    server = await HttpServer(app, sock, ServerLimits(per_client=3)).open()
    opened = [await asyncio.open_connection(*sock.getsockname()) for _ in range(4)]
    assert await opened[3][0].read() == b""
    opened[0][1].write(ANSWERED)
    assert await opened[0][0].readuntil(b"ok")
    for _, writer in opened:
        writer.close()
    await server.close()
