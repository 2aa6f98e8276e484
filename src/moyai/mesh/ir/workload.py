"""What a proxy stands for: what comes in, what may go out, and where the proxy listens for both."""

from __future__ import annotations

import msgspec

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir.access_log import AnyLog
from moyai.mesh.ir.limits import ConnectionLimits
from moyai.mesh.ir.protocol import Protocol
from moyai.mesh.ir.route_table import Host
from moyai.mesh.ir.service import StreamSplit
from moyai.mesh.ir.timeout_policy import TimeoutPolicy
from moyai.mesh.ir.tls import ServerTls


class InboundPort(msgspec.Struct, frozen=True, omit_defaults=True):
    """A port of the application, behind its proxy; with ``hosts``, one of a gateway, which has no application.

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
    tls: ServerTls | None = None
    """None = plain text."""
    limits: ConnectionLimits | None = None
    """Of connections and requests to the application."""
    hosts: tuple[Host, ...] = ()
    """Where requests go instead of to an application."""
    cluster_label: str = ""
    """What proxies call the application; empty = after the workload and the port. So with the others."""
    routes_label: str = ""
    listener_label: str = ""
    """Of a port on which the proxy listens itself."""


class Call(msgspec.Struct, frozen=True):
    """Connections to this virtual address and port mean the Service of that name."""

    address: str
    port: int
    service: str


class OutboundPort(msgspec.Struct, frozen=True, omit_defaults=True):
    """Connections to this port of whatever address: requests go by their host, streams as the split says."""

    port: int
    protocol: Protocol
    routing: tuple[Host, ...] | StreamSplit
    stat_name: str
    idle: float = 0
    """Seconds without a byte on a stream; of a StreamSplit its own timeouts hold."""
    routes_label: str = ""


class NamedPass(msgspec.Struct, frozen=True):
    """TLS connections to ``port`` that ask for one of ``server_names`` (``*.example.com``) go to a Destination."""

    port: int
    server_names: tuple[str, ...]
    destination: str


class OutboundView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything the workload may call through the mesh. ``fallback``: the Destination of anything else that is
    redirected; None = it is reset.
    """

    calls: tuple[Call, ...] = ()
    ports: tuple[OutboundPort, ...] = ()
    passes: tuple[NamedPass, ...] = ()
    fallback: str | None = None


class Workload(msgspec.Struct, frozen=True, omit_defaults=True):
    """One proxy's share of the mesh, or that of many that are led alike. The two ports are where redirected
    connections arrive; every name that is made from the workload's id is its own, so one Envoy can hold many workloads.
    ``peers`` names the EndpointGroup of those that call as this one does, itself among them: what its own zone's share
    is measured by. It is part of what a proxy is started with, so it stays while the workload lives.
    """

    id: WorkloadId
    zone: str
    ingress_port: int
    egress_port: int
    inbound: tuple[InboundPort, ...] = ()
    outbound: OutboundView = OutboundView()
    peers: str | None = None
    access_log: AnyLog | None = None
    ingress_label: str = ""
    """What proxies call the listener; empty = after the workload."""
    egress_label: str = ""
    everywhere: str = "0.0.0.0"  # noqa: S104 (inside a task's own network namespace)
    """Where ports are open to others; ``::`` takes IPv4 as well."""
    egress_address: str = "127.0.0.1"
    normal_paths: bool = False
    """Paths are brought into their normal form, slashes that stand side by side made one, before rules look at them."""
    traced: bool = False
    """Requests are passed to the tracer that the proxy was started with, if any."""
    removed_headers: tuple[str, ...] = ()
    """Taken from requests from outside before rules look at them."""
    egress_stat_name: str = ""
    """What the listener of the application's own connections is counted under; empty = its address."""
