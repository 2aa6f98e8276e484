"""What the console is asked and what it answers, as values.

A request is whatever looks like one: the door's own HttpRequest does. What sends the answer stands in ``app``.
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
"""Headers of every answer. ``data:``: Cloudscape's style sheets hold their own fonts and a few pictures."""

_JSON = MappingProxyType({"content-type": "application/json", "cache-control": "no-store", **SECURITY})


class Request(Protocol):
    """One request. Header names are lower-case; ``path`` is as it came, percent-encoded."""

    @property
    def method(self) -> str:
        """GET, POST, …"""

    @property
    def path(self) -> str:
        """From ``/console`` on."""

    @property
    def query(self) -> str:
        """Without the question mark."""

    @property
    def headers(self) -> Mapping[str, str]:
        """A header sent twice is one value, joined with a comma."""

    @property
    def body(self) -> bytes:
        """Whole, and within the door's limit."""


class ConsoleResponse(msgspec.Struct, frozen=True):
    """A status, headers, and a body that is whole or comes in parts."""

    status: int
    headers: Mapping[str, str]
    body: bytes | AsyncIterator[bytes] = b""
    ended: Callable[[], None] | None = None
    """Called once when no more parts are sent, also when none ever was."""


def json_response(status: int, value: object, more: Mapping[str, str] = MappingProxyType({})) -> ConsoleResponse:
    """An answer in JSON that nobody keeps."""
    return ConsoleResponse(status, {**_JSON, **more}, msgspec.json.encode(value))


def error_response(
    status: int, code: str, message: str, more: Mapping[str, str] = MappingProxyType({})
) -> ConsoleResponse:
    """An error that a person and an SDK can read: ``code`` as AWS would say it."""
    return json_response(status, {"__type": code, "message": message}, {"x-amzn-errortype": code, **more})
