"""Checks that a request's headers match its protocol. Pure.

Promise: every request of an AWS SDK passes. A request that a web page can have its visitor's browser send without a
preflight request does not: the Content-Types of JSON and CBOR and a protocol's own header are not "CORS-safelisted".
Forms are an exception, because any page can send one; their origin is checked elsewhere (``api/browsers.py``). XML is
another, because the AWS SDK for Python sends it without a Content-Type.
Sources: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html, https://smithy.io/2.0/aws/protocols/
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moyai.api.wire.http import HttpRequest
from moyai.kernel.errors import UnsupportedMedia

_FORM = frozenset({"application/x-www-form-urlencoded"})
_JSON = frozenset({"application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1"})
"""Some SDKs send one of them in both protocols."""
_CBOR = "smithy-rpc-v2-cbor"
_TYPES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ec2": _FORM,
        "json": _JSON,
        "query": _FORM,
        "rest-json": _JSON,
        "rest-xml": frozenset({"", "application/xml", "text/xml"}),
        _CBOR: frozenset({"application/cbor"}),
    }
)


def check_media(protocol: str, request: HttpRequest) -> None:
    """Raise UnsupportedMedia where no SDK sends such a request in this protocol."""
    if protocol == _CBOR and request.headers.get("smithy-protocol") != "rpc-v2-cbor":
        raise UnsupportedMedia("A request in CBOR has the header Smithy-Protocol: rpc-v2-cbor.")
    if request.body and request.content_type not in _TYPES[protocol]:
        types = " or ".join(sorted(_TYPES[protocol]))
        raise UnsupportedMedia(f"The Content-Type is '{request.content_type[:100]}', where it has to be {types}.")
