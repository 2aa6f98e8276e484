"""HTTP requests and responses as values.

Promise: no socket, no framework; a test writes a request down as it would stand on the wire. ``path``
and ``query`` stay percent-encoded, since the signature covers them in that form and only the
protocol knows where a label begins.

Refuses: a compressed body that unpacks to more than the limit (a "zip bomb"), or is not gzip.
Source: https://smithy.io/2.0/spec/behavior-traits.html#requestcompression-trait
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import msgspec

from moyai.kernel.errors import Malformed, MoyaiError, TooLarge

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class ClientDisconnected(MoyaiError):
    """The client has gone before the end of the body."""


class HttpRequest(msgspec.Struct, frozen=True):
    """A request. Header names are lower-case; a header sent twice is one value joined with ``,``."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """The media type without its parameters, lower-case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class HttpResponse(msgspec.Struct, frozen=True):
    """A complete response: no service that moyai implements has a streaming operation."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def decompress(request: HttpRequest, limit: int) -> HttpRequest:
    """The request with its ``Content-Encoding: gzip`` undone.

    ``limit`` is in bytes and bounds what comes out. Raises Malformed or TooLarge.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return request
    if encoding != "gzip":
        raise Malformed(f"Content-Encoding '{encoding}' is not supported; send the body plain or as gzip.")
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    try:
        body = inflate.decompress(request.body, limit + 1)
    except zlib.error as error:
        raise Malformed("The body says Content-Encoding: gzip and is not gzip.") from error
    if len(body) > limit:
        raise TooLarge(f"The body unpacks to more than {limit} bytes.")
    if not inflate.eof:
        raise Malformed("The gzip body ends too early.")
    return msgspec.structs.replace(request, body=body)
