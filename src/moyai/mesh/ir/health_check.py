"""How a proxy asks endpoints whether they are well."""

from __future__ import annotations

import msgspec

from moyai.mesh.ir.protocol import Protocol


class HealthCheck(msgspec.Struct, frozen=True):
    """Every ``interval`` seconds, with ``timeout`` seconds for the answer: a connection (TCP), ``GET path`` (HTTP and
    HTTP/2) or gRPC's health service (of destinations that speak HTTP/2). So many answers in a row change an endpoint's
    state. ``port``: None = the endpoint's own.
    """

    protocol: Protocol
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int
    path: str = "/"
    port: int | None = None
