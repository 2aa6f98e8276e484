"""When a proxy stops sending to an endpoint that keeps failing."""

from __future__ import annotations

import msgspec


class OutlierPolicy(msgspec.Struct, frozen=True):
    """After ``consecutive_failures`` (no connection, 502, 503, 504) an endpoint is avoided for
    ``base_ejection`` seconds times the number of times it has been, at most ``max_ejection`` seconds.

    Never more than ``max_ejection_percent`` of the endpoints; ``interval`` seconds between two looks
    at who may come back.
    """

    consecutive_failures: int
    interval: float
    base_ejection: float
    max_ejection: float
    max_ejection_percent: int
