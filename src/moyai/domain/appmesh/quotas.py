"""App Mesh's quotas.

Promise: the defaults are AWS's last numbers.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/service-quotas.html
"""

from __future__ import annotations

import msgspec


class AppMeshQuotas(msgspec.Struct, frozen=True):
    """The greatest number of each type of resource."""

    meshes: int = 15
    """In an account and region."""
    virtual_nodes_per_mesh: int = 200
    virtual_services_per_mesh: int = 200
    virtual_routers_per_mesh: int = 200
    virtual_gateways_per_mesh: int = 3
    backends_per_virtual_node: int = 50
    routes_per_virtual_router: int = 50
    gateway_routes_per_virtual_gateway: int = 10
    proxies_per_virtual_node: int = 50
    """Connected at once for one virtual node or gateway."""
