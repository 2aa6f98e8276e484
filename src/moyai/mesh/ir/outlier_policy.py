"""When a proxy stops sending to an endpoint that keeps failing."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Failure(StrEnum):
    """What is held against an endpoint."""

    NO_ANSWER = "no-answer"
    """No connection, 502, 503, 504."""
    SERVER_ERROR = "server-error"
    """Those and every other 5xx."""


class OutlierPolicy(msgspec.Struct, frozen=True):
    """After ``consecutive_failures`` of the kind ``counted`` an endpoint is avoided for
    ``base_ejection`` seconds times the number of times it has been, at most ``max_ejection``.

    Never more than ``max_ejection_percent`` of the endpoints; ``interval`` seconds between two looks
    at who may come back.
    """

    consecutive_failures: int
    interval: float
    base_ejection: float
    max_ejection: float
    max_ejection_percent: int
    counted: Failure = Failure.NO_ANSWER
