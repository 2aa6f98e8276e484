"""What App Mesh's proxies call their resources.

Promise: the names that AWS's documentation and examples let people search for in statistics, dashboards and alarms are
made in this one place. A listener's name has the address at which AWS's proxies listened.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-metrics.html
"""

from __future__ import annotations

from typing import Final

from moyai.mesh.ir import Protocol

INGRESS_PORT: Final = 15000
EGRESS_PORT: Final = 15001
ADDRESSED: Final = "x-app-mesh-virtual-service"
"""The header by which a gateway's first step tells its second where a request goes, when its host doesn't."""
ANY_HOST: Final = "*"
SELF_REDIRECT: Final = "self_redirect"
DEFAULT_BACKEND: Final = "default_backend"
UNMODELLED: Final = "mesh-allow-all"


def ingress_listener(address: str, port: int = INGRESS_PORT) -> str:
    """Where connections to the application, or a gateway's, arrive."""
    return f"lds_ingress_{_shown(address)}_{port}"


def egress_listener(address: str) -> str:
    """Where the application's own connections arrive."""
    return f"lds_egress_{_shown(address)}_{EGRESS_PORT}"


def egress_stat(everywhere: str, address: str) -> str:
    """What that listener is counted under, when it is at ``address``; empty where that is its address anyway. AWS's was
    open everywhere, and people look for its figures there.
    """
    return "" if address == everywhere else f"{everywhere}_{EGRESS_PORT}"


def app_cluster(mesh: str, node: str, protocol: Protocol, port: int) -> str:
    """A virtual node's own application."""
    return f"cds_ingress_{mesh}_{node}_{protocol}_{port}"


def node_cluster(mesh: str, node: str, protocol: Protocol, port: int) -> str:
    """A virtual node, as its clients call it."""
    return f"cds_egress_{mesh}_{node}_{protocol}_{port}"


def redirect_cluster(mesh: str, gateway: str, protocol: Protocol, port: int | None) -> str:
    """From a gateway's first step to its second; ``port``: the listener's, where there are several."""
    of = "" if port is None else f"{port}_"
    return f"cds_ingress_{mesh}_{gateway}_{SELF_REDIRECT}_{of}{protocol}_{EGRESS_PORT}"


def unmodelled_cluster(mesh: str) -> str:
    """Wherever a connection was going that the mesh doesn't know."""
    return f"cds_egress_{mesh}_{UNMODELLED}"


def passed_cluster(mesh: str) -> str:
    """Wherever a connection to one of the names that are always let through was going."""
    return f"cds_egress_{mesh}_amazonaws"


def ingress_routes(port: int) -> str:
    """The routes of a port of the application, or a gateway's."""
    return f"rds_ingress_http_{port}"


def egress_routes(port: int) -> str:
    """The routes of a port that is called."""
    return f"rds_egress_http_{port}"


def ingress_stat(protocol: Protocol, port: int, *, only: bool) -> str:
    """What a port's traffic is counted under; ``only``: there is no other."""
    return "ingress" if only else f"ingress.{protocol}.{port}"


EGRESS_STAT: Final = "egress"


def _shown(address: str) -> str:
    return f"[{address}]" if ":" in address else address
