"""Rules of timeouts and other durations."""

from __future__ import annotations

from typing import Final

from moyai.api.appmesh.rules.text import Faults
from moyai.domain.appmesh.duration import Duration
from moyai.domain.appmesh.timeout import HttpTimeout, ListenerTimeout, TcpTimeout

LONGEST: Final = 2**31 - 1
"""Seconds; Envoy's own limit is above it."""


def duration(where: str, length: Duration, *, least: int = 0) -> Faults:
    """Faults of a duration, which has at least so many milliseconds."""
    if length.millis < least:
        yield f"{where}: it is at least {least} ms."
    if length.seconds > LONGEST:
        yield f"{where}: it is at most {LONGEST} seconds."


def timeout(where: str, timeouts: HttpTimeout | TcpTimeout | None) -> Faults:
    """Faults of the timeouts of a route, or of one protocol of a listener."""
    if timeouts is None:
        return
    if timeouts.idle is not None:
        yield from duration(f"{where}.idle", timeouts.idle)
    if isinstance(timeouts, HttpTimeout) and timeouts.per_request is not None:
        yield from duration(f"{where}.perRequest", timeouts.per_request)


def listener_timeout(where: str, timeouts: ListenerTimeout) -> Faults:
    """Faults of a listener's timeouts, of any protocol."""
    yield from timeout(f"{where}.tcp", timeouts.tcp)
    yield from timeout(f"{where}.http", timeouts.http)
    yield from timeout(f"{where}.http2", timeouts.http2)
    yield from timeout(f"{where}.grpc", timeouts.grpc)
