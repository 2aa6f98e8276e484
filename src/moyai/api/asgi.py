"""The door on HTTP: a thin ASGI application.

Promise: reads a request within its limits of size and time, hands it to the door (or, under
``/_moyai/``, to one of the installation's own handlers, or to what shows pages) and sends what comes back. GET
and HEAD of ``/`` answer what this is. Header sizes are limited by the server in front.
Refuses, in development mode: what a web page of another origin could send through the user's browser, and a ``Host``
that is neither an address nor a local name (DNS rebinding). ``data-`` before the name is as the SDKs send it.
Sources: https://asgi.readthedocs.io/en/latest/specs/www.html, docs/decisions/browsers-are-kept-out.md
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import msgspec

from moyai.api.door import Door
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.kernel.browsers import is_from_elsewhere
from moyai.kernel.errors import ClientFault, TooLarge
from moyai.ports.store import StateUnwritable

AsgiScope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
OWN_PREFIX = "/_moyai/"
_JSON = MappingProxyType({"content-type": "application/json"})


class StreamedResponse(msgspec.Struct, frozen=True):
    """An answer in parts, sent as they come until the client leaves. Only the installation's own handlers have it."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]
    ended: Callable[[], None] | None = None
    """Called once when no more chunks are sent, also when none ever was."""


Response = HttpResponse | StreamedResponse
Handler = Callable[[HttpRequest], Awaitable[Response]]
Channels = Callable[[str, Receive, Send], Awaitable[None]]
"""Serves one WebSocket that asks for this path."""


class TooSlow(ClientFault, code="RequestTimeoutException", status=408):
    """The body did not come in time."""


class Limits(msgspec.Struct, frozen=True):
    """What one request may cost, and who may send it."""

    max_body: int = 2 * 1024 * 1024
    """Bytes."""
    read_seconds: float = 20.0
    """From the first header to the last byte of the body."""
    from_browsers: bool = False
    """Take requests whatever ``Origin`` and ``Host`` say. Right only where every request needs a signature."""
    hosts: frozenset[str] = frozenset()
    """Further host names to answer to; addresses, ``localhost`` and ``*.localhost`` always are."""


class App:
    """An ASGI application around a door."""

    def __init__(
        self,
        door: Door,
        own: Mapping[str, Handler] = MappingProxyType({}),
        limits: Limits | None = None,
        channels: Channels | None = None,
        pages: Mapping[str, Handler] = MappingProxyType({}),
    ) -> None:
        self._door = door
        self._pages = pages
        self._own = own
        self._limits = limits or Limits()
        self._channels = channels

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope: ``http``, ``websocket``, or ``lifespan`` (answered, and nothing done)."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            response = await self._response(scope, receive)
            if isinstance(response, StreamedResponse):
                try:
                    await _stream(response, receive, send)
                finally:
                    if response.ended is not None:
                        response.ended()
            elif response is not None:
                await _send(response, send, with_body=scope["method"] != "HEAD")
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    async def _websocket(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket. None comes from a web page elsewhere, with keys or without: the check is for both.

        With keys there is one more page than none, the console: it is of this origin, and has the session's token.
        """
        headers = _headers(scope["headers"])
        known = self._limits.from_browsers or _is_local(_hostname(headers), self._limits.hosts)
        if not known or is_from_elsewhere(headers) or self._channels is None:
            await receive()
            await send({"type": "websocket.close"})
        else:
            await self._channels(scope["path"], receive, send)

    async def _response(self, scope: AsgiScope, receive: Receive) -> Response | None:
        headers = _headers(scope["headers"])
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        path, query = raw_path.decode("latin-1"), scope["query_string"].decode("latin-1")
        request = HttpRequest(scope["method"], path, query, headers)
        if not self._limits.from_browsers and not self._opens_page(request):
            problem = _browser_problem(headers, self._limits.hosts)
            if problem is not None:
                return _plain(403, problem)
        try:
            async with asyncio.timeout(self._limits.read_seconds):
                body = await self._body(headers, receive)
        except TimeoutError:
            late = TooSlow(f"The request did not arrive within {self._limits.read_seconds:g} seconds.")
            return self._door.refusal(request, late)
        except TooLarge as error:
            return self._door.refusal(request, error)
        if body is None:
            return None
        try:
            return await self._answered(msgspec.structs.replace(request, body=body))
        except StateUnwritable as fault:
            return _plain(503, str(fault))

    def _shows(self, request: HttpRequest) -> Handler | None:
        """What shows pages below the first part of the request's path."""
        return self._pages.get("/" + request.path.removeprefix("/").partition("/")[0])

    def _opens_page(self, request: HttpRequest) -> bool:
        """Whether a browser opens a page of ours in a window: any page may lead there, and none sees what comes."""
        opens = request.method == "GET" and request.headers.get("sec-fetch-dest") == "document"
        return opens and "origin" not in request.headers and self._shows(request) is not None

    async def _answered(self, request: HttpRequest) -> Response:
        shows = self._shows(request)
        if shows is not None:
            return await shows(request)
        if request.path.startswith(OWN_PREFIX):
            handler = self._own.get(request.path.removeprefix(OWN_PREFIX))
            return await handler(request) if handler else _plain(404, f"There is nothing at {request.path[:200]}.")
        if request.path in {"", "/"} and request.method in {"GET", "HEAD"} and "Action=" not in request.query:
            return _plain(200, "moyai answers AWS API requests here; its health is at /_moyai/health.")
        return await self._door.answer(request)

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes | None:
        """The whole body, or None when the client left. Raises TooLarge, before reading where it can."""
        limit = self._limits.max_body
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


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _browser_problem(headers: Mapping[str, str], hosts: frozenset[str]) -> str | None:
    """Why a request may come from a web page that is not the server's own; None when it may not."""
    if is_from_elsewhere(headers):
        return "Requests that a web page of another origin makes are not answered."
    host = _hostname(headers)
    if not _is_local(host, hosts):
        return f"This is not a name of this server: '{host[:100]}'. Use localhost, an address, or a name it is told of."
    return None


def _hostname(headers: Mapping[str, str]) -> str:
    """The name or address that the request went to, without what SDKs put before it."""
    try:
        return (urlsplit(f"//{headers.get('host', '')}").hostname or "").removeprefix("data-")
    except ValueError:
        return ""


def _is_local(host: str, hosts: frozenset[str]) -> bool:
    """Whether it is a name of this server, which no web page can give itself: any address is."""
    if host == "localhost" or host.endswith(".localhost") or host in hosts:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _plain(status: int, message: str) -> HttpResponse:
    return HttpResponse(status, _JSON, msgspec.json.encode({"message": message}))


async def _send(response: HttpResponse, send: Send, *, with_body: bool) -> None:
    headers = _encoded(response.headers)
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body if with_body else b""})


async def _stream(response: StreamedResponse, receive: Receive, send: Send) -> None:
    """Send the chunks until they end or the client leaves; a source that waits is cancelled then."""
    await send({"type": "http.response.start", "status": response.status, "headers": _encoded(response.headers)})
    pump, gone = asyncio.ensure_future(_pump(response.chunks, send)), asyncio.ensure_future(_client_left(receive))
    try:
        await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
        if pump.done():
            pump.result()
    finally:
        pump.cancel()
        gone.cancel()
        await asyncio.gather(pump, gone, return_exceptions=True)


async def _pump(chunks: AsyncIterator[bytes], send: Send) -> None:
    async for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
