"""What resources are called.

What belongs to one workload carries its id, so that one Envoy can hold many workloads; what workloads
share (the clusters, endpoints and routes of a service) carries the name it has in the mesh.
"""

from __future__ import annotations

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import InboundPort

XDS_CLUSTER = "moyai-xds"
"""The control plane itself; in the bootstrap, so it can't be a mesh name."""

LOCAL_CLUSTER = "local_cluster"
"""The workload's peers; in the bootstrap, too."""

MATCH, ISSUER = "envoy.transport_socket_match", "issuer"
"""Under which an endpoint's metadata says whose certificate it shows."""


def egress_listener(workload: WorkloadId) -> str:
    """Where the workload's redirected outgoing connections arrive."""
    return f"{workload}/egress"


def ingress_listener(workload: WorkloadId) -> str:
    """Where connections redirected from the workload's ports arrive."""
    return f"{workload}/ingress"


def override_listener(workload: WorkloadId, port: int) -> str:
    """Where the proxy itself listens for the outside."""
    return f"{workload}/ingress:{port}"


def app_cluster(workload: WorkloadId, inbound: InboundPort) -> str:
    """The application behind one inbound port."""
    return f"{workload}/app:{inbound.port}"


def app_routes(workload: WorkloadId, inbound: InboundPort) -> str:
    """The routes to the application behind one inbound port."""
    return f"{workload}/app:{inbound.port}"


def egress_cluster(destination: str) -> str:
    """A destination; its endpoints have the same name."""
    return f"egress/{destination}"


def certificate(name: str) -> str:
    """A certificate with its key."""
    return f"certificate/{name}"


def egress_routes(service: str) -> str:
    """The routes of a service."""
    return f"egress/{service}"
