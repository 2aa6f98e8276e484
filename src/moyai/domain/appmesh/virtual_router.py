"""Virtual routers, which distribute the requests to a virtual service.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualRouterSpec.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.listener import RouterListener
from moyai.domain.appmesh.resource import MeshResource
from moyai.kernel.ids import VirtualRouterArn


class VirtualRouterSpec(msgspec.Struct, frozen=True):
    """The specification of a virtual router: the ports at which its services are called."""

    listeners: tuple[RouterListener, ...] | None = None


class VirtualRouter(MeshResource, frozen=True, kw_only=True, tag="virtual_router"):
    """A virtual router of a mesh."""

    arn: VirtualRouterArn
    spec: VirtualRouterSpec
