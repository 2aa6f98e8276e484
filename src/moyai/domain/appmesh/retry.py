"""The retry policies of routes.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpRetryPolicy.html, API_GrpcRetryPolicy.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from moyai.domain.appmesh.duration import Duration


class HttpRetryEvent(StrEnum):
    """The responses after which a request is retried. AWS documents these four values."""

    SERVER_ERROR = "server-error"
    GATEWAY_ERROR = "gateway-error"
    CLIENT_ERROR = "client-error"
    STREAM_ERROR = "stream-error"


class TcpRetryEvent(StrEnum):
    """The connection failures after which a request is retried."""

    CONNECTION_ERROR = "connection-error"


class GrpcRetryEvent(StrEnum):
    """The gRPC statuses after which a call is retried."""

    CANCELLED = "cancelled"
    DEADLINE_EXCEEDED = "deadline-exceeded"
    INTERNAL = "internal"
    RESOURCE_EXHAUSTED = "resource-exhausted"
    UNAVAILABLE = "unavailable"


class HttpRetryPolicy(msgspec.Struct, frozen=True):
    """A retry policy with at least one event; ``per_retry_timeout`` applies to the first attempt as well."""

    max_retries: int
    per_retry_timeout: Duration
    http_retry_events: tuple[HttpRetryEvent, ...] | None = None
    tcp_retry_events: tuple[TcpRetryEvent, ...] | None = None


class GrpcRetryPolicy(msgspec.Struct, frozen=True):
    """The retry policy of a gRPC route."""

    max_retries: int
    per_retry_timeout: Duration
    grpc_retry_events: tuple[GrpcRetryEvent, ...] | None = None
    http_retry_events: tuple[HttpRetryEvent, ...] | None = None
    tcp_retry_events: tuple[TcpRetryEvent, ...] | None = None
