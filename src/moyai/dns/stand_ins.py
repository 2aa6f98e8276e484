"""An address for the names of App Mesh's virtual services, where nobody else has one.

Promise: in a VPC with tasks that have a proxy of a mesh, the name of each virtual service of that mesh has STAND_IN: an
address that can be routed and is never dialled, since the proxy takes the connection by its port and the host that it
asks for. A zone's answer goes first, and so does upstream's, who are not waited for longer than PATIENCE. A name by
which a virtual node is found in DNS is left to DNS alone, or the proxies themselves would dial the stand-in. A name of
IPv6 is said to have no address, rather than not to be there: some resolvers give up on that.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/virtual_services.html (the record that users had to make)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import dns.exception
import dns.name

from moyai.dns.records import Labels, lowered
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.derived import Derived
from moyai.domain.ecs.task import Task
from moyai.domain.world import World, table_name
from moyai.kernel.ids import MeshArn, TaskArn, VirtualNodeArn, VirtualServiceArn, VpcId
from moyai.ports.store import Key

STAND_IN: Final = "10.10.10.10"
"""AWS's own example of such an address."""
PATIENCE: Final = 1.0
"""Seconds."""
STAND_IN_TTL: Final = 5
"""Seconds."""
_LIVE: Final = table_name(Task)
_CALLED: Final = table_name(VirtualService)
_FOUND: Final = table_name(VirtualNode)


class _Fact(NamedTuple):
    """That a task of the mesh lives in the VPC, or that something in the mesh is called, or found, by the name."""

    kind: str
    mesh: MeshArn
    name: Labels = ()
    vpc: VpcId = VpcId("")


class StandIns:
    """The names of all meshes, in step with the world."""

    def __init__(self, world: World) -> None:
        self._derived: tuple[Derived[Any, Any], ...] = (
            Derived(world, _living, None, Task, publish=self._tell),
            Derived(world, _called, None, VirtualService, publish=self._tell),
            Derived(world, _found, None, VirtualNode, publish=self._tell),
        )
        self._facts: Counter[_Fact] = Counter()
        self._meshes: defaultdict[VpcId, set[MeshArn]] = defaultdict(set)
        self._changed = False

    def refresh(self, keys: Sequence[Key]) -> bool:
        """Look at what changed; whether any name may be answered otherwise now."""
        self._changed = False
        for derived in self._derived:
            derived.follow(keys)
        return self._changed

    def has(self, vpc: VpcId | None, name: Labels) -> bool:
        """Whether the name has the stand-in in this VPC; None is the host, where nobody has."""
        meshes = () if vpc is None else self._meshes.get(vpc, ())
        return any(_Fact(_CALLED, m, name) in self._facts and _Fact(_FOUND, m, name) not in self._facts for m in meshes)

    def _tell(self, _key: str, before: _Fact | None, now: _Fact | None) -> None:
        self._changed = True
        if now is not None:
            self._facts[now] += 1
        if before is not None:
            self._facts[before] -= 1
            if not self._facts[before]:
                del self._facts[before]
        for fact in (before, now):
            if fact is not None and fact.kind == _LIVE:
                meshes = self._meshes[fact.vpc]
                meshes.add(fact.mesh) if fact in self._facts else meshes.discard(fact.mesh)


def _living(world: World, arn: TaskArn) -> _Fact | None:
    task = world.tasks.get(arn)
    if task is None or task.stopped or task.identity is None:
        return None
    return _Fact(_LIVE, task.identity.mesh, vpc=task.interface.vpc)


def _called(world: World, arn: VirtualServiceArn) -> _Fact | None:
    service = world.virtual_services.get(arn)
    return None if service is None else _named(_CALLED, service.mesh, service.name)


def _found(world: World, arn: VirtualNodeArn) -> _Fact | None:
    node = world.virtual_nodes.get(arn)
    discovery = None if node is None else node.spec.service_discovery
    if node is None or discovery is None or discovery.dns is None:
        return None
    return _named(_FOUND, node.mesh, discovery.dns.hostname)


def _named(kind: str, mesh: MeshArn, name: str) -> _Fact | None:
    try:
        return _Fact(kind, mesh, lowered(dns.name.from_text(name)))
    except dns.exception.DNSException:  # a name that DNS can't carry isn't asked for
        return None
