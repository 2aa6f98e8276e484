"""Requests to services that moyai does not implement, on their way to the server that answers them.

Promise: where signatures count, they are verified before anything is forwarded. A body whose hash is signed is hashed
while it is forwarded; if the hash differs, the last chunk is withheld, so that no server processes the request. A
request without the body that its hash promises is refused. Only S3 accepts bodies that are not signed as a whole, as on
AWS; the signatures of single chunks are not verified.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from msgspec.structs import replace

from moyai.api.sigv4 import Credential
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.api.wire.s3 import S3_SIGNING_NAMES
from moyai.kernel.errors import InvalidSignature, TooLarge
from moyai.kernel.ids import AccountId
from moyai.kernel.scope import Scope
from moyai.ports.delegate import DelegatedRequest, DelegatedResponse

LARGEST_OBJECT: Final = 5 * 1024**3
"""Bytes of one request's body, as on AWS."""
_LARGEST_HASHED: Final = 16 * 1024**2
"""Bytes of a body whose hash must be known before it is forwarded."""
_LARGEST_COLLECTED: Final = 64 * 1024**2
_SANDBOX: Final = MappingProxyType({"content-security-policy": "sandbox", "x-content-type-options": "nosniff"})
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_UNSIGNED_PREFIXES: Final = (_UNSIGNED, "STREAMING-")
_VERSION_2_KEY: Final = re.compile(r"(?:^|&)AWSAccessKeyId=([0-9]{12})(?:&|$)")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class Payload(NamedTuple):
    """The body of a signed request, and the hash of it that is signed."""

    digest: str
    chunks: AsyncIterator[bytes]


def has_body(request: HttpRequest) -> bool:
    """Whether the request has a body, if only an empty one."""
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def claimed_account(request: HttpRequest) -> AccountId | None:
    """The account in a URL that is presigned with Signature Version 2, which the SDKs still use for S3 by default."""
    match = _VERSION_2_KEY.search(request.query)
    return None if match is None else AccountId(match[1])


def delegated_request(request: HttpRequest, service: str, scope: Scope, body: AsyncIterator[bytes]) -> DelegatedRequest:
    """The request as the delegate gets it."""
    return DelegatedRequest(
        service=service,
        scope=scope,
        method=request.method,
        target=f"{request.path}?{request.query}" if request.query else request.path or "/",
        headers=request.headers,
        body=within_limit(body, LARGEST_OBJECT) if has_body(request) or request.body else None,
    )


def actions_by_query(request: HttpRequest) -> Sequence[str]:
    """The operations that the query string names."""
    return parse_qs(request.query).get("Action", [])


async def payload(
    request: HttpRequest, credential: Credential | None, body: AsyncIterator[bytes], *, verified: bool
) -> Payload:
    """The body to forward, and the hash to verify the signature with. ``verified``: whether it will be verified.

    Raises TooLarge, and InvalidSignature where the request has no body and another hash than the empty body's.
    """
    claimed = request.headers.get("x-amz-content-sha256")
    is_s3 = credential is not None and credential.service in S3_SIGNING_NAMES
    if claimed is None and is_s3 and credential is not None and credential.expires is not None:
        return Payload(_UNSIGNED, body)
    if claimed is not None and is_s3 and claimed.startswith(_UNSIGNED_PREFIXES):
        return Payload(claimed, body)
    if claimed is not None and _SHA256.fullmatch(claimed):
        if not _may_have_bytes(request):  # a server may act on the head of such a request alone
            _check_hash(hashlib.sha256().hexdigest(), claimed)
        return Payload(claimed, _check_digest(body, claimed))
    if credential is None or not verified:
        return Payload(_UNSIGNED, body)
    content = b"".join([chunk async for chunk in within_limit(body, _LARGEST_HASHED)])
    return Payload(hashlib.sha256(content).hexdigest(), chunks_of(content))


async def chunks_of(content: bytes) -> AsyncIterator[bytes]:
    """The content in one chunk."""
    yield content


async def within_limit(body: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """Yield the chunks. Raises TooLarge when they have more than ``limit`` bytes."""
    size = 0
    async for chunk in body:
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"Your proposed upload exceeds the maximum allowed size of {limit} bytes")
        yield chunk


def sandbox_response(response: DelegatedResponse) -> DelegatedResponse:
    """Add the headers with which a browser gives a document no rights: whoever stores an object chooses its content
    and type, and a browser loads it from the origin of the API and the console.
    """
    others = ((name, value) for name, value in response.headers if name.lower() not in _SANDBOX)
    return replace(response, headers=(*others, *_SANDBOX.items()))


async def collect(response: DelegatedResponse) -> HttpResponse:
    """The whole response. Raises TooLarge, DelegateFailed."""
    body = b"".join([chunk async for chunk in within_limit(response.chunks, _LARGEST_COLLECTED)])
    return HttpResponse(response.status, dict(response.headers), body)


async def _check_digest(body: AsyncIterator[bytes], digest: str) -> AsyncIterator[bytes]:
    """Yield the chunks, the last one only if all together have this hash. Raises InvalidSignature."""
    sha256, last = hashlib.sha256(), b""
    async for chunk in body:
        if last and chunk:
            yield last
        sha256.update(chunk)
        last = chunk or last
    _check_hash(sha256.hexdigest(), digest)
    yield last


def _may_have_bytes(request: HttpRequest) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "").strip("0") != ""


def _check_hash(digest: str, claimed: str) -> None:
    if digest != claimed:
        raise InvalidSignature("The value of x-amz-content-sha256 is not the SHA-256 of the body.")
