"""What one proxy stands for: what comes in, what may go out, and where the proxy listens for both."""

from __future__ import annotations

import msgspec

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir.access_log import AccessLog
from moyai.mesh.ir.protocol import Protocol
from moyai.mesh.ir.timeout_policy import TimeoutPolicy


class InboundPort(msgspec.Struct, frozen=True):
    """A port of the application, behind its proxy.

    ``app_address``:``port`` is where the application listens. ``listen_port`` None: connections to
    ``port`` are redirected to the proxy; otherwise the proxy listens there itself.
    """

    port: int
    protocol: Protocol
    timeouts: TimeoutPolicy
    connect_timeout: float
    stat_name: str
    app_address: str = "127.0.0.1"
    listen_port: int | None = None
    connection_idle: float = 0
    """Seconds after which an unused connection to the application is closed; 0 = Envoy's hour."""
    streaming: tuple[str, ...] = ()
    """Paths, each with everything below it, for which ``timeouts.request`` doesn't hold."""
    cut_request_status: int | None = None
    """What the caller is told when the application broke off after it had been given the request; None =
    503, which callers take as leave to try again."""
    certificate: str | None = None
    """What callers are shown, by its name in the mesh; None = plain text."""


class Call(msgspec.Struct, frozen=True):
    """Connections to this virtual address and port mean the Service of that name."""

    address: str
    port: int
    service: str


class OutboundView(msgspec.Struct, frozen=True):
    """Everything the workload may call through the mesh. Anything else that is redirected is reset."""

    calls: tuple[Call, ...] = ()


class Workload(msgspec.Struct, frozen=True):
    """One proxy's share of the mesh. The two ports are where redirected connections arrive; every name
    that is made from the workload's id is its own, so one Envoy can hold many workloads. ``peers`` names the
    EndpointGroup of those that call as this one does, itself among them: what its own zone's share is measured by. It
    is part of what a proxy is started with, so it stays while the workload lives.
    """

    id: WorkloadId
    zone: str
    ingress_port: int
    egress_port: int
    inbound: tuple[InboundPort, ...] = ()
    outbound: OutboundView = OutboundView()
    peers: str | None = None
    access_log: AccessLog | None = None
