"""An HTTP server on a real socket that answers what a test tells it, valid or not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.container_images import ContainerImage, Content

Answer = bytes | Callable[["Request"], AsyncIterator[bytes]]
"""The raw bytes of a response, or what sends them piece by piece; the connection is closed after them."""


class Request(NamedTuple):
    """A request that has arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]


def response(status: int, body: bytes = b"", /, **headers: str) -> bytes:
    """A valid response. ``content_length`` and others: headers with hyphens; an empty one is left out."""
    lines = {"content-length": str(len(body)), "connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status} Status\r\n{head}\r\n".encode() + body


class ScriptedServer:
    """Answers each path with what the test has put there: one answer after the other, and the last for ever."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.port = 0
        self._answers: dict[str, list[Answer]] = {}

    @property
    def host(self) -> str:
        """As references name it."""
        return f"127.0.0.1:{self.port}"

    def answer(self, path: str, *answers: Answer) -> None:
        """Answer requests of a path (``METHOD /path`` or ``/path``)."""
        self._answers[path] = list(answers)

    def requests_of(self, path: str) -> list[Request]:
        """The requests of a path, or of ``METHOD /path``."""
        return [r for r in self.requests if path in {r.path, f"{r.method} {r.path}"}]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close the connection."""
        try:
            request = await _read(reader)
            self.requests.append(request)
            answers = self._answers.get(f"{request.method} {request.path}") or self._answers.get(request.path)
            answer = response(404) if answers is None else answers.pop(0) if len(answers) > 1 else answers[0]
            if request.method == "HEAD" and isinstance(answer, bytes):
                answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            if isinstance(answer, bytes):
                writer.write(answer)
            else:
                async for piece in answer(request):
                    writer.write(piece)
                    await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


@asynccontextmanager
async def scripted_server(
    context: ssl.SSLContext | None = None, address: str = "127.0.0.1"
) -> AsyncIterator[ScriptedServer]:
    """Start a server at a free port of an address. ``context``: speak TLS."""
    scripted = ScriptedServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError):
            await scripted.serve(reader, writer)

    server = await asyncio.start_server(serve, address, 0, ssl=context)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request:
    first = await reader.readexactly(1)
    if first == b"\x16":  # a TLS handshake
        raise ConnectionAbortedError
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), headers, dict(parse_qsl(body.decode())))


def publish(
    server: ScriptedServer, repository: str, image: ContainerImage, *tags: str, index: Content | None = None
) -> None:
    """Serve an image, as a registry does that holds it. ``index``: what the tags stand for."""
    for content in (image.manifest, index):
        if content is not None:
            answer = manifest_answer(content)
            names = [content.digest, *(tags if content is (index or image.manifest) else ())]
            for name in names:
                server.answer(f"/v2/{repository}/manifests/{name}", answer)
    for blob in image.blobs:
        server.answer(f"/v2/{repository}/blobs/{blob.digest}", response(200, blob.data))


def manifest_answer(content: Content) -> bytes:
    """The response with a manifest or an index."""
    return response(200, content.data, content_type=content.media_type, docker_content_digest=content.digest)
