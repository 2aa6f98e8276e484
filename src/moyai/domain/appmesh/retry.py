"""When a route's requests are sent again.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpRetryPolicy.html, API_GrpcRetryPolicy.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from moyai.domain.appmesh.duration import Duration


class HttpRetryEvent(StrEnum):
    """Answers that are asked for anew. AWS's model has them as free text, and its text these four."""

    SERVER_ERROR = "server-error"
    GATEWAY_ERROR = "gateway-error"
    CLIENT_ERROR = "client-error"
    STREAM_ERROR = "stream-error"


class TcpRetryEvent(StrEnum):
    """Failures below HTTP."""

    CONNECTION_ERROR = "connection-error"


class GrpcRetryEvent(StrEnum):
    """gRPC's status codes."""

    CANCELLED = "cancelled"
    DEADLINE_EXCEEDED = "deadline-exceeded"
    INTERNAL = "internal"
    RESOURCE_EXHAUSTED = "resource-exhausted"
    UNAVAILABLE = "unavailable"


class HttpRetryPolicy(msgspec.Struct, frozen=True):
    """At least one event; ``per_retry_timeout`` counts for the first try as well."""

    max_retries: int
    per_retry_timeout: Duration
    http_retry_events: tuple[HttpRetryEvent, ...] | None = None
    tcp_retry_events: tuple[TcpRetryEvent, ...] | None = None


class GrpcRetryPolicy(msgspec.Struct, frozen=True):
    """The same, with gRPC's own events."""

    max_retries: int
    per_retry_timeout: Duration
    grpc_retry_events: tuple[GrpcRetryEvent, ...] | None = None
    http_retry_events: tuple[HttpRetryEvent, ...] | None = None
    tcp_retry_events: tuple[TcpRetryEvent, ...] | None = None
