"""The names of resources in App Mesh's proxies.

Promise: these are the names in AWS's documentation, which dashboards and alarms use. A listener's name has the address
at which AWS's proxies listen.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-metrics.html
"""

from __future__ import annotations

from typing import Final

from moyai.mesh.ir import Protocol

INGRESS_PORT: Final = 15000
EGRESS_PORT: Final = 15001
SERVICE_HEADER: Final = "x-app-mesh-virtual-service"
"""The header by which a gateway's first stage names a request's virtual service to the second, if the host can't."""
ANY_HOST: Final = "*"
SELF_REDIRECT: Final = "self_redirect"
DEFAULT_BACKEND: Final = "default_backend"
UNMODELLED: Final = "mesh-allow-all"


def ingress_listener(address: str, port: int = INGRESS_PORT) -> str:
    """The listener of connections to the application, or to a gateway."""
    return f"lds_ingress_{_host_part(address)}_{port}"


def egress_listener(address: str) -> str:
    """The listener of the application's own connections."""
    return f"lds_egress_{_host_part(address)}_{EGRESS_PORT}"


def egress_stat(everywhere: str, address: str) -> str:
    """The name of the egress listener's statistics when it listens at ``address``; empty = the address. AWS's proxies
    listen everywhere, so dashboards have the metrics under that name.
    """
    return "" if address == everywhere else f"{everywhere}_{EGRESS_PORT}"


def app_cluster(mesh: str, node: str, protocol: Protocol, port: int) -> str:
    """The cluster of a virtual node's own application."""
    return f"cds_ingress_{mesh}_{node}_{protocol}_{port}"


def node_cluster(mesh: str, node: str, protocol: Protocol, port: int) -> str:
    """The cluster of a virtual node in its clients' proxies."""
    return f"cds_egress_{mesh}_{node}_{protocol}_{port}"


def redirect_cluster(mesh: str, gateway: str, protocol: Protocol, port: int | None) -> str:
    """The cluster between a gateway's first and second stage; ``port``: the listener's, if there are several."""
    port_part = "" if port is None else f"{port}_"
    return f"cds_ingress_{mesh}_{gateway}_{SELF_REDIRECT}_{port_part}{protocol}_{EGRESS_PORT}"


def unmodelled_cluster(mesh: str) -> str:
    """The cluster of original destinations that are not in the mesh."""
    return f"cds_egress_{mesh}_{UNMODELLED}"


def passed_cluster(mesh: str) -> str:
    """The cluster of original destinations for connections whose TLS server names are always allowed."""
    return f"cds_egress_{mesh}_amazonaws"


def ingress_routes(port: int) -> str:
    """The route configuration of a port of the application, or of a gateway."""
    return f"rds_ingress_http_{port}"


def egress_routes(port: int) -> str:
    """The route configuration of a called port."""
    return f"rds_egress_http_{port}"


def ingress_stat(protocol: Protocol, port: int, *, only: bool) -> str:
    """The prefix of a port's statistics; ``only``: the workload has no other port."""
    return "ingress" if only else f"ingress.{protocol}.{port}"


EGRESS_STAT: Final = "egress"


def _host_part(address: str) -> str:
    return f"[{address}]" if ":" in address else address
