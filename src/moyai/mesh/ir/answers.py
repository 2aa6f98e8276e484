"""The answers that a proxy gives to requests itself."""

from __future__ import annotations

import msgspec


class FixedResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """The proxy's own answer to a request. ``is_refusal``: no rule of the API asks for it."""

    status: int
    body: str = ""
    content_type: str = ""
    is_refusal: bool = False


class Redirect(msgspec.Struct, frozen=True, omit_defaults=True):
    """A redirect to another address. None = as in the request. In the texts ``#{host}``, ``#{path}`` (without its first
    slash) and ``#{query}`` are the request's.
    """

    status: int
    scheme: str
    port: int
    host: str | None = None
    path: str | None = None
    query: str | None = None
