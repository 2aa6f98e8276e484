"""Idempotency tokens: for a while, the same token makes one thing.

Promise: a token that comes with another request is another request; nothing is taken for what it was not asked to be.
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_CreateCertificateAuthority.html
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from moyai.kernel.clock import Instant


def fingerprint(token: str | None, request: msgspec.Struct) -> str | None:
    """What to keep of a token and the request that it came with; None without a token."""
    if token is None:
        return None
    return f"{token}/{sha256(msgspec.json.encode(request)).hexdigest()}"


def is_repeat(kept: str | None, made_at: Instant, asked: str | None, now: Instant, remembered: float) -> bool:
    """Whether what was made then is what is asked for now; tokens are ``remembered`` for so many seconds."""
    return asked is not None and kept == asked and now < made_at + remembered
