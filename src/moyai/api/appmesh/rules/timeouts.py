"""Rules of durations, timeouts and retry policies.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpRetryPolicy.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.appmesh.rules.text import Faults
from moyai.domain.appmesh.timeout import Duration, HttpTimeout, ListenerTimeout, TcpTimeout
from moyai.domain.appmesh.virtual_router import GrpcRetryPolicy, HttpRetryPolicy

_MAX_RETRIES: Final = 2**32 - 1
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


def retries(where: str, policy: HttpRetryPolicy | GrpcRetryPolicy | None) -> Faults:
    """Faults of a route's retry policy."""
    if policy is None:
        return
    if policy.max_retries > _MAX_RETRIES:
        yield f"{where}.maxRetries: it is at most {_MAX_RETRIES}."
    yield from duration(f"{where}.perRetryTimeout", policy.per_retry_timeout)
    grpc = policy.grpc_retry_events if isinstance(policy, GrpcRetryPolicy) else None
    if not (policy.http_retry_events or policy.tcp_retry_events or grpc):
        yield f"{where}: there must be an event to retry upon."
