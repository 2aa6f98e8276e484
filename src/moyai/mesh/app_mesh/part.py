"""One workload's part of the mesh while it is put together.

Promise: a name is that of one thing in the whole part. What would be called as something else already is gets a number
behind its name; what is the same in all but its name is there once.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, count
from typing import Final, TypeVar

from msgspec.structs import replace

from moyai.domain.appmesh.mesh import Mesh as AppMesh
from moyai.domain.world import World
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import Certificate, Destination, Diagnostic, EndpointGroup, Member, Mesh, Workload

_SECOND: Final = 2
T = TypeVar("T")


class Part:
    """What is known so far. ``mesh``: the one of App Mesh that the workload is in."""

    def __init__(self, world: World, mesh: AppMesh) -> None:
        self.world = world
        self.mesh = mesh
        self._destinations: dict[str, Destination] = {}
        self._groups: dict[str, EndpointGroup] = {}
        self._certificates: dict[str, Certificate] = {}
        self._diagnostics: dict[Diagnostic, None] = {}

    def report(self, subject: str, message: str) -> None:
        """Something is left out, or not as it was meant."""
        self._diagnostics[Diagnostic(subject, message)] = None

    def destination(self, wanted: Destination) -> str:
        """The name under which there is this destination from now on."""
        return _placed(self._destinations, lambda name: replace(wanted, name=name, label=name), wanted.name)

    def group(self, name: str, members: tuple[Member, ...] = ()) -> str:
        """The name under which there is this group from now on."""
        return _placed(self._groups, lambda name: EndpointGroup(name, members), name)

    def add_certificate(self, certificate: Certificate) -> None:
        """Have a certificate; of a name there is one."""
        self._certificates[certificate.name] = certificate

    def whole(self, workload: Workload, proxies: tuple[ProxyId, ...]) -> Mesh:
        """The part, now that its workload is known, and who is led as it."""
        led: dict[ProxyId, WorkloadId] = dict.fromkeys(proxies, workload.id)
        return Mesh(
            workloads={workload.id: workload},
            destinations=self._destinations,
            groups=self._groups,
            certificates=self._certificates,
            diagnostics=tuple(self._diagnostics),
            proxies=led,
        )


def _placed(things: dict[str, T], called: Callable[[str], T], name: str) -> str:
    """The first of the names under which the thing is already, or nothing is."""
    numbered = chain((name,), (f"{name}_{number}" for number in count(_SECOND)))
    return next(one for one in numbered if things.setdefault(one, thing := called(one)) == thing)
