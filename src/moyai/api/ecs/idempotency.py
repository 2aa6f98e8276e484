"""Client tokens: the same request twice makes one thing.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from moyai.domain.ecs.errors import InvalidParameter


def fingerprint(token: str | None, request: msgspec.Struct, longest: int) -> str | None:
    """What to keep of a token and the request that it came with; None without a token."""
    if token is None:
        return None
    if len(token) > longest:
        raise InvalidParameter(f"idempotency token longer than {longest}.")
    return f"{token}/{sha256(msgspec.json.encode(request)).hexdigest()}"


def token_of(kept: str | None) -> str | None:
    """The token in a fingerprint."""
    return None if kept is None else kept.rpartition("/")[0]
