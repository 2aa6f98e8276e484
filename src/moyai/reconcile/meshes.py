"""The mesh for the proxies, in parts: one for each namespace of Service Connect, and one for each virtual node and
virtual gateway of App Mesh.

Promise: a part is compiled again when anything has changed that it was compiled from, whatever else there is. A part
that can't be compiled keeps its last good form, holds up no other, and is tried again with the next change.
"""

from __future__ import annotations

from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.derived import Derived, Publish
from moyai.domain.world import World
from moyai.kernel.ids import NamespaceArn, WorkloadId
from moyai.mesh.app_mesh import Settings, compile_workload
from moyai.mesh.ir import Mesh
from moyai.mesh.service_connect import compile_namespace
from moyai.ports.proxies import ProxyFeed


def namespace_meshes(world: World, feed: ProxyFeed) -> Derived[NamespaceArn, Mesh]:
    """Service Connect's parts of the feed."""
    return Derived(world, compile_namespace, Mesh(), Namespace, publish=_publisher(feed))


def workload_meshes(world: World, feed: ProxyFeed, settings: Settings) -> Derived[WorkloadId, Mesh]:
    """App Mesh's parts of the feed."""

    def compile_part(seen: World, workload: WorkloadId) -> Mesh:
        return compile_workload(seen, workload, settings)

    return Derived(world, compile_part, Mesh(), VirtualNode, VirtualGateway, publish=_publisher(feed))


def _publisher(feed: ProxyFeed) -> Publish[str, Mesh]:
    return lambda part, _before, mesh: feed.publish(mesh, part)
