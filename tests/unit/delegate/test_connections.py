"""The client of other servers: bodies of every form, connections that are used again, and servers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from moyai.delegate.connection import ServerConnection
from moyai.delegate.forwarding import DelegateClient
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.ports.delegate import DelegateBusy, DelegatedRequest, DelegateFailed

Respond = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def client_of(respond: Respond, connections: int = 2) -> AsyncIterator[DelegateClient]:
    """A client of a server that answers each connection so."""
    handlers: set[asyncio.Future[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.ensure_future(_answer(respond, reader, writer)))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        client = DelegateClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base/", connections=connections)
        try:
            yield client
        finally:
            await client.close()
            await asyncio.gather(*handlers)


async def _answer(respond: Respond, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection, until the client closes it."""
    try:
        await respond(reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def request(method: str = "GET", body: AsyncIterator[bytes] | None = None, **headers: str) -> DelegatedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return DelegatedRequest("s3", DEFAULT_SCOPE, method, "/b/k?a=%20b", {"host": "localhost", **named}, body)


async def parts(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def content_of(client: DelegateClient, sent: DelegatedRequest) -> tuple[int, bytes]:
    response = await client.forward(sent)
    return response.status, b"".join([chunk async for chunk in response.chunks])


def saying(*answers: bytes, until: bytes = b"\r\n\r\n", received: list[bytes] | None = None) -> Respond:
    """A server that reads until these bytes before each of its answers, and then closes the connection."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            data = await reader.readuntil(until)
            if received is not None:
                received.append(data)
            writer.write(answer)
        writer.close()

    return respond


def answering(answer: bytes) -> Respond:
    """A server that answers each request of a connection so, and leaves it open."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)

    return respond


async def test_a_body_without_a_length_is_sent_in_chunks():
    received: list[bytes] = []
    async with client_of(saying(OK, until=b"0\r\n\r\n", received=received)) as client:
        assert await content_of(client, request("PUT", parts(b"ab", b"", b"c"))) == (200, b"ok")
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /base/b/k?a=%20b HTTP/1.1\r\n")
    assert b"transfer-encoding: chunked" in head
    assert body == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


async def test_a_body_with_a_length_is_sent_as_it_is():
    received: list[bytes] = []
    async with client_of(saying(OK, until=b"abc", received=received)) as client:
        assert await content_of(client, request("PUT", parts(b"ab", b"c"), content_length="3")) == (200, b"ok")
    assert received[0].endswith(b"\r\n\r\nabc")
    assert b"transfer-encoding" not in received[0]


@pytest.mark.parametrize("chunks", [(b"abcd",), (b"ab",)], ids=["longer", "shorter"])
async def test_a_body_of_another_length_is_not_sent(chunks):
    async with client_of(saying(OK, until=b"abc")) as client:
        with pytest.raises(DelegateFailed, match="another length"):
            await client.forward(request("PUT", parts(*chunks), content_length="3"))


@pytest.mark.parametrize(
    ("method", "answer", "content"),
    [
        ("GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc"),
        ("GET", b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", b"ab"),
        ("GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na", b"a"),
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b""),
    ],
    ids=["chunks", "until the end", "HTTP/1.0", "an interim response", "HEAD", "nothing"],
)
async def test_responses_of_every_form(method, answer, content):
    async with client_of(saying(answer)) as client:
        assert await content_of(client, request(method)) == (200, content)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "closed the connection"),
        (b"SSH-2.0\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 110_000 + b"\r\n\r\n", "more than 102400 bytes"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", "broke off"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", "broke off"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\na: " + b"b" * 600_000,
            "more than 102400",
        ),
        (b"HTTP/0.9 200 OK\r\ncontent-length: 0\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n", "not HTTP/1.1"),
        (b"RTSP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", "not HTTP"),
    ],
    ids=[
        *("nothing", "half a head", "another protocol", "a long head", "half a body", "half a chunk"),
        *("a long trailer", "HTTP/0.9", "HTTP/2.0", "RTSP"),
    ],
)
async def test_a_server_that_misbehaves_fails_the_request(answer, reason):
    async with client_of(saying(answer)) as client:
        with pytest.raises(DelegateFailed, match=reason):
            await content_of(client, request())


async def test_a_connection_is_used_again():
    connections = 0

    async def respond(reader, writer):
        nonlocal connections
        connections += 1
        await saying(OK, OK, OK)(reader, writer)

    async with client_of(respond) as client:
        assert [await content_of(client, request()) for _ in range(3)] == [(200, b"ok")] * 3
    assert connections == 1


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("GET", OK + b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother"),
        ("HEAD", OK),
        ("GET", b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"),
    ],
    ids=["bytes after the response", "a body where there is none", "a connection that ends"],
)
async def test_no_request_gets_what_a_server_sent_before(method, answer):
    connections = 0

    async def respond(reader, writer):
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer if connections == 1 else OK)
        await reader.read()
        writer.close()

    async with client_of(respond) as client:
        status, _ = await content_of(client, request(method))
        assert status == 200
        assert await content_of(client, request()) == (200, b"ok")
    assert connections == 2


async def test_an_answer_before_the_end_of_the_body_counts():
    refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig"
    answered = asyncio.Event()

    async def respond(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(refusal)
        answered.set()
        await reader.readexactly(65_536)
        writer.close()

    async def body():
        yield b"a"
        await answered.wait()
        for _ in range(100):
            yield bytes(65_536)
            await asyncio.sleep(0)

    async with client_of(respond) as client:
        assert await content_of(client, request("PUT", body())) == (413, b"big")


@pytest.mark.parametrize("closes", [False, True], ids=["an open connection", "one that the server has closed"])
async def test_a_body_that_is_not_read_leaves_its_connection_to_others(closes, monkeypatch):
    connection_end = asyncio.Event()
    connection_lost = ServerConnection.connection_lost

    def note(connection, fault):
        connection_lost(connection, fault)
        connection_end.set()

    monkeypatch.setattr(ServerConnection, "connection_lost", note)
    async with client_of(saying(OK) if closes else answering(OK), connections=1) as client:
        response = await client.forward(request())
        if closes:
            await connection_end.wait()
        del response
        assert await content_of(client, request()) == (200, b"ok")


async def test_a_connection_with_half_a_request_is_not_used_again(monkeypatch):
    requests: list[bytes] = []
    answered = asyncio.Event()
    on_message_complete = ServerConnection.on_message_complete

    def note(connection):
        on_message_complete(connection)
        answered.set()

    async def respond(reader, writer):
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n" if len(requests) == 1 else OK)
        await reader.read()

    async def body():
        yield b"0123456789"
        await answered.wait()
        raise ConnectionAbortedError("the client is gone")

    monkeypatch.setattr(ServerConnection, "on_message_complete", note)
    async with client_of(respond, connections=1) as client:
        with pytest.raises(ConnectionAbortedError):
            await client.forward(request("PUT", body(), content_length="100"))
        assert await content_of(client, request()) == (200, b"ok")
    assert [received.split()[0] for received in requests] == [b"PUT", b"GET"]


async def test_a_response_that_the_client_itself_breaks_off_is_not_whole(monkeypatch):
    monkeypatch.setattr("moyai.delegate.connection.WRITE_SECONDS", 0.05)

    async def respond(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\na part")
        await writer.drain()
        await test_end.wait()

    async def body():
        while True:
            yield bytes(1_000_000)

    test_end = asyncio.Event()
    async with client_of(respond) as client:
        try:
            with pytest.raises(DelegateFailed, match="took no byte"):
                await content_of(client, request("PUT", body()))
        finally:
            test_end.set()


async def test_trailers_are_not_headers():
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-moyai-failure: 1\r\n\r\n"
    async with client_of(saying(answer)) as client:
        response = await client.forward(request())
        assert "x-moyai-failure" not in dict(response.headers)
        assert [chunk async for chunk in response.chunks] == [b"ok"]


@pytest.mark.parametrize(
    ("method", "body", "outcomes"),
    [("GET", None, [200, 200]), ("POST", None, [200, None]), ("PUT", b"a", [200, None])],
    ids=["GET", "POST", "a request with a body"],
)
async def test_a_request_is_sent_again_where_the_server_closes_an_idle_connection(method, body, outcomes):
    """The server reads a second request of a connection, and closes it without an answer."""
    statuses: list[int | None] = []

    async def respond(reader, writer):
        await reader.readuntil(b"\r\n\r\n" if body is None else b"0\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")

    async with client_of(respond) as client:
        for _ in outcomes:
            try:
                statuses.append((await content_of(client, request(method, None if body is None else parts(body))))[0])
            except DelegateFailed:
                statuses.append(None)
    assert statuses == outcomes


async def test_requests_beyond_the_connections_are_refused(monkeypatch):
    monkeypatch.setattr("moyai.delegate.connection_pool.POOL_SECONDS", 0.01)
    async with client_of(saying(OK), connections=1) as client:
        holding = await client.forward(request())
        with pytest.raises(DelegateBusy):
            await client.forward(request())
        assert [chunk async for chunk in holding.chunks] == [b"ok"]


async def test_a_header_of_several_lines_is_not_sent():
    async with client_of(saying(OK)) as client:
        with pytest.raises(DelegateFailed, match="more than one line"):
            await client.forward(request(x_note="a\r\nb: c"))
