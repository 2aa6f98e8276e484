"""Timeouts, retries, limits, health checks and access logs of App Mesh's proxies.

Promise: members that a spec leaves out have App Mesh's defaults; every value that the API accepts becomes one that
Envoy accepts. A duration of 0 disables a timeout. A line of an access log has the user's format and ends with a
newline.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-defaults.html; defaults that AWS does not publish
are in docs/reference/parity.md, with the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from moyai.domain.appmesh.access_log import Logging
from moyai.domain.appmesh.listener import (
    HealthCheckPolicy,
    Http2ConnectionPool,
    HttpConnectionPool,
    OutlierDetection,
    TcpConnectionPool,
)
from moyai.domain.appmesh.timeout import Duration, HttpTimeout, TcpTimeout
from moyai.domain.appmesh.virtual_router import GrpcRetryPolicy, HttpRetryEvent, HttpRetryPolicy
from moyai.mesh.ir import (
    ActiveHealthCheck,
    ConnectionLimits,
    Failure,
    FileLog,
    OutlierPolicy,
    Protocol,
    RetryCondition,
    RetryPolicy,
    TimeoutPolicy,
)

CONNECT_TIMEOUT: Final = 1.0
APP_CONNECT_TIMEOUT: Final = 0.25
IDLE: Final = 300.0
_REQUEST: Final = 15.0
_RESELECTIONS: Final = 5
_MAX_EJECTION: Final = 300.0
_MAX_COUNT: Final = 2**32 - 1
"""The greatest number in an Envoy configuration."""
_MAX_SECONDS: Final = 315_576_000_000.0
"""The longest duration in an Envoy configuration."""
_MIN_SECONDS: Final = 0.001
_OFF: Final = 0.0

HTTP_DEFAULT: Final = TimeoutPolicy(request=_REQUEST, idle=IDLE)
DEFAULT_RETRY: Final = RetryPolicy(
    attempts=2,
    conditions=(
        RetryCondition.UNAVAILABLE,
        RetryCondition.CONNECT_FAILURE,
        RetryCondition.REFUSED_STREAM,
        RetryCondition.RESET,
    ),
    status_codes=(503,),
    reselections=_RESELECTIONS,
)
"""The retry policy of routes without one, and of services that a virtual node provides."""

_CODES: Mapping[HttpRetryEvent, tuple[int, ...]] = MappingProxyType(
    {
        HttpRetryEvent.SERVER_ERROR: (*range(500, 509), 510, 511),
        HttpRetryEvent.GATEWAY_ERROR: (502, 503, 504),
        HttpRetryEvent.CLIENT_ERROR: (409,),
        HttpRetryEvent.STREAM_ERROR: (),
    }
)
_CONDITIONS: Mapping[HttpRetryEvent, tuple[RetryCondition, ...]] = MappingProxyType(
    {
        HttpRetryEvent.SERVER_ERROR: (RetryCondition.RESET,),
        HttpRetryEvent.GATEWAY_ERROR: (RetryCondition.RESET,),
        HttpRetryEvent.CLIENT_ERROR: (),
        HttpRetryEvent.STREAM_ERROR: (RetryCondition.REFUSED_STREAM,),
    }
)


def timeouts(protocol: Protocol, timeout: HttpTimeout | TcpTimeout | None) -> TimeoutPolicy:
    """The timeouts of a route or a listener."""
    idle = _seconds(None if timeout is None else timeout.idle, IDLE)
    if protocol is Protocol.TCP:
        return TimeoutPolicy(request=_OFF, idle=idle)
    return TimeoutPolicy(_seconds(timeout.per_request if isinstance(timeout, HttpTimeout) else None, _REQUEST), idle)


def shortest(first: float, second: float) -> float:
    """The shorter of two timeouts; 0 means no timeout."""
    return min(first or _MAX_SECONDS, second or _MAX_SECONDS) if first or second else _OFF


def longest(several: Sequence[TimeoutPolicy]) -> TimeoutPolicy:
    """For each timeout, the longest of all policies; the defaults without any policy."""
    requests, idles = [policy.request for policy in several], [policy.idle for policy in several]
    return TimeoutPolicy(_longest(requests), _longest(idles)) if several else HTTP_DEFAULT


def _longest(times: Sequence[float]) -> float:
    return max(times) if all(times) else _OFF


def retries(policy: HttpRetryPolicy | GrpcRetryPolicy | None) -> RetryPolicy | None:
    """The retry policy of a route; None = no retries."""
    if policy is None:
        return DEFAULT_RETRY
    if not policy.max_retries:
        return None
    events = policy.http_retry_events or ()
    conditions = {condition for event in events for condition in _CONDITIONS[event]}
    if policy.tcp_retry_events:
        conditions.add(RetryCondition.CONNECT_FAILURE)
    if isinstance(policy, GrpcRetryPolicy):
        conditions |= {RetryCondition(event.value) for event in policy.grpc_retry_events or ()}
    return RetryPolicy(
        attempts=min(policy.max_retries, _MAX_COUNT),
        conditions=tuple(condition for condition in RetryCondition if condition in conditions),
        status_codes=tuple(sorted({code for event in events for code in _CODES[event]})),
        reselections=_RESELECTIONS,
        per_try_timeout=_seconds(policy.per_retry_timeout, _OFF),
    )


def limits(pool: TcpConnectionPool | HttpConnectionPool | Http2ConnectionPool | None) -> ConnectionLimits | None:
    """The limits of connections and requests between a proxy and its application, or through a gateway."""
    match pool:
        case None:
            return None
        case Http2ConnectionPool():
            return ConnectionLimits(requests=min(pool.max_requests, _MAX_COUNT))
        case HttpConnectionPool():
            pending = None if pool.max_pending_requests is None else min(pool.max_pending_requests, _MAX_COUNT)
            return ConnectionLimits(connections=min(pool.max_connections, _MAX_COUNT), pending=pending)
        case TcpConnectionPool():
            return ConnectionLimits(connections=min(pool.max_connections, _MAX_COUNT))


def outlier(detection: OutlierDetection | None) -> OutlierPolicy | None:
    """The outlier detection of a virtual node's members by its clients."""
    if detection is None:
        return None
    base = _positive(detection.base_ejection_duration)
    return OutlierPolicy(
        consecutive_failures=min(detection.max_server_errors, _MAX_COUNT),
        interval=_positive(detection.interval),
        base_ejection=base,
        max_ejection=max(base, _MAX_EJECTION),
        max_ejection_percent=detection.max_ejection_percent,
        counted_failures=Failure.SERVER_ERROR,
    )


def health_check(policy: HealthCheckPolicy | None) -> ActiveHealthCheck | None:
    """The active health checks of a virtual node's members by its clients, at the listener's own port."""
    if policy is None:
        return None
    return ActiveHealthCheck(
        protocol=Protocol(policy.protocol),
        interval=policy.interval_millis / 1000,
        timeout=policy.timeout_millis / 1000,
        healthy_threshold=policy.healthy_threshold,
        unhealthy_threshold=policy.unhealthy_threshold,
        path=policy.path or "/",
    )


def access_log(logging: Logging | None) -> FileLog | None:
    """The access log of a virtual node or gateway; None = there is none."""
    log = None if logging is None else logging.access_log
    if log is None:
        return None
    line = log.file.format
    text = None if line is None else line.text
    pairs = () if line is None else tuple((pair.key, pair.value) for pair in line.json or ())
    return FileLog(log.file.path, text if text is None or text.endswith("\n") else f"{text}\n", pairs)


def _seconds(duration: Duration | None, default: float) -> float:
    return default if duration is None else min(duration.seconds, _MAX_SECONDS)


def _positive(duration: Duration) -> float:
    """The seconds of a duration that must not be 0."""
    return max(_seconds(duration, _OFF), _MIN_SECONDS)
