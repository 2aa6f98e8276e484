"""What resources are called.

What belongs to one workload carries its id, so that one Envoy can hold many workloads; what workloads
share (the clusters, endpoints and routes of a service) carries the name it has in the mesh. Where the mesh has a label
for a thing, it is called by that and nothing else.
"""

from __future__ import annotations

from urllib.parse import quote

from moyai.mesh.ir import Destination, InboundPort, OutboundPort, ShownFile, TrustedFile, Workload

XDS_CLUSTER = "moyai-xds"
"""The control plane itself; in the bootstrap, so it can't be a mesh name."""

STATISTICS_CLUSTER = "moyai-statistics"
"""Where the control plane takes statistics."""

LOCAL_CLUSTER = "local_cluster"
"""The workload's peers; in the bootstrap, too."""

SECRETS_CLUSTER = "static_cluster_sds_unix_socket"
"""The proxy's own secret server, as the bootstraps of App Mesh's proxies call it."""

NOWHERE = "nowhere"
"""A cluster that isn't there: who is sent to it is turned away."""

MATCH, ISSUER = "envoy.transport_socket_match", "issuer"
"""Under which an endpoint's metadata says whose certificate it shows."""


def egress_listener(workload: Workload) -> str:
    """Where the workload's redirected outgoing connections arrive."""
    return workload.egress_label or f"{workload.id}/egress"


def ingress_listener(workload: Workload) -> str:
    """Where connections redirected from the workload's ports arrive."""
    return workload.ingress_label or f"{workload.id}/ingress"


def open_listener(workload: Workload, inbound: InboundPort) -> str:
    """Where the proxy itself listens for the outside."""
    return inbound.listener_label or f"{workload.id}/ingress:{inbound.listen_port}"


def app_cluster(workload: Workload, inbound: InboundPort) -> str:
    """The application behind one inbound port."""
    return inbound.cluster_label or f"{workload.id}/app:{inbound.port}"


def inbound_routes(workload: Workload, inbound: InboundPort) -> str:
    """The routes of one inbound port."""
    return inbound.routes_label or f"{workload.id}/app:{inbound.port}"


def outbound_routes(workload: Workload, outbound: OutboundPort) -> str:
    """The routes of one port that the workload calls."""
    return outbound.routes_label or f"{workload.id}/egress:{outbound.port}"


def egress_cluster(destination: Destination) -> str:
    """A destination."""
    return destination.label or f"egress/{destination.name}"


def endpoints(group: str) -> str:
    """Those who answer for a group."""
    return f"egress/{group}"


def certificate(name: str) -> str:
    """A certificate with its key."""
    return f"certificate/{name}"


def file_secret(file: ShownFile | TrustedFile) -> str:
    """What is in files where the proxy runs."""
    paths = (file.chain, file.private) if isinstance(file, ShownFile) else (file.path,)
    return f"file:{'+'.join(map(quote, paths))}"


def egress_routes(service: str) -> str:
    """The routes of a service."""
    return f"egress/{service}"
