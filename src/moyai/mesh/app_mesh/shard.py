"""Builds one workload's shard of the mesh.

Promise: names are unique in a shard. Another resource that would have the same name gets a number after it; resources
that differ only in their name are added once.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, count
from typing import Final, TypeVar

from msgspec.structs import replace

from moyai.domain.appmesh.mesh import Mesh as AppMesh
from moyai.domain.world import World
from moyai.kernel.ids import ProxyId
from moyai.mesh.ir import Certificate, Destination, Diagnostic, EndpointGroup, Member, MeshIR, Workload

_SECOND: Final = 2
T = TypeVar("T")


class ShardBuilder:
    """Collects the parts of a workload's shard. ``mesh``: the App Mesh mesh that the workload is in."""

    def __init__(self, world: World, mesh: AppMesh) -> None:
        self.world = world
        self.mesh = mesh
        self._destinations: dict[str, Destination] = {}
        self._groups: dict[str, EndpointGroup] = {}
        self._certificates: dict[str, Certificate] = {}
        self._diagnostics: dict[Diagnostic, None] = {}

    def report(self, subject: str, message: str) -> None:
        """Report that a part of the subject is left out or has no effect."""
        self._diagnostics[Diagnostic(subject, message)] = None

    def add_destination(self, destination: Destination) -> str:
        """Add a destination, unless there is an equal one, and return its name in the shard."""
        return _add(self._destinations, lambda name: replace(destination, name=name, label=name), destination.name)

    def add_group(self, name: str, members: tuple[Member, ...] = ()) -> str:
        """Add an endpoint group, unless there is an equal one, and return its name in the shard."""
        return _add(self._groups, lambda name: EndpointGroup(name, members), name)

    def add_certificate(self, certificate: Certificate) -> None:
        """Add a certificate; the shard has one certificate of each name."""
        self._certificates[certificate.name] = certificate

    def build(self, workload: Workload, proxies: tuple[ProxyId, ...]) -> MeshIR:
        """The shard with its workload, and the proxies that the workload is assigned to."""
        return MeshIR(
            workloads={workload.id: workload},
            destinations=self._destinations,
            groups=self._groups,
            certificates=self._certificates,
            diagnostics=tuple(self._diagnostics),
            proxies=dict.fromkeys(proxies, workload.id),
        )


def _add(resources: dict[str, T], with_name: Callable[[str], T], name: str) -> str:
    """Add a resource under the first name that is free, or under which an equal one exists, and return the name."""
    candidates = chain((name,), (f"{name}_{number}" for number in count(_SECOND)))
    return next(key for key in candidates if resources.setdefault(key, resource := with_name(key)) == resource)
