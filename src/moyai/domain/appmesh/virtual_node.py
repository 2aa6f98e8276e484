"""Virtual nodes: what stands for a group of tasks, or for something outside.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualNodeSpec.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.access_log import Logging
from moyai.domain.appmesh.backend import Backend
from moyai.domain.appmesh.client_policy import BackendDefaults
from moyai.domain.appmesh.discovery import ServiceDiscovery
from moyai.domain.appmesh.listener import NodeListener
from moyai.domain.appmesh.resource import MeshResource
from moyai.kernel.ids import VirtualNodeArn


class VirtualNodeSpec(msgspec.Struct, frozen=True):
    """Without anything it is a client that calls nobody."""

    listeners: tuple[NodeListener, ...] | None = None
    service_discovery: ServiceDiscovery | None = None
    backends: tuple[Backend, ...] | None = None
    backend_defaults: BackendDefaults | None = None
    logging: Logging | None = None


class VirtualNode(MeshResource, frozen=True, kw_only=True, tag="virtual_node"):
    """A virtual node."""

    arn: VirtualNodeArn
    spec: VirtualNodeSpec
