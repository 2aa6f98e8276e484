"""When a proxy tries again, and where."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class RetryCondition(StrEnum):
    """What may have gone wrong for another attempt to be made."""

    CONNECT_FAILURE = "connect-failure"
    REFUSED_STREAM = "refused-stream"
    """The target said (HTTP/2) that it has not looked at the request."""
    RESET = "reset"
    """The connection broke, whether or not the request had been sent: only for what may be repeated."""
    RESET_BEFORE_REQUEST = "reset-before-request"
    """The connection broke before the request was sent."""
    CANCELLED = "cancelled"
    """gRPC status 1, as those below are of gRPC."""
    DEADLINE_EXCEEDED = "deadline-exceeded"
    RESOURCE_EXHAUSTED = "resource-exhausted"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


class RetryPolicy(msgspec.Struct, frozen=True):
    """``attempts`` beyond the first. A further attempt avoids the endpoints already tried, looking at most
    ``reselections`` times for another one; when there is none it takes one of them again.
    """

    attempts: int
    conditions: tuple[RetryCondition, ...]
    status_codes: tuple[int, ...] = ()
    reselections: int = 0
    per_try_timeout: float = 0
    """Seconds without an answer after which another attempt is made; 0 = none. Needs RESET: it counts as one."""
