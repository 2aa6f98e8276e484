"""Caches for operations that clients repeat often, such as DiscoverInstances: parsed requests, and responses.

Promise: the same body in the same protocol means the same, so it is parsed and validated once; an invalid request is
not cached. A cached response is served only while the operation's ``basis``, which is computed for every request,
equals the one that the response was made from; it carries the request id of the current request. The gateway
authenticates every request before it looks here. Both caches are bounded, in entries and in bytes of an entry; a full
one is emptied.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NamedTuple

from moyai.api.wire.codec import REQUEST_ID
from moyai.api.wire.http import HttpResponse
from moyai.kernel.scope import Scope

_MAX_REQUESTS: Final = 1024
_MAX_REQUEST_BYTES: Final = 2048
_MAX_RESPONSES: Final = 512
_MAX_RESPONSE_BYTES: Final = 32 * 1024


class RawRequest(NamedTuple):
    """A request before it is parsed, as a cache key. Only for protocols that have all of a request in its body."""

    protocol: str
    operation: str
    body: bytes


class _CachedResponse(NamedTuple):
    basis: Hashable
    response: HttpResponse


class ParsedRequestCache:
    """Typed requests that have passed every check, by their raw form."""

    def __init__(self) -> None:
        self._typed: dict[RawRequest, object] = {}

    def get(self, raw: RawRequest) -> object | None:
        """The typed request; None when it is not cached."""
        return self._typed.get(raw)

    def put(self, raw: RawRequest, typed_request: object) -> None:
        """Cache a typed request, unless its body is too large."""
        if len(raw.body) <= _MAX_REQUEST_BYTES:
            if len(self._typed) >= _MAX_REQUESTS:
                self._typed.clear()
            self._typed[raw] = typed_request


class ResponseCache:
    """Responses by the scope and the raw form of their requests."""

    def __init__(self) -> None:
        self._responses: dict[tuple[Scope, RawRequest], _CachedResponse] = {}

    def get(self, scope: Scope, raw: RawRequest, basis: Hashable) -> HttpResponse | None:
        """The response that was made from an equal basis, with an earlier request's id; None when there is none."""
        cached = self._responses.get((scope, raw))
        return None if cached is None or cached.basis != basis else cached.response

    def put(self, scope: Scope, raw: RawRequest, basis: Hashable, response: HttpResponse) -> None:
        """Cache a response and the basis that it was made from, unless either body is too large."""
        if len(response.body) <= _MAX_RESPONSE_BYTES and len(raw.body) <= _MAX_REQUEST_BYTES:
            if len(self._responses) >= _MAX_RESPONSES:
                self._responses.clear()
            self._responses[scope, raw] = _CachedResponse(basis, response)


def with_request_id(response: HttpResponse, request_id: str) -> HttpResponse:
    """A copy of the response with the id of another request."""
    return HttpResponse(response.status, {**response.headers, REQUEST_ID: request_id}, response.body)
