"""Virtual nodes, which represent tasks, or servers outside of moyai.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualNodeSpec.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.access_log import Logging
from moyai.domain.appmesh.client_policy import Backend, BackendDefaults
from moyai.domain.appmesh.discovery import ServiceDiscovery
from moyai.domain.appmesh.listener import NodeListener
from moyai.domain.appmesh.resource import MeshResource
from moyai.kernel.ids import VirtualNodeArn


class VirtualNodeSpec(msgspec.Struct, frozen=True):
    """The specification of a virtual node; an empty one is a client that calls no service."""

    listeners: tuple[NodeListener, ...] | None = None
    service_discovery: ServiceDiscovery | None = None
    backends: tuple[Backend, ...] | None = None
    backend_defaults: BackendDefaults | None = None
    logging: Logging | None = None


class VirtualNode(MeshResource, frozen=True, kw_only=True, tag="virtual_node"):
    """A virtual node of a mesh."""

    arn: VirtualNodeArn
    spec: VirtualNodeSpec
