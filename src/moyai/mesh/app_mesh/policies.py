"""The numbers of App Mesh's proxies: timeouts, and when a request is sent again.

Promise: what a spec leaves out is filled in with what App Mesh did then; whatever the API takes is a number that Envoy
takes. A duration of 0 is off, and so is no bound.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-defaults.html; the others, and why, are in
docs/reference/parity.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from moyai.domain.appmesh.connection_pool import Http2ConnectionPool, HttpConnectionPool, TcpConnectionPool
from moyai.domain.appmesh.duration import Duration
from moyai.domain.appmesh.health_check import HealthCheckPolicy
from moyai.domain.appmesh.outlier_detection import OutlierDetection
from moyai.domain.appmesh.retry import GrpcRetryPolicy, HttpRetryEvent, HttpRetryPolicy
from moyai.domain.appmesh.timeout import HttpTimeout, TcpTimeout
from moyai.mesh.ir import (
    ConnectionLimits,
    Failure,
    HealthCheck,
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
_LONGEST_EJECTION: Final = 300.0
_MOST: Final = 2**32 - 1
"""Of whatever Envoy counts."""
_LONGEST: Final = 315_576_000_000.0
"""Seconds, of whatever Envoy waits for."""
_SHORTEST: Final = 0.001
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
"""Where a route has none, and where a virtual node provides a service without a route."""

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


def timeouts(protocol: Protocol, said: HttpTimeout | TcpTimeout | None) -> TimeoutPolicy:
    """Of a route or a listener."""
    idle = _seconds(None if said is None else said.idle, IDLE)
    if protocol is Protocol.TCP:
        return TimeoutPolicy(request=_OFF, idle=idle)
    return TimeoutPolicy(_seconds(said.per_request if isinstance(said, HttpTimeout) else None, _REQUEST), idle)


def shortest(one: float, other: float) -> float:
    """Of two timeouts."""
    return min(one or _LONGEST, other or _LONGEST) if one or other else _OFF


def longest(several: Sequence[TimeoutPolicy]) -> TimeoutPolicy:
    """Each of the times that any of them gives; of none, the usual ones."""
    requests, idles = [one.request for one in several], [one.idle for one in several]
    return TimeoutPolicy(_longest(requests), _longest(idles)) if several else HTTP_DEFAULT


def _longest(times: Sequence[float]) -> float:
    return max(times) if all(times) else _OFF


def retries(policy: HttpRetryPolicy | GrpcRetryPolicy | None) -> RetryPolicy | None:
    """Of a route; None = a request is sent once."""
    if policy is None:
        return DEFAULT_RETRY
    if not policy.max_retries:
        return None
    events = policy.http_retry_events or ()
    words = {condition for event in events for condition in _CONDITIONS[event]}
    if policy.tcp_retry_events:
        words.add(RetryCondition.CONNECT_FAILURE)
    if isinstance(policy, GrpcRetryPolicy):
        words |= {RetryCondition(event.value) for event in policy.grpc_retry_events or ()}
    return RetryPolicy(
        attempts=min(policy.max_retries, _MOST),
        conditions=tuple(condition for condition in RetryCondition if condition in words),
        status_codes=tuple(sorted({code for event in events for code in _CODES[event]})),
        reselections=_RESELECTIONS,
        per_try_timeout=_seconds(policy.per_retry_timeout, _OFF),
    )


def limits(pool: TcpConnectionPool | HttpConnectionPool | Http2ConnectionPool | None) -> ConnectionLimits | None:
    """Of what a proxy has under way at its own application, or a gateway's at all."""
    match pool:
        case None:
            return None
        case Http2ConnectionPool():
            return ConnectionLimits(requests=min(pool.max_requests, _MOST))
        case HttpConnectionPool():
            pending = None if pool.max_pending_requests is None else min(pool.max_pending_requests, _MOST)
            return ConnectionLimits(connections=min(pool.max_connections, _MOST), pending=pending)
        case TcpConnectionPool():
            return ConnectionLimits(connections=min(pool.max_connections, _MOST))


def outlier(said: OutlierDetection | None) -> OutlierPolicy | None:
    """How clients avoid a virtual node's members."""
    if said is None:
        return None
    base = _some(said.base_ejection_duration)
    return OutlierPolicy(
        consecutive_failures=min(said.max_server_errors, _MOST),
        interval=_some(said.interval),
        base_ejection=base,
        max_ejection=max(base, _LONGEST_EJECTION),
        max_ejection_percent=said.max_ejection_percent,
        counted=Failure.SERVER_ERROR,
    )


def health_check(said: HealthCheckPolicy | None) -> HealthCheck | None:
    """How clients ask a virtual node's members how they are, on the listener's own port."""
    if said is None:
        return None
    return HealthCheck(
        protocol=Protocol(said.protocol),
        interval=said.interval_millis / 1000,
        timeout=said.timeout_millis / 1000,
        healthy_threshold=said.healthy_threshold,
        unhealthy_threshold=said.unhealthy_threshold,
        path=said.path or "/",
    )


def _seconds(said: Duration | None, otherwise: float) -> float:
    return otherwise if said is None else min(said.seconds, _LONGEST)


def _some(said: Duration) -> float:
    """A duration where Envoy takes no 0."""
    return max(_seconds(said, _OFF), _SHORTEST)
