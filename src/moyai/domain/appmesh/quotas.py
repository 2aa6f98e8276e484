"""How many of everything there may be.

Promise: AWS's numbers, as they last were, where nobody has set others.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/service-quotas.html
"""

from __future__ import annotations

import msgspec


class AppMeshQuotas(msgspec.Struct, frozen=True):
    """App Mesh's quotas."""

    meshes: int = 15
    """Of one account and region."""
    virtual_nodes_per_mesh: int = 200
    virtual_services_per_mesh: int = 200
    virtual_routers_per_mesh: int = 200
    virtual_gateways_per_mesh: int = 3
    backends_per_virtual_node: int = 50
    routes_per_virtual_router: int = 50
    gateway_routes_per_virtual_gateway: int = 10
    proxies_per_virtual_node: int = 50
    """Connected at once as one virtual node, or as one virtual gateway."""
