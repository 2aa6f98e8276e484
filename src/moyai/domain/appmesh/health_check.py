"""Active health checks, which every client's proxy makes of a listener.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HealthCheckPolicy.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.protocol import PortProtocol


class HealthCheckPolicy(msgspec.Struct, frozen=True):
    """A health check. ``path``: for HTTP and HTTP/2 only; ``port``: that of the listener, or None, which means the
    same.
    """

    healthy_threshold: int
    unhealthy_threshold: int
    interval_millis: int
    timeout_millis: int
    protocol: PortProtocol
    path: str | None = None
    port: int | None = None
