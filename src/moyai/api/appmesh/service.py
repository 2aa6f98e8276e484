"""The operations of AWS App Mesh: the five of each kind of resource, and those on tags.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from moyai.api.appmesh.gateway_routes import GATEWAY_ROUTES
from moyai.api.appmesh.kind import ResourceKind
from moyai.api.appmesh.kind_operations import KindOperations
from moyai.api.appmesh.meshes import MESHES
from moyai.api.appmesh.routes import ROUTES
from moyai.api.appmesh.tags import TAGS
from moyai.api.appmesh.virtual_gateways import VIRTUAL_GATEWAYS
from moyai.api.appmesh.virtual_nodes import VIRTUAL_NODES
from moyai.api.appmesh.virtual_routers import VIRTUAL_ROUTERS
from moyai.api.appmesh.virtual_services import VIRTUAL_SERVICES
from moyai.api.operation import ApiService, operations
from moyai.domain.appmesh.errors import BadRequest
from moyai.domain.appmesh.quotas import AppMeshQuotas

KINDS: Final[tuple[ResourceKind[Any], ...]] = (
    MESHES,
    VIRTUAL_NODES,
    VIRTUAL_SERVICES,
    VIRTUAL_ROUTERS,
    ROUTES,
    VIRTUAL_GATEWAYS,
    GATEWAY_ROUTES,
)
"""The seven kinds of resources."""


def appmesh(quotas: AppMeshQuotas) -> ApiService:
    """App Mesh within these quotas."""
    of_kinds = chain.from_iterable(KindOperations(kind, quotas).operations() for kind in KINDS)
    return ApiService(name="appmesh", input_fault=BadRequest, operations=operations(*of_kinds, *TAGS.operations()))
