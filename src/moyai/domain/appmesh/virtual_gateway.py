"""Virtual gateways: where requests from outside come into a mesh.

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
    """``backend_defaults`` are for everything that it calls."""

    listeners: tuple[GatewayListener, ...]
    backend_defaults: BackendDefaults | None = None
    logging: Logging | None = None


class VirtualGateway(MeshResource, frozen=True, kw_only=True, tag="virtual_gateway"):
    """A virtual gateway."""

    arn: VirtualGatewayArn
    spec: VirtualGatewaySpec
