"""Whom App Mesh's proxies stand for, and what they count by.

Promise: looked up once, and again when something of the mesh has changed; where that changed nothing here, it is the
very same object as before. Who is gone stays as it was, and what is gone is still known: its last counts are
to come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.domain.appmesh.names import mesh_name
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.keys import scope_of
from moyai.domain.own_tags import METRIC_NAMESPACE
from moyai.domain.world import World
from moyai.kernel.scope import Scope
from moyai.mesh.app_mesh.counted import Subjects, subjects
from moyai.telemetry.appmesh_names import OWN

MAX_STANDINGS: Final = 20_000
"""Virtual nodes and virtual gateways that are remembered; beyond, all are looked up anew."""
Workload = VirtualNode | VirtualGateway
_Stamps = tuple[object, ...]


class Standing(msgspec.Struct, frozen=True):
    """A virtual node or a virtual gateway, and what its proxies count by. ``namespace``: CloudWatch's, for the figures
    of the metric extension.
    """

    scope: Scope
    mesh: str
    arn: str
    is_gateway: bool
    name: str
    namespace: str
    subjects: Subjects

    @property
    def kind(self) -> str:
        """As labels say it."""
        return "virtual_gateway" if self.is_gateway else "virtual_node"

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """As the metric extension had them."""
        return ("Mesh", self.mesh), ("VirtualGateway" if self.is_gateway else "VirtualNode", self.name)


class Standings:
    """Everybody's."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self._known: dict[str, tuple[Standing, _Stamps]] = {}

    def of(self, workload: Workload) -> Standing:
        """The standing of a virtual node or a virtual gateway."""
        world = self._world()
        known, stamps = self._known.get(workload.arn), _stamps(world, workload)
        if known is not None and known[1] == stamps:
            return known[0]
        found = _standing(world, workload)
        if known is not None:
            found = replace(found, subjects=found.subjects.after(known[0].subjects))
            found = known[0] if known[0] == found else found
        if len(self._known) >= MAX_STANDINGS:
            self._known.clear()
        self._known[workload.arn] = found, stamps
        return found

    def now(self, standing: Standing) -> Standing:
        """The same as it is by now."""
        workload = workload_of(self._world(), standing.arn)
        return standing if workload is None else self.of(workload)


def workload_of(world: World, arn: str) -> Workload | None:
    """The virtual node or the virtual gateway of that ARN."""
    return world.virtual_nodes.get(arn) or world.virtual_gateways.get(arn)


def _stamps(world: World, workload: Workload) -> _Stamps:
    mesh = workload.mesh
    return (
        world.meshes.get(mesh),
        world.virtual_nodes.stamp("mesh", mesh),
        world.virtual_services.stamp("mesh", mesh),
        world.virtual_routers.stamp("mesh", mesh),
        world.routes.stamp("mesh", mesh),
        world.virtual_gateways.stamp("mesh", mesh),
        world.gateway_routes.stamp("mesh", mesh),
    )


def _standing(world: World, workload: Workload) -> Standing:
    mesh = world.meshes.get(workload.mesh)
    return Standing(
        scope=scope_of(workload.arn),
        mesh=mesh_name(workload.mesh),
        arn=workload.arn,
        is_gateway=isinstance(workload, VirtualGateway),
        name=workload.name,
        namespace=OWN if mesh is None else mesh.tags.get(METRIC_NAMESPACE, OWN),
        subjects=subjects(world, workload),
    )
