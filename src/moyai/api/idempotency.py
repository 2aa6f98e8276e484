"""Idempotency tokens: for a while, an equal request with the same token returns the resource that the first one
created.

Promise: the same token with a different request repeats nothing. Records keep a token with the hash of its request.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html,
https://docs.aws.amazon.com/privateca/latest/APIReference/API_CreateCertificateAuthority.html
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.errors import ClientFault, InvalidInput


def fingerprint(
    token: str | None,
    request: msgspec.Struct,
    *,
    longest: int | None = None,
    fault: type[ClientFault] = InvalidInput,
) -> str | None:
    """The token with the hash of its request; None without a token. Raises ``fault`` for a token over ``longest``."""
    if token is None:
        return None
    if longest is not None and len(token) > longest:
        raise fault(f"idempotency token longer than {longest}.")
    return f"{token}/{sha256(msgspec.json.encode(request)).hexdigest()}"


def token_of(fingerprint: str | None) -> str | None:
    """The token in a fingerprint."""
    return None if fingerprint is None else fingerprint.rpartition("/")[0]


def is_repeat(
    recorded_fingerprint: str | None, created_at: Instant, fingerprint: str | None, now: Instant, retention: float
) -> bool:
    """Whether a request repeats the one that created a resource. ``retention``: how many seconds a token is valid."""
    return fingerprint is not None and recorded_fingerprint == fingerprint and now < created_at + retention
