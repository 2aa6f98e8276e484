"""The console's requests and responses, as values.

The API's ``HttpRequest`` has the members of a request. The adapter in ``app`` sends the responses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType
from typing import Protocol

import msgspec

SECURITY: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
            "font-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
)
"""Headers of every response. ``data:``: Cloudscape's CSS contains its fonts and a few images."""

_JSON = MappingProxyType({"content-type": "application/json", "cache-control": "no-store", **SECURITY})


class Request(Protocol):
    """One request. Header names are lower-case; ``path`` is as it came, percent-encoded."""

    @property
    def method(self) -> str:
        """The method, in upper case."""

    @property
    def path(self) -> str:
        """The path, which begins with ``/console``."""

    @property
    def query(self) -> str:
        """The query without the question mark."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; a header that was sent twice is one value, joined with a comma."""

    @property
    def body(self) -> bytes:
        """The whole body, which is within the API gateway's limit."""


class ConsoleResponse(msgspec.Struct, frozen=True):
    """A status, headers, and a body, whole or in chunks."""

    status: int
    headers: Mapping[str, str]
    body: bytes | AsyncIterator[bytes] = b""
    ended: Callable[[], None] | None = None
    """Called once when no more chunks are sent, also when there were none."""


def json_response(status: int, value: object, more: Mapping[str, str] = MappingProxyType({})) -> ConsoleResponse:
    """A response in JSON that must not be cached."""
    return ConsoleResponse(status, {**_JSON, **more}, msgspec.json.encode(value))


def error_response(status: int, code: str, message: str) -> ConsoleResponse:
    """An error that people and SDKs can read; ``code`` is an error code of AWS."""
    return json_response(status, {"__type": code, "message": message}, {"x-amzn-errortype": code})
