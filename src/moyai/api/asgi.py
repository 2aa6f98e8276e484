"""The API gateway on HTTP: a thin ASGI application.

Promise: it reads a request within limits of size and time, passes it to the gateway (or to the handler of a page, or,
below ``/_moyai/``, to one of the installation's own handlers) and sends the response. GET and HEAD of ``/`` say what
this server is. The HTTP server in front limits the size of headers.
Refuses, in development mode: requests that a web page of another origin could send through the user's browser, and a
``Host`` that is neither an address nor a local name (DNS rebinding).
Sources: https://asgi.readthedocs.io/en/latest/specs/www.html, docs/decisions/browsers-are-kept-out.md
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import msgspec

from moyai.api.bodies import Receive, body_parts, read_body
from moyai.api.browsers import browser_problem, is_own_host
from moyai.api.delegation import chunks_of, has_body
from moyai.api.gateway import ApiGateway
from moyai.api.router import RequestRoute
from moyai.api.sigv4 import is_signed
from moyai.api.wire.http import FORM, ClientDisconnected, HttpRequest, HttpResponse
from moyai.kernel.browsers import is_from_elsewhere
from moyai.kernel.errors import ClientFault
from moyai.ports.store import StateUnwritable

AsgiScope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
UPLOAD = "moyai.upload"
"""The key in a scope whose body a handler reads as it arrives; such a body may be larger than ``max_body``."""
OWN_PREFIX = "/_moyai/"
_JSON = MappingProxyType({"content-type": "application/json"})


Headers = Mapping[str, str] | Sequence[tuple[str, str]]


class StreamedResponse(msgspec.Struct, frozen=True):
    """A response of one of moyai's own handlers or of another server, which may repeat a header. Its chunks are sent
    as they come, until the client disconnects.
    """

    status: int
    headers: Headers
    chunks: AsyncIterator[bytes]
    ended: Callable[[], None] | None = None
    """Called once after the last chunk, also when the client left before the first."""


Response = HttpResponse | StreamedResponse
Handler = Callable[[HttpRequest], Awaitable[Response]]
StreamHandler = Callable[[HttpRequest, AsyncIterator[bytes]], Awaitable[Response | None]]
"""Answers a request whose body it reads itself; None when the client has gone. The body raises ClientDisconnected and
TooSlow.
"""
Channels = Callable[[str, Receive, Send], Awaitable[None]]
"""Serves one WebSocket at the given path."""


class Limits(msgspec.Struct, frozen=True):
    """Limits of one request, and the origins and hosts that are accepted."""

    max_body: int = 2 * 1024 * 1024
    """The most bytes of a body."""
    read_seconds: float = 20.0
    """From the first header to the last byte of the body."""
    idle_seconds: float = 60.0
    """Between two parts of a body that a ``StreamHandler`` reads."""
    stream_seconds: float = 3600.0
    """From the first header to the last byte of a body that a ``StreamHandler`` reads."""
    any_origin: bool = False
    """Accept any ``Origin`` and ``Host``. Safe only where every request needs a signature."""


class App:
    """An ASGI application around an API gateway."""

    def __init__(
        self,
        gateway: ApiGateway,
        own_paths: Mapping[str, Handler] = MappingProxyType({}),
        limits: Limits | None = None,
        channels: Channels | None = None,
        pages: Mapping[str, Handler] = MappingProxyType({}),
        streams: Mapping[str, StreamHandler] = MappingProxyType({}),
    ) -> None:
        self._gateway = gateway
        self._pages = pages
        self._streams = streams
        self._own = own_paths
        self._limits = limits or Limits()
        self._channels = channels

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope: ``http``, ``websocket``, or ``lifespan`` (which gets an answer and has no effect)."""
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
        """Serve a WebSocket, or close it when a web page of another origin opens it.

        The origin is checked with and without issued keys: a browser sends no signature with a WebSocket. Only the
        console, which is of this server's origin, opens one from a page; it has the session's token.
        """
        headers = _headers(scope["headers"])
        host_accepted = self._limits.any_origin or is_own_host(headers)
        if not host_accepted or is_from_elsewhere(headers) or self._channels is None:
            await receive()
            await send({"type": "websocket.close"})
        else:
            await self._channels(scope["path"], receive, send)

    async def _response(self, scope: AsgiScope, receive: Receive) -> Response | None:
        headers = _headers(scope["headers"])
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        path, query = raw_path.decode("latin-1"), scope["query_string"].decode("latin-1")
        request = HttpRequest(scope["method"], path, query, headers)
        if not self._limits.any_origin and not self._opens_page(request):
            problem = browser_problem(headers)
            if problem is not None:
                return _plain(403, problem)
        route = None if self._is_own(request) else self._gateway.route(request)
        handle_stream = self._stream_handler(request, route, receive)
        if handle_stream is not None:
            scope[UPLOAD] = True
            return await handle_stream(
                request, body_parts(receive, self._limits.idle_seconds, self._limits.stream_seconds)
            )
        try:
            body = await read_body(headers, receive, self._limits.max_body, self._limits.read_seconds)
        except ClientFault as error:
            return self._gateway.error_response(request, error)
        if body is None:
            return None
        try:
            return await self._handle(msgspec.structs.replace(request, body=body), route, receive)
        except StateUnwritable as fault:
            return _plain(503, str(fault))

    def _stream_handler(
        self, request: HttpRequest, route: RequestRoute | None, receive: Receive
    ) -> StreamHandler | None:
        """The handler that reads the request's body itself; None when the whole body has to be read first."""
        if route is not None and route.is_delegated:
            return partial(self._forward, receive, route)
        return self._streams.get(_first_part(request.path))

    def _is_own(self, request: HttpRequest) -> bool:
        """Whether the request is for this server itself. Below other paths, a signed one is for an AWS service."""
        if request.path.startswith(OWN_PREFIX):
            return True
        first = _first_part(request.path)
        return not is_signed(request) and (first in self._pages or first in self._streams or _is_root(request))

    async def _forward(
        self, receive: Receive, route: RequestRoute, request: HttpRequest, body: AsyncIterator[bytes]
    ) -> Response | None:
        """The response of the other server; None, with the forwarding cancelled, when the client disconnects first."""
        body_read = asyncio.Event()
        try:
            if not has_body(request):
                body = chunks_of(b"".join([part async for part in body]))
                body_read.set()
            forwarding = asyncio.ensure_future(self._gateway.forward(request, route, _announce_end(body, body_read)))
            disconnection = asyncio.ensure_future(_wait_for_disconnect(receive, body_read))
            try:
                await asyncio.wait({forwarding, disconnection}, return_when=asyncio.FIRST_COMPLETED)
                if not forwarding.done():
                    return None
                response = forwarding.result()
            finally:
                forwarding.cancel()
                disconnection.cancel()
                await asyncio.gather(forwarding, disconnection, return_exceptions=True)
        except ClientDisconnected:
            return None
        if isinstance(response, HttpResponse):
            return response
        return StreamedResponse(response.status, response.headers, response.chunks)

    def _opens_page(self, request: HttpRequest) -> bool:
        """Whether a browser navigates to one of our pages: a page of another origin may link there, and can't read the
        response.
        """
        navigates = request.method == "GET" and request.headers.get("sec-fetch-dest") == "document"
        return navigates and "origin" not in request.headers and _first_part(request.path) in self._pages

    async def _handle(self, request: HttpRequest, route: RequestRoute | None, receive: Receive) -> Response | None:
        show_page = self._pages.get(_first_part(request.path))
        if show_page is not None:
            return await show_page(request)
        if request.path.startswith(OWN_PREFIX):
            handler = self._own.get(request.path.removeprefix(OWN_PREFIX))
            return await handler(request) if handler else _plain(404, f"There is nothing at {request.path[:200]}.")
        if _is_root(request):
            return _plain(200, "moyai answers AWS API requests here; its health is at /_moyai/health.")
        # The head does not route every request: a form names its operation in the body.
        if route is None or route.routed_request.service is None or request.content_type == FORM:
            route = self._gateway.route(request)
            if route.is_delegated:
                return await self._forward(receive, route, request, chunks_of(request.body))
        return await self._gateway.answer(request, route=route)


def _is_root(request: HttpRequest) -> bool:
    """Whether the request reads ``/`` of this server itself, and is not for an AWS API."""
    is_read = request.path in {"", "/"} and request.method in {"GET", "HEAD"} and "Action=" not in request.query
    return is_read and ".s3." not in request.headers.get("host", "") and not is_signed(request)


def _first_part(path: str) -> str:
    """The first part of a path, with the slash before it."""
    return "/" + path.removeprefix("/").partition("/")[0]


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _plain(status: int, message: str) -> HttpResponse:
    return HttpResponse(status, _JSON, msgspec.json.encode({"message": message}))


async def _send(response: HttpResponse, send: Send, *, with_body: bool) -> None:
    headers = _encode_headers(response.headers)
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body if with_body else b""})


async def _stream(response: StreamedResponse, receive: Receive, send: Send) -> None:
    """Send the chunks until they end or the client disconnects, which cancels the source of the chunks."""
    await send({"type": "http.response.start", "status": response.status, "headers": _encode_headers(response.headers)})
    pump, disconnection = (
        asyncio.ensure_future(_pump(response.chunks, send)),
        asyncio.ensure_future(_wait_for_disconnect(receive)),
    )
    try:
        await asyncio.wait({pump, disconnection}, return_when=asyncio.FIRST_COMPLETED)
        if pump.done():
            pump.result()
    finally:
        pump.cancel()
        disconnection.cancel()
        await asyncio.gather(pump, disconnection, return_exceptions=True)


async def _pump(chunks: AsyncIterator[bytes], send: Send) -> None:
    async for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _announce_end(body: AsyncIterator[bytes], body_read: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield the chunks, then set the event: from then on another task may receive the client's messages."""
    async for chunk in body:
        yield chunk
    body_read.set()


async def _wait_for_disconnect(receive: Receive, body_read: asyncio.Event | None = None) -> None:
    if body_read is not None:
        await body_read.wait()
    while (await receive())["type"] != "http.disconnect":
        pass


def _encode_headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
