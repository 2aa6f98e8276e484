"""Which endpoint is next."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class LoadBalancing(StrEnum):
    """CONSISTENT_HASH needs rules that say of what (``Rule.hash_on``); a request that has it not goes anywhere."""

    ROUND_ROBIN = "round-robin"
    LEAST_REQUEST = "least-request"
    CONSISTENT_HASH = "consistent-hash"


class HashKey(msgspec.Struct, frozen=True):
    """What requests for the same endpoint have in common: a cookie of that name, else a header."""

    name: str
    is_cookie: bool = False
