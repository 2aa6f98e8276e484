"""Timeouts and other lengths of time."""

from __future__ import annotations

from typing import Final

from moyai.api.appmesh.rules.text import Faults
from moyai.domain.appmesh.duration import Duration
from moyai.domain.appmesh.timeout import HttpTimeout, ListenerTimeout, TcpTimeout

LONGEST: Final = 2**31 - 1
"""Seconds; Envoy's own limit is above it."""


def duration(where: str, length: Duration, *, least: int = 0) -> Faults:
    """A length of time of at least so many milliseconds."""
    if length.millis < least:
        yield f"{where}: it is at least {least} ms."
    if length.seconds > LONGEST:
        yield f"{where}: it is at most {LONGEST} seconds."


def timeout(where: str, said: HttpTimeout | TcpTimeout | None) -> Faults:
    """Of a route, or of one protocol of a listener."""
    if said is None:
        return
    if said.idle is not None:
        yield from duration(f"{where}.idle", said.idle)
    if isinstance(said, HttpTimeout) and said.per_request is not None:
        yield from duration(f"{where}.perRequest", said.per_request)


def listener_timeout(where: str, said: ListenerTimeout) -> Faults:
    """Of whatever protocol is set."""
    yield from timeout(f"{where}.tcp", said.tcp)
    yield from timeout(f"{where}.http", said.http)
    yield from timeout(f"{where}.http2", said.http2)
    yield from timeout(f"{where}.grpc", said.grpc)
