"""Workloads: the ports that a set of proxies serves, the services that it may call, and where it listens for both."""

from __future__ import annotations

import msgspec

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir.access_log import AnyLog
from moyai.mesh.ir.destination import ConnectionLimits
from moyai.mesh.ir.front import FrontListener
from moyai.mesh.ir.routing import Protocol, StreamSplit, TimeoutPolicy, VirtualHost
from moyai.mesh.ir.tls import ServerTls


class InboundPort(msgspec.Struct, frozen=True, omit_defaults=True):
    """A port of the application, behind its proxy; with ``hosts``, a port of a gateway, which has no application.

    The application listens at ``app_address``:``port``. ``listen_port``: the port at which the proxy itself listens;
    None = connections to ``port`` are redirected to the proxy.
    """

    port: int
    protocol: Protocol
    timeouts: TimeoutPolicy
    connect_timeout: float
    stat_name: str
    app_address: str = "127.0.0.1"
    listen_port: int | None = None
    connection_idle: float = 0
    """Seconds after which an idle connection to the application is closed; 0 = Envoy's default of an hour."""
    streaming: tuple[str, ...] = ()
    """Paths, each with everything below it, without the timeout ``timeouts.request``."""
    cut_request_status: int | None = None
    """The status for the caller when the application breaks the connection after it was sent the request; None = 503,
    after which callers retry."""
    tls: ServerTls | None = None
    """TLS of incoming connections; None = plain text."""
    limits: ConnectionLimits | None = None
    """The limits of connections and requests to the application."""
    hosts: tuple[VirtualHost, ...] = ()
    """The routes of a gateway's port."""
    cluster_label: str = ""
    """The name of the application's cluster; empty = made from the workload and the port, as the names below."""
    routes_label: str = ""
    listener_label: str = ""
    """The name of the listener of ``listen_port``."""


class ServiceAddress(msgspec.Struct, frozen=True):
    """A virtual address and port at which callers reach a service."""

    address: str
    port: int
    service: str


class OutboundPort(msgspec.Struct, frozen=True, omit_defaults=True):
    """A port at any address: HTTP requests are routed by host, TCP connections as the split says."""

    port: int
    protocol: Protocol
    routing: tuple[VirtualHost, ...] | StreamSplit
    stat_name: str
    idle: float = 0
    """The idle timeout of HTTP streams in seconds; a StreamSplit has its own timeouts."""
    routes_label: str = ""


class SniPassthrough(msgspec.Struct, frozen=True):
    """TLS connections to ``port`` with one of ``server_names`` (SNI, ``*.example.com``) go to a destination."""

    port: int
    server_names: tuple[str, ...]
    destination: str


class OutboundView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that the workload may call through the mesh. ``fallback``: the destination of other redirected
    connections; None = they are reset.
    """

    calls: tuple[ServiceAddress, ...] = ()
    ports: tuple[OutboundPort, ...] = ()
    passes: tuple[SniPassthrough, ...] = ()
    fallback: str | None = None


class Workload(msgspec.Struct, frozen=True, omit_defaults=True):
    """The configuration of one proxy, or of several interchangeable ones. ``ingress_port`` and ``egress_port`` get the
    redirected connections. Names that are made from the workload's id are unique, so one Envoy can have several
    workloads. ``peers``: the EndpointGroup of all proxies that call the same services, by which Envoy measures the
    share of its own zone. It is in the proxy's bootstrap, so it never changes.
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
    """The name of the ingress listener; empty = made from the workload, as the name below."""
    egress_label: str = ""
    everywhere: str = "0.0.0.0"  # noqa: S104 (inside a task's own network namespace)
    """The address of ports for other tasks; ``::`` includes IPv4."""
    egress_address: str = "127.0.0.1"
    normal_paths: bool = False
    """Whether paths are normalized, and adjacent slashes merged, before rules are matched."""
    traced: bool = False
    """Whether requests are traced, if the proxy's bootstrap has a tracer."""
    removed_headers: tuple[str, ...] = ()
    """Headers that are removed from incoming requests before rules are matched."""
    egress_stat_name: str = ""
    """The name of the egress listener's statistics; empty = its address."""
    network: str = ""
    """The network of a workload of the host's Envoy, which decides which calls may be made inside the Envoy."""
    is_front: bool = False
    """Whether its proxy is a front proxy, with ``listeners``."""
    listeners: tuple[FrontListener, ...] = ()
