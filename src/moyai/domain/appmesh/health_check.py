"""Active health checks, which every client's proxy makes of a listener.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HealthCheckPolicy.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.protocol import PortProtocol


class HealthCheckPolicy(msgspec.Struct, frozen=True):
    """``path`` for http and http2 only; ``port`` is the listener's own (None says the same)."""

    healthy_threshold: int
    unhealthy_threshold: int
    interval_millis: int
    timeout_millis: int
    protocol: PortProtocol
    path: str | None = None
    port: int | None = None
