"""Virtual gateways, by which requests from outside enter a mesh.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualGatewaySpec.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.access_log import Logging
from moyai.domain.appmesh.client_policy import BackendDefaults
from moyai.domain.appmesh.listener import GatewayListener
from moyai.domain.appmesh.resource import MeshResource
from moyai.kernel.ids import VirtualGatewayArn


class VirtualGatewaySpec(msgspec.Struct, frozen=True):
    """The specification of a virtual gateway. ``backend_defaults`` apply to all services that it calls."""

    listeners: tuple[GatewayListener, ...]
    backend_defaults: BackendDefaults | None = None
    logging: Logging | None = None


class VirtualGateway(MeshResource, frozen=True, kw_only=True, tag="virtual_gateway"):
    """A virtual gateway of a mesh."""

    arn: VirtualGatewayArn
    spec: VirtualGatewaySpec
