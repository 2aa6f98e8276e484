"""Virtual routers: where the requests to a virtual service are shared out.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualRouterSpec.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.listener import RouterListener
from moyai.domain.appmesh.resource import MeshResource
from moyai.kernel.ids import VirtualRouterArn


class VirtualRouterSpec(msgspec.Struct, frozen=True):
    """The ports under which its services are called."""

    listeners: tuple[RouterListener, ...] | None = None


class VirtualRouter(MeshResource, frozen=True, kw_only=True, tag="virtual_router"):
    """A virtual router."""

    arn: VirtualRouterArn
    spec: VirtualRouterSpec
