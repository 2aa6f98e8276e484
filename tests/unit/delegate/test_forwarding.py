"""The headers that reach a server of another service."""

from __future__ import annotations

import asyncio

import pytest

from moyai.delegate.forwarding import DelegateClient
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.ports.delegate import DelegatedRequest

SIGNATURE = "AWS4-HMAC-SHA256 Credential=AKIA/20261128/eu-north-1/sqs/aws4_request, SignedHeaders=host, Signature=0"


async def received_headers(service, **headers):
    """The headers of a request, as its server gets them."""
    lines: list[str] = []

    async def respond(reader, writer):
        lines.extend((await reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()[1:-1])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        client = DelegateClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        request = DelegatedRequest(service, DEFAULT_SCOPE, "GET", "/b/k", {"host": "localhost", **headers}, None)
        response = await client.forward(request)
        assert [chunk async for chunk in response.chunks] == []
        await client.close()
    return [tuple(line.split(": ", 1)) for line in lines]


@pytest.mark.parametrize(
    ("service", "authorization", "forwarded"),
    [
        ("sqs", SIGNATURE, [SIGNATURE.lower()]),
        ("s3", "AWS a/b/us-east-1/iam/c", []),
        ("s3", "Bearer x", []),
    ],
    ids=["a signature", "what moto takes for a signature for IAM", "another scheme"],
)
async def test_a_signature_alone_is_forwarded(service, authorization, forwarded):
    headers = await received_headers(service, authorization=authorization)
    assert [value for name, value in headers if name == "authorization"] == forwarded


async def test_headers_of_one_connection_are_not_forwarded():
    signature = SIGNATURE.replace("SignedHeaders=host", "SignedHeaders=host;x-amz-date")
    named = {"connection": "x-hop, X-Amz-Date", "x-hop": "1", "x-amz-date": "20261128T000000Z", "x-other": "2"}
    headers = dict(await received_headers("sqs", authorization=signature, **named))
    assert headers["x-amz-date"] == "20261128t000000z"
    assert headers["x-other"] == "2"
    assert "x-hop" not in headers


async def test_headers_of_the_servers_connection_are_not_passed_on():
    async def respond(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nx-hop: 1\r\nx-other: 2\r\ncontent-length: 0\r\n\r\n"
        )
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        client = DelegateClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        request = DelegatedRequest("s3", DEFAULT_SCOPE, "GET", "/b/k", {"host": "localhost"}, None)
        response = await client.forward(request)
        assert response.headers == (("x-other", "2"), ("content-length", "0"))
        await client.close()


async def test_the_service_is_the_one_that_moyai_found():
    headers = await received_headers("s3", **{"x-moyai-service": "iam"})
    assert [value for name, value in headers if name == "x-moyai-service"] == ["s3"]


async def test_clients_of_one_service_leave_connections_to_others():
    released = asyncio.Event()

    async def respond(reader, writer):
        if b"x-moyai-service: s3" in (await reader.readuntil(b"\r\n\r\n")).lower():
            released.set()
            await reader.read()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        client = DelegateClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", connections=1)
        slow, *others = (
            DelegatedRequest(service, DEFAULT_SCOPE, "GET", "/", {"host": "localhost"}, None)
            for service in ("s3", "sqs", "iam")
        )
        holding = asyncio.ensure_future(client.forward(slow))
        await released.wait()
        assert [(await client.forward(request)).status for request in others] == [200, 200]
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        await client.close()
