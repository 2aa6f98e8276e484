"""How much a proxy takes on at a time."""

from __future__ import annotations

import msgspec


class ConnectionLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is beyond is refused at once. None = no limit. ``pending``: requests that wait for a connection."""

    connections: int | None = None
    pending: int | None = None
    requests: int | None = None
