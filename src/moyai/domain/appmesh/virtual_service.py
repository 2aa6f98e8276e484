"""Virtual services, the names by which services are called.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualServiceSpec.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.resource import MeshResource
from moyai.kernel.ids import VirtualServiceArn


class NodeProvider(msgspec.Struct, frozen=True):
    """A virtual node, by name."""

    virtual_node_name: str


class RouterProvider(msgspec.Struct, frozen=True):
    """A virtual router, by name."""

    virtual_router_name: str


class VirtualServiceProvider(msgspec.Struct, frozen=True):
    """The provider of a virtual service: exactly one member is set."""

    virtual_node: NodeProvider | None = None
    virtual_router: RouterProvider | None = None


class VirtualServiceSpec(msgspec.Struct, frozen=True):
    """The specification of a virtual service; without a provider its name exists, and requests to it fail."""

    provider: VirtualServiceProvider | None = None

    @property
    def node(self) -> str | None:
        """The name of the virtual node that provides the service."""
        provider = None if self.provider is None else self.provider.virtual_node
        return None if provider is None else provider.virtual_node_name

    @property
    def router(self) -> str | None:
        """The name of the virtual router that provides the service."""
        provider = None if self.provider is None else self.provider.virtual_router
        return None if provider is None else provider.virtual_router_name


class VirtualService(MeshResource, frozen=True, kw_only=True, tag="virtual_service"):
    """A virtual service of a mesh."""

    arn: VirtualServiceArn
    spec: VirtualServiceSpec
