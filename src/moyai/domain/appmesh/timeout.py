"""Durations, and the timeouts of listeners and routes.

Promise: None means the default; a duration of 0 switches a timeout off.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ListenerTimeout.html, API_HttpTimeout.html,
API_Duration.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

_MILLIS: Final = 1000


class DurationUnit(StrEnum):
    """The unit of a duration."""

    SECONDS = "s"
    MILLISECONDS = "ms"


class Duration(msgspec.Struct, frozen=True):
    """A duration. AWS's model makes both members optional and does not say what that means; here both are required."""

    unit: DurationUnit
    value: int

    @property
    def millis(self) -> int:
        """The duration in milliseconds."""
        return self.value if self.unit is DurationUnit.MILLISECONDS else self.value * _MILLIS

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.millis / _MILLIS


class TcpTimeout(msgspec.Struct, frozen=True):
    """The timeout of idle TCP connections."""

    idle: Duration | None = None


class HttpTimeout(msgspec.Struct, frozen=True):
    """The timeouts of requests with HTTP, HTTP/2 or gRPC."""

    idle: Duration | None = None
    per_request: Duration | None = None


class ListenerTimeout(msgspec.Struct, frozen=True):
    """The timeouts of a listener: the member of its protocol is set."""

    tcp: TcpTimeout | None = None
    http: HttpTimeout | None = None
    http2: HttpTimeout | None = None
    grpc: HttpTimeout | None = None

    @property
    def member(self) -> TcpTimeout | HttpTimeout | None:
        """The member that is set."""
        return self.tcp or self.http or self.http2 or self.grpc
