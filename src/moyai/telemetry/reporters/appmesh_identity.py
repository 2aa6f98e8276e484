"""The identity of App Mesh's proxies: their virtual node or virtual gateway, and the subjects of their statistics.

Promise: an identity is computed once, and again when something in its mesh has changed; if the new one is equal, the
old object is returned. A deleted workload keeps its identity, and clusters and routes that are no longer configured
stay in it, because the proxies' last counts arrive later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from moyai.domain.appmesh.names import mesh_name
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.keys import scope_of
from moyai.domain.own_tags import METRIC_NAMESPACE
from moyai.domain.world import World
from moyai.kernel.scope import Scope
from moyai.mesh.app_mesh.statistic_subjects import StatisticSubjects, statistic_subjects
from moyai.telemetry.reporters.appmesh_metrics import OWN_NAMESPACE

MAX_IDENTITIES: Final = 20_000
"""The most identities that are remembered. When there are more, all are computed again."""
MeshWorkload = VirtualNode | VirtualGateway
_Versions = tuple[object, ...]
"""The mesh, and the versions of its resources by table. At least one of them differs after a change in the mesh."""


class MeshIdentity(msgspec.Struct, frozen=True):
    """A virtual node or a virtual gateway. ``namespace``: the CloudWatch namespace of the metric extension's metrics.
    ``subjects``: the subjects of the proxies' statistics.
    """

    scope: Scope
    mesh: str
    arn: str
    is_gateway: bool
    name: str
    namespace: str
    subjects: StatisticSubjects

    @property
    def kind(self) -> str:
        """The name of the label with the workload's name."""
        return "virtual_gateway" if self.is_gateway else "virtual_node"

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """The dimensions of all its metrics, as in the metric extension."""
        return ("Mesh", self.mesh), ("VirtualGateway" if self.is_gateway else "VirtualNode", self.name)


class _CachedIdentity(NamedTuple):
    identity: MeshIdentity
    versions: _Versions


class MeshIdentities:
    """The identities of all virtual nodes and virtual gateways. ``world`` returns the current world."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self._by_arn: dict[str, _CachedIdentity] = {}

    def identity(self, workload: MeshWorkload) -> MeshIdentity:
        """The identity of a virtual node or a virtual gateway."""
        world = self._world()
        cached, versions = self._by_arn.get(workload.arn), _versions(world, workload)
        if cached is not None and cached.versions == versions:
            return cached.identity
        identity = _identity(world, workload)
        if cached is not None:
            identity = replace(identity, subjects=identity.subjects.after(cached.identity.subjects))
            identity = cached.identity if cached.identity == identity else identity
        if len(self._by_arn) >= MAX_IDENTITIES:
            self._by_arn.clear()
        self._by_arn[workload.arn] = _CachedIdentity(identity, versions)
        return identity

    def current(self, identity: MeshIdentity) -> MeshIdentity:
        """The current form of an identity; the same object if its workload was deleted."""
        workload = find_workload(self._world(), identity.arn)
        return identity if workload is None else self.identity(workload)


def find_workload(world: World, arn: str) -> MeshWorkload | None:
    """The virtual node or the virtual gateway with this ARN."""
    return world.virtual_nodes.get(arn) or world.virtual_gateways.get(arn)


def _versions(world: World, workload: MeshWorkload) -> _Versions:
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


def _identity(world: World, workload: MeshWorkload) -> MeshIdentity:
    mesh = world.meshes.get(workload.mesh)
    return MeshIdentity(
        scope=scope_of(workload.arn),
        mesh=mesh_name(workload.mesh),
        arn=workload.arn,
        is_gateway=isinstance(workload, VirtualGateway),
        name=workload.name,
        namespace=OWN_NAMESPACE if mesh is None else mesh.tags.get(METRIC_NAMESPACE, OWN_NAMESPACE),
        subjects=statistic_subjects(world, workload),
    )
