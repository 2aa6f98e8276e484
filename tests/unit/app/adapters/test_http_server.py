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


CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def with_head_of(size):
    """A request whose head has so many bytes, and that asks for no other after it."""
    start, end = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx: ", b"\r\n\r\n"
    return start + b"y" * (size - len(start) - len(end)) + end


async def answers(address, *sent):
    """What comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection(*address)
    found = b""
    with contextlib.suppress(ConnectionError):
        for piece in sent:
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            found += piece
    writer.close()
    return found


@pytest.mark.parametrize(("size", "answered"), [(65_536, True), (65_537, False), (70_000, False), (200_000, False)])
async def test_a_head_that_arrives_at_once_is_measured(address, size, answered):
    assert (b"ok" in await answers(address, with_head_of(size))) is answered


async def test_spaces_count_as_well(address):
    assert await answers(address, b"GET / HTTP/1.1\r\nHost: localhost\r\nx:" + b" " * 70_000 + b"y\r\n\r\n") == b""


async def test_a_head_that_follows_on_a_request_is_measured(address):
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
async def test_what_frames_a_body_is_bounded(address, sent):
    assert await answers(address, sent) == b""


async def test_a_body_in_small_chunks_with_a_trailer_is_taken(address):
    sent = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert (await answers(address, sent, b"8\r\n12345678\r\n" * 20_000, b"0\r\nx: y\r\n\r\n")).endswith(b"ok")


async def test_trailers_are_no_headers():
    seen: list[bytes] = []

    async def asked(scope, receive, send):
        while (await receive())["more_body"]:
            pass
        seen.extend(name for name, _ in scope["headers"])
        await app(scope | {"path": "/early"}, receive, send)

    sock = socket.create_server(("127.0.0.1", 0))
    server = await HttpServer(asked, sock).open()
    sent = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"2\r\n{}\r\n0\r\norigin: evil\r\n\r\n"
    assert (await answers(sock.getsockname(), sent)).endswith(b"ok")
    assert seen == [b"host", b"transfer-encoding", b"connection"]
    await server.close()


async def test_a_body_that_nobody_wants_is_read_to_a_limit():
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


async def test_who_comes_when_all_places_are_taken_has_that_of_an_idle_connection():
    sock = socket.create_server(("127.0.0.1", 0))
    server = await HttpServer(app, sock, ServerLimits(total=3)).open()

    async def opened(client):
        return await asyncio.open_connection(*sock.getsockname(), local_addr=(client, 0))

    streams = [await opened(client) for client in ("127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.4")]
    assert await hung_up(streams[0][0])
    for reader, writer in streams[1:]:
        writer.write(ANSWERED)
        assert await reader.readuntil(b"ok")
    for _, writer in streams:
        writer.close()
    await server.close()


async def test_one_client_has_no_more_than_its_share_of_connections():
    sock = socket.create_server(("127.0.0.1", 0))
    server = await HttpServer(app, sock, ServerLimits(per_client=3)).open()
    opened = [await asyncio.open_connection(*sock.getsockname()) for _ in range(4)]
    assert await opened[3][0].read() == b""
    opened[0][1].write(ANSWERED)
    assert await opened[0][0].readuntil(b"ok")
    for _, writer in opened:
        writer.close()
    await server.close()
