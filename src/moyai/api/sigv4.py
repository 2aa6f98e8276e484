"""AWS Signature Version 4: reads the credential of a request, and verifies its signature.

Promise: ``credential`` reads the credential without trusting it; ``Verifier`` recomputes the signature over the request
as it was received (path and query still encoded), with the hash of the body, and compares in constant time.
Errors have AWS's codes and messages.
Refuses: times more than 15 minutes off, a scope for another date, an unsigned body (``UNSIGNED-PAYLOAD``), an unsigned
``host`` or ``x-amz-*`` header, any other algorithm.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import posixpath
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Protocol
from urllib.parse import quote, unquote

from moyai.api.wire.http import HttpRequest
from moyai.api.wire.s3 import S3_SIGNING_NAMES
from moyai.kernel.clock import Instant
from moyai.kernel.errors import IncompleteSignature, InvalidSignature, MissingToken, UnrecognizedClient
from moyai.kernel.scope import is_region

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_SECONDS = 15 * 60
MAX_EXPIRES_SECONDS = 7 * 24 * 3600
_TERMINATOR = "aws4_request"
_TIME_FORMAT = "%Y%m%dT%H%M%SZ"
_TIME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_UNRESERVED = "-_.~"
_KEPT_KEYS = 256  # derived signing keys: one per access key, day, region and service


class KeyStore(Protocol):
    """The access keys that this installation has issued."""

    def secret(self, access_key: str) -> str | None:
        """The secret of an active key; None when it is unknown or revoked."""


class Credential(NamedTuple):
    """The credential and the signature of a signed request."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    time: str
    """ISO 8601 basic format, ``20150830T123600Z``; empty when the request has none."""
    expires: int | None = None
    """Seconds; set when the signature stands in the query string (a presigned URL)."""

    @property
    def scope(self) -> str:
        """The credential scope as it was signed."""
        return f"{self.date}/{self.region}/{self.service}/{_TERMINATOR}"


def credential(request: HttpRequest) -> Credential | None:
    """The request's credential; None when it is not signed with Signature Version 4."""
    header = request.headers.get("authorization", "")
    if header.startswith("AWS4-"):
        return _from_header(header, request.headers)
    if _is_presigned(request):
        return _from_query(request.query)
    return None


def is_signed(request: HttpRequest) -> bool:
    """Whether the request claims to be signed with Signature Version 4."""
    return request.headers.get("authorization", "").startswith("AWS4-") or _is_presigned(request)


def _is_presigned(request: HttpRequest) -> bool:
    return "X-Amz-Signature=" in request.query or "X-Amz-Credential=" in request.query


def _from_header(header: str, headers: Mapping[str, str]) -> Credential:
    algorithm, _, fields = header.partition(" ")
    _check_algorithm(algorithm)
    parts: dict[str, str] = {}
    for part in fields.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or name in parts:
            raise IncompleteSignature(
                f"'{name[:100]}' not a valid key=value pair (missing equal-sign) in Authorization."
            )
        parts[name] = value
    for name in ("Credential", "Signature", "SignedHeaders"):
        if not parts.get(name):
            raise IncompleteSignature(f"Authorization header requires '{name}' parameter.")
    time = headers.get("x-amz-date", "")
    return _parse_credential(parts["Credential"], parts["SignedHeaders"], parts["Signature"], time, None)


def _from_query(query: str) -> Credential:
    fields = dict(_pairs(query))
    for name in ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"):
        if not fields.get(name):
            raise IncompleteSignature(f"AWS query-string parameters must include '{name}'.")
    _check_algorithm(fields["X-Amz-Algorithm"])
    expires = fields.get("X-Amz-Expires", "")
    if not (expires.isascii() and expires.isdecimal()) or not 0 < int(expires[:9]) <= MAX_EXPIRES_SECONDS:
        raise IncompleteSignature(f"X-Amz-Expires must be a number of seconds from 1 to {MAX_EXPIRES_SECONDS}.")
    return _parse_credential(
        fields["X-Amz-Credential"],
        fields["X-Amz-SignedHeaders"],
        fields["X-Amz-Signature"],
        fields["X-Amz-Date"],
        int(expires),
    )


def _check_algorithm(algorithm: str) -> None:
    if algorithm != ALGORITHM:
        raise IncompleteSignature(f"Unsupported signing algorithm '{algorithm[:40]}'; sign with {ALGORITHM}.")


def _parse_credential(text: str, signed_headers: str, signature: str, time: str, expires: int | None) -> Credential:
    parts = text.rsplit("/", 4)
    if len(parts) != 5:  # noqa: PLR2004  key, date, region, service, terminator
        raise IncompleteSignature(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    access_key, date, region, service, terminator = parts
    if terminator != _TERMINATOR:
        raise InvalidSignature(f"Credential should be scoped with a valid terminator: '{_TERMINATOR}'.")
    if not is_region(region):
        raise InvalidSignature("Credential should be scoped to a valid region.")
    names = tuple(signed_headers.lower().split(";"))
    return Credential(access_key, date, region, service, names, signature, time, expires)


class Verifier:
    """Checks signatures against the keys it is given."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._derived: dict[tuple[str, str, str], bytes] = {}

    def verify(
        self, request: HttpRequest, authorization: Credential | None, now: Instant, payload: str | None = None
    ) -> None:
        """Return when the signature is right. Raises MissingToken, UnrecognizedClient or InvalidSignature.

        ``payload``: the signed hash of a body that ``request`` does not have; None = the body's own hash.
        """
        if authorization is None:
            raise MissingToken("Missing Authentication Token")
        secret = self._keys.secret(authorization.access_key)
        if secret is None:
            raise UnrecognizedClient("The security token included in the request is invalid.")
        _check_time(authorization, now)
        _check_signed_headers(request, authorization)
        canonical = _canonical(request, authorization, _body_digest(request) if payload is None else payload)
        to_sign = "\n".join((ALGORITHM, authorization.time, authorization.scope, _digest(canonical.encode())))
        expected = hmac.digest(self._signing_key(secret, authorization), to_sign.encode(), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
            raise InvalidSignature(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method. Consult the service documentation for details."
            )

    def _signing_key(self, secret: str, authorization: Credential) -> bytes:
        cache_key = (authorization.access_key, secret, authorization.scope)
        key = self._derived.get(cache_key)
        if key is None:
            key = f"AWS4{secret}".encode()
            for part in (authorization.date, authorization.region, authorization.service, _TERMINATOR):
                key = hmac.digest(key, part.encode(), "sha256")
            if len(self._derived) >= _KEPT_KEYS:
                self._derived.clear()
            self._derived[cache_key] = key
        return key


def _check_time(authorization: Credential, now: Instant) -> None:
    try:
        at = datetime.fromisoformat(_TIME.fullmatch(authorization.time)[0]).timestamp()  # type: ignore[index]  # then TypeError
    except (TypeError, ValueError):
        raise IncompleteSignature(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header in the form "
            f"20150830T123600Z; X-Amz-Date is '{authorization.time[:40]}'."
        ) from None
    if authorization.date != authorization.time[:8]:
        raise InvalidSignature(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{authorization.date[:20]}' != '{authorization.time[:8]}', from '{authorization.time}'."
        )
    early, late = now - SKEW_SECONDS, now + SKEW_SECONDS
    life = authorization.expires or 0
    if at + life < (now if authorization.expires else early):
        raise InvalidSignature(
            f"Signature expired: {authorization.time} is now earlier than {_stamp(early)} ({_stamp(now)} - 15 min.)"
            if authorization.expires is None
            else f"Signature expired: {authorization.time} was valid for {life} seconds and it is now {_stamp(now)}"
        )
    if at > late:
        raise InvalidSignature(
            f"Signature not yet current: {authorization.time} is still later than {_stamp(late)} "
            f"({_stamp(now)} + 15 min.)"
        )


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime(_TIME_FORMAT)


def _check_signed_headers(request: HttpRequest, authorization: Credential) -> None:
    required = {"host"} | {name for name in request.headers if name.startswith("x-amz-")}
    for name in sorted(required - set(authorization.signed_headers)):
        raise InvalidSignature(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    for name in authorization.signed_headers:
        if name not in request.headers:
            raise InvalidSignature(f"The signed header '{name[:100]}' is not in the request.")


def _canonical(request: HttpRequest, authorization: Credential, payload: str) -> str:
    headers = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in authorization.signed_headers)
    return "\n".join(
        (
            request.method,
            _canonical_path(request.path, authorization.service),
            _canonical_query(request.query),
            headers,
            ";".join(authorization.signed_headers),
            payload,
        )
    )


def _canonical_path(path: str, service: str) -> str:
    if path in {"", "/"}:
        return "/"
    if service in S3_SIGNING_NAMES:  # S3's object keys are neither normalised nor encoded twice
        return path
    normal = posixpath.normpath("/" + path.lstrip("/"))
    if path.endswith("/") and normal != "/":
        normal += "/"
    return quote(normal, safe=f"/{_UNRESERVED}")


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    encoded_pairs = sorted(
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
        for name, value in _pairs(query)
        if name != "X-Amz-Signature"
    )
    return "&".join(f"{name}={value}" for name, value in encoded_pairs)


def _pairs(query: str) -> Iterable[tuple[str, str]]:
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            yield unquote(name), unquote(value)


def _body_digest(request: HttpRequest) -> str:
    digest = _digest(request.body)
    header = request.headers.get("x-amz-content-sha256", digest)
    if header != digest:
        raise InvalidSignature(
            "The value of x-amz-content-sha256 is not the SHA-256 of the body, which must be signed: UNSIGNED-PAYLOAD "
            "and streaming signatures are not accepted here."
        )
    return digest


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
