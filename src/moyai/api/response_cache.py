"""Caches for operations that clients repeat often, such as DescribeServices: parsed requests, and responses.

Promise: a body means the same each time it comes in the same protocol, so it is parsed and validated once; an invalid
request is not cached. A cached response is served only while every record that was read to make it is unchanged; it
carries the request id of the current request. The gateway authenticates every request before it looks here. Both caches
are bounded in entries and in bytes, and a full cache is emptied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, cast

from msgspec.structs import replace

from moyai.api.operation import Context, ReusableOutput
from moyai.api.wire.codec import REQUEST_ID
from moyai.api.wire.http import HttpResponse
from moyai.domain.traced import ReadStamps, TracedWorld
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.store import Store

_MAX_REQUESTS: Final = 1024
_MAX_REQUEST_BYTES: Final = 8192
_MAX_RESPONSES: Final = 512
_MAX_RESPONSE_BYTES: Final = 256 * 1024
_MAX_READS: Final = 1000
"""The most records read to make a cached response: all are compared again before the response is served."""
_BYTES_PER_READ: Final = 128
_MAX_BYTES: Final = 16 * 1024 * 1024
"""The most bytes of all cached responses of a service, with the records that were read to make them."""


class RawRequest(NamedTuple):
    """A request before it is parsed, as a cache key; for protocols whose whole input is in body and query string."""

    protocol: str
    operation: str
    body: bytes
    query: str = ""


class _CachedResponse(NamedTuple):
    is_current: Callable[[Instant], bool]
    response: HttpResponse
    size: int
    """Bytes of the response, and an estimate for the records that were read to make it."""


class _WorldOnly(NamedTuple):
    """The part of the store from which a cached response may be made."""

    world: World


class ParsedRequestCache:
    """Typed requests that have passed every check, by their raw form."""

    def __init__(self) -> None:
        self._typed: dict[RawRequest, object] = {}

    def get(self, raw: RawRequest) -> object | None:
        """The typed request; None when it is not cached."""
        return self._typed.get(raw)

    def put(self, raw: RawRequest, typed_request: object) -> None:
        """Cache a typed request, unless its body is too large."""
        if len(raw.body) + len(raw.query) <= _MAX_REQUEST_BYTES:
            if len(self._typed) >= _MAX_REQUESTS:
                self._typed.clear()
            self._typed[raw] = typed_request


class ResponseCache:
    """Responses by the scope and the raw form of their requests."""

    def __init__(self) -> None:
        self._responses: dict[tuple[Scope, RawRequest], _CachedResponse] = {}
        self._bytes = 0
        self._trace: TracedWorld | None = None

    def respond(self, ctx: Context, raw: RawRequest, make: Callable[[Context], HttpResponse]) -> HttpResponse:
        """The cached response if it is still true, else a new one. ``make`` gets a context of whose store it may read
        the world only. Raises what ``make`` raises.
        """
        cached = self.get(ctx, raw)
        if cached is not None:
            return cached
        if self._trace is None:
            self._trace = TracedWorld(ctx.store.world)
        response, reads = self._trace.run(lambda world, _: make(_with_world(ctx, world)), raw)
        if len(reads) <= _MAX_READS:  # to stamp the records takes time
            self.put(ctx, raw, ReusableOutput(response, _are_current(self._trace.stamps(reads)), len(reads)))
        return response

    def get(self, ctx: Context, raw: RawRequest) -> HttpResponse | None:
        """The cached response, if it is still true."""
        cached = self._responses.get((ctx.scope, raw))
        if cached is None or not cached.is_current(ctx.now):
            return None
        return _with_request_id(cached.response, ctx.request_id)

    def put(self, ctx: Context, raw: RawRequest, reusable: ReusableOutput[HttpResponse]) -> None:
        """Cache a serialised response, unless too many records were read to make it."""
        if reusable.reads <= _MAX_READS:
            size = len(reusable.output.body) + _BYTES_PER_READ * reusable.reads
            self._put((ctx.scope, raw), _CachedResponse(reusable.is_current, reusable.output, size))

    def _put(self, key: tuple[Scope, RawRequest], entry: _CachedResponse) -> None:
        if len(entry.response.body) > _MAX_RESPONSE_BYTES or len(key[1].body) + len(key[1].query) > _MAX_REQUEST_BYTES:
            return
        previous = self._responses.pop(key, None)
        self._bytes += entry.size - (0 if previous is None else previous.size)
        if len(self._responses) >= _MAX_RESPONSES or self._bytes > _MAX_BYTES:
            self._responses.clear()
            self._bytes = entry.size
        self._responses[key] = entry


def _are_current(stamps: ReadStamps) -> Callable[[Instant], bool]:
    return lambda _now: stamps.are_current()


def _with_world(ctx: Context, world: World) -> Context:
    return replace(ctx, store=cast("Store", _WorldOnly(world)))


def _with_request_id(response: HttpResponse, request_id: str) -> HttpResponse:
    """A copy of the response with the id of another request."""
    return HttpResponse(response.status, {**response.headers, REQUEST_ID: request_id}, response.body)
