"""The HTTP edge: limits, browsers, the installation's own paths."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest

from moyai.api.asgi import App, Limits, StreamedResponse
from moyai.api.wire.http import HttpResponse
from tests.contract.wire import peer
from tests.unit.api import world


async def ask(app, method="POST", path="/", headers=(), chunks=(b"{}",), query=b""):
    """One request without a server: the client sends the chunks, and then waits."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if messages:
        messages[-1]["more_body"] = False
    waiting = iter(messages)
    sent = []

    async def receive():
        for message in waiting:
            return message
        return await asyncio.Future()

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query}
    await app(scope | {"headers": [(b"host", b"localhost:4566"), *headers]}, receive, send)
    return sent


def status(sent):
    return sent[0]["status"]


def body(sent):
    return b"".join(message.get("body", b"") for message in sent[1:])


CREATE = [
    (b"x-amz-target", b"AmazonEC2ContainerServiceV20141113.CreateCluster"),
    (b"content-type", b"application/x-amz-json-1.1"),
]


async def test_a_request_may_arrive_in_pieces():
    response = await ask(world.app(), headers=CREATE, chunks=[b'{"cluster', b'Name": "shop"}'])
    assert msgspec.json.decode(body(response))["cluster"]["clusterName"] == "shop"


@pytest.mark.parametrize(
    ("headers", "protocol", "code"),
    [
        (CREATE, "json", "RequestEntityTooLargeException"),
        ([(b"content-type", b"application/x-www-form-urlencoded")], "query", "RequestEntityTooLargeException"),
    ],
)
async def test_a_refusal_is_in_the_protocol_of_the_request(headers, protocol, code):
    sent_response = await ask(world.app(Limits(max_body=10)), headers=headers, chunks=[b"Action=DescribeVpcs"])
    response = HttpResponse(status(sent_response), {}, body(sent_response))
    assert peer.read(protocol, None, response)["Error"]["Code"] == code


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"11")], [(b"content-length", b"9" * 30)]])
async def test_an_oversized_body_is_refused(headers):
    response = await ask(world.app(Limits(max_body=10)), headers=headers, chunks=[b"123456", b"7890x"])
    assert status(response) == 413
    assert msgspec.json.decode(body(response)) == {
        "__type": "RequestEntityTooLargeException",
        "message": "The request body is over the limit of 10 bytes.",
    }


async def test_a_missing_body_times_out():
    assert status(await ask(world.app(Limits(read_seconds=0.01)), chunks=[])) == 408


async def test_a_disconnected_client_gets_no_response():
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [(b"host", b"localhost")]}
    await world.app()(scope, receive, send)
    assert sent == []


async def test_the_front_page():
    response = await ask(world.app(), "GET")
    assert (status(response), b"moyai" in body(response)) == (200, True)
    response = await ask(world.app(), "HEAD")
    assert (status(response), body(response)) == (200, b"")


@pytest.mark.parametrize(
    ("headers", "due"),
    [
        ([(b"origin", b"http://localhost:4566")], 200),
        ([(b"origin", b"https://localhost:4566"), (b"sec-fetch-site", b"same-origin")], 200),
        ([(b"referer", b"http://localhost:4566/console/")], 200),
        ([(b"referer", b"https://example.com/"), (b"sec-fetch-site", b"none")], 200),
        ([(b"origin", b"http://localhost:4566"), (b"sec-fetch-site", b"same-site")], 403),
        ([(b"origin", b"http://localhost:4566"), (b"origin", b"https://example.com")], 403),
        ([(b"origin", b"http://evil@localhost:4566")], 403),
        ([(b"origin", b"http://localhost:3000")], 403),
        ([(b"origin", b"http://127.0.0.1:4566")], 403),
        ([(b"origin", b"http://127.83.0.1:8080")], 403),
        ([(b"origin", b"")], 403),
        ([(b"referer", b"http://127.83.0.1:8080/shop")], 403),
        ([(b"referer", b"http://localhost:4566@example.com/")], 403),
        ([(b"referer", b"http://[")], 403),
        ([(b"origin", b"https://example.com")], 403),
        ([(b"origin", b"http://192.168.0.7")], 403),
        ([(b"origin", b"null")], 403),
        ([(b"origin", b"http://[")], 403),
        ([(b"sec-fetch-site", b"cross-site")], 403),
        ([(b"sec-fetch-site", b"same-site")], 403),
        ([(b"sec-fetch-site", b"none")], 200),
    ],
)
async def test_pages_of_other_origins_are_refused(headers, due):
    assert status(await ask(world.app(), headers=[*CREATE, *headers])) == due
    assert status(await ask(world.app(Limits(any_origin=True)), headers=[*CREATE, *headers])) == 200


@pytest.mark.parametrize(
    ("host", "due"),
    [
        ("127.0.0.1:4566", 200),
        ("192.168.0.7:4566", 200),
        ("[::1]:4566", 200),
        ("data-localhost:4566", 200),
        ("data-127.0.0.1:4566", 200),
        ("moyai.localhost:4566", 200),
        ("rebound.example.com:4566", 403),
        ("", 403),
        ("[", 403),
    ],
)
async def test_foreign_host_names_are_refused(host, due):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"{}"}

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b""}
    await world.app()(scope | {"headers": [*CREATE, (b"host", host.encode())]}, receive, send)
    assert status(sent) == due


async def test_own_paths():
    async def health(request):
        return HttpResponse(200, {}, request.method.encode())

    app = App(world.gateway(), {"health": health})
    assert body(await ask(app, "GET", "/_moyai/health")) == b"GET"
    assert status(await ask(app, "GET", "/_moyai/nothing")) == 404


async def chunks_of(*parts, closed):
    try:
        for part in parts:
            if part is None:
                await asyncio.Future()
            else:
                yield part
    finally:
        closed.append(True)


async def test_a_stream_is_sent_as_it_comes():
    closed: list[bool] = []

    async def logs(_request):
        return StreamedResponse(200, {}, chunks_of(b"a", b"b", closed=closed))

    response = await ask(App(world.gateway(), {"logs": logs}), "GET", "/_moyai/logs")
    assert [message.get("body") for message in response[1:]] == [b"a", b"b", b""]
    assert closed == [True]


async def test_a_repeated_header_stays_repeated():
    async def page(_request):
        return StreamedResponse(200, (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")), chunks_of(b"a", closed=[]))

    response = await ask(App(world.gateway(), {"page": page}), "GET", "/_moyai/page")
    assert response[0]["headers"] == [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


@pytest.mark.parametrize("failing", ["http.response.start", "http.response.body", None])
async def test_the_end_of_a_stream_is_reported_once(failing):
    ends: list[str] = []

    async def logs(_request):
        return StreamedResponse(200, {}, chunks_of(b"a", closed=[]), lambda: ends.append("ended"))

    inputs = iter([{"type": "http.request", "body": b""}])

    async def receive():
        for message in inputs:
            return message
        return await asyncio.Future()

    async def send(message):
        if message["type"] == failing:
            raise OSError("the client has gone")

    scope = {"type": "http", "method": "GET", "path": "/_moyai/logs", "query_string": b""}
    with contextlib.suppress(OSError):
        await App(world.gateway(), {"logs": logs})(scope | {"headers": [(b"host", b"localhost")]}, receive, send)
    assert ends == ["ended"]


async def test_a_stream_ends_when_the_client_disconnects():
    closed: list[bool] = []

    async def logs(_request):
        return StreamedResponse(200, {}, chunks_of(b"a", None, closed=closed))

    app = App(world.gateway(), {"logs": logs})
    got_first = asyncio.Event()
    inputs = iter([{"type": "http.request", "body": b""}])

    async def receive():
        for message in inputs:
            return message
        await got_first.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message.get("body") == b"a":
            got_first.set()

    scope = {"type": "http", "method": "GET", "path": "/_moyai/logs", "query_string": b""}
    await app(scope | {"headers": [(b"host", b"localhost")]}, receive, send)
    assert closed == [True]
