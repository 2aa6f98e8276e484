"""The names of xDS resources.

The name of a resource that belongs to one workload contains the workload's id; the name of a resource that workloads
share (the clusters, endpoints and routes of a service) is made from its name in the mesh. Where the mesh IR has a
label, the label is the name.
"""

from __future__ import annotations

from urllib.parse import quote

from moyai.mesh.ir import (
    CertificateFile,
    Destination,
    FrontAddress,
    FrontListener,
    InboundPort,
    OutboundPort,
    TrustedFile,
    Workload,
)
from moyai.xds.translate.placement import WorkloadPlace

XDS_CLUSTER = "moyai-xds"
"""The control plane's cluster. It is in the bootstrap, so no resource of a mesh may have this name."""

STATISTICS_CLUSTER = "moyai-statistics"
"""The cluster of the control plane's endpoint for statistics."""

LOCAL_CLUSTER = "local_cluster"
"""The cluster of the workload's peers, also in the bootstrap."""

SECRETS_CLUSTER = "static_cluster_sds_unix_socket"
"""The proxy's own SDS server, under its name in the bootstraps of App Mesh's proxies."""

NOWHERE = "nowhere"
"""A name that no cluster has: a connection that is routed to it is closed."""

HTTP_VERSION = "x-envoy-http-version"
"""The header with the HTTP version of a request, for routes that depend on it. Each encrypted listener overwrites it
and each route of a front proxy removes it before the target, whatever the rules are: a new rule must not change a
listener, because its connections would drain.
"""

CLIENT_ADDRESS = "moyai.client_address"
"""The filter state with the client's address, for routes that depend on it."""

MATCH, ISSUER, LOCAL = "envoy.transport_socket_match", "issuer", "local"
"""The keys of an endpoint's metadata that select its transport socket: the issuer of its certificate, or that it is
behind an internal listener of the same Envoy.
"""


def egress_listener(workload: Workload) -> str:
    """The listener for redirected outbound connections."""
    return workload.egress_label or f"{workload.id}/egress"


def ingress_listener(workload: Workload) -> str:
    """The listener for connections that are redirected from the workload's ports."""
    return workload.ingress_label or f"{workload.id}/ingress"


def open_listener(workload: Workload, inbound: InboundPort) -> str:
    """The listener of one port that the proxy itself opens."""
    return inbound.listener_label or f"{workload.id}/ingress:{inbound.listen_port}"


def pass_listener(workload: str, port: int) -> str:
    """The internal listener of one port of a workload, to which callers of the same Envoy connect. ``port``: the port
    that callers on the network use.
    """
    return f"{workload}/pass:{port}"


def front_listener(workload: Workload, listener: FrontListener, at: FrontAddress) -> str:
    """The listener of a front proxy at one address."""
    return f"{workload.id}/{listener.name} {at.address}:{at.port}"


def stream_stat_name(listener: FrontListener, at: FrontAddress) -> str:
    """The statistics of the TCP connections that arrive at one address, with or without TLS."""
    return f"{at.stat_name}+{'tcp' if listener.tls is None else 'tls'}"


def app_cluster(workload: Workload, inbound: InboundPort) -> str:
    """The cluster of the application at one inbound port."""
    return inbound.cluster_label or f"{workload.id}/app:{inbound.port}"


def inbound_routes(workload: Workload, inbound: InboundPort) -> str:
    """The routes of one inbound port."""
    return inbound.routes_label or f"{workload.id}/app:{inbound.port}"


def outbound_routes(workload: Workload, outbound: OutboundPort) -> str:
    """The routes of one port that the workload calls at any address."""
    return outbound.routes_label or f"{workload.id}/egress:{outbound.port}"


def egress_cluster(destination: Destination) -> str:
    """The cluster of a destination."""
    return destination.label or f"egress/{destination.name}"


def own_cluster(place: WorkloadPlace, destination: Destination) -> str:
    """The cluster of a destination for one workload alone."""
    return f"{place.workload}/egress/{destination.name}"


def endpoints(group: str) -> str:
    """The endpoints of a group."""
    return f"egress/{group}"


def certificate(name: str) -> str:
    """The secret with a certificate and its key."""
    return f"certificate/{name}"


def file_secret(file: CertificateFile | TrustedFile) -> str:
    """The secret that is read from files of the proxy's machine."""
    paths = (file.chain, file.private) if isinstance(file, CertificateFile) else (file.path,)
    return f"file:{'+'.join(map(quote, paths))}"


def egress_routes(service: str, place: WorkloadPlace | None = None) -> str:
    """The routes of a service, for every workload that calls it; with ``place``, for this workload alone."""
    return f"egress/{service}" if place is None else f"{place.workload}/egress/{service}"
