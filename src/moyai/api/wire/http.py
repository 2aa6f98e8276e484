"""HTTP requests and responses as values, and what is checked and undone before a request is parsed.

Promise: no socket, no framework; a test writes a request down as it would stand on the wire. ``path``
and ``query`` stay percent-encoded, since the signature covers them in that form and only the
protocol knows where a label begins.

Refuses: a compressed body that unpacks to more than the limit (a "zip bomb"), or is not gzip; headers that do not match
the protocol.
Sources: https://smithy.io/2.0/spec/behavior-traits.html#requestcompression-trait,
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html, https://smithy.io/2.0/aws/protocols/
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from moyai.kernel.errors import Malformed, MoyaiError, TooLarge, UnsupportedMedia

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
FORM = "application/x-www-form-urlencoded"
"""The Content-Type of the query protocols, and of a web page's form."""
JSON_TYPES = frozenset({"application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1"})
"""Some SDKs send the same Content-Type in AWS JSON and in REST JSON, so both accept all of them."""
_CBOR = "smithy-rpc-v2-cbor"
_TYPES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ec2": frozenset({FORM}),
        "json": JSON_TYPES,
        "query": frozenset({FORM}),
        "rest-json": JSON_TYPES,
        "rest-xml": frozenset({"", "application/xml", "text/xml"}),
        _CBOR: frozenset({"application/cbor"}),
    }
)


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

    ``limit``: the most bytes of the decompressed body. Raises Malformed or TooLarge.
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


def with_plain_form(request: HttpRequest, limit: int) -> HttpRequest:
    """The request with its form decompressed, since the form names the operation. Another body is unchanged, and so is
    one that ``decompress`` refuses.
    """
    if request.content_type != FORM:
        return request
    try:
        return decompress(request, limit)
    except (Malformed, TooLarge):
        return request


def check_media(protocol: str, request: HttpRequest) -> None:
    """Check that a request's headers match its protocol. Raises UnsupportedMedia.

    Every request of an AWS SDK passes. A request that a web page can have its visitor's browser send without a
    preflight request does not: the Content-Types of JSON and CBOR and a protocol's own header are not CORS-safelisted.
    Forms are an exception, because any page can send one; their origin is checked elsewhere (``api/browsers.py``). XML
    is another, because the AWS SDK for Python sends it without a Content-Type.
    """
    if protocol == _CBOR and request.headers.get("smithy-protocol") != "rpc-v2-cbor":
        raise UnsupportedMedia("A request in CBOR has the header Smithy-Protocol: rpc-v2-cbor.")
    if request.body and request.content_type not in _TYPES[protocol]:
        types = " or ".join(sorted(_TYPES[protocol]))
        raise UnsupportedMedia(f"The Content-Type is '{request.content_type[:100]}' and has to be {types}.")
