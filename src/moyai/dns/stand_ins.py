"""A stand-in address for the names of App Mesh's virtual services that have no other address.

Promise: in a VPC with tasks of a mesh, the name of each of its virtual services resolves to STAND_IN: an address that
can be routed and is never connected to, since the proxy intercepts the connection and routes it by its port and host.
An answer of a zone or of an upstream resolver takes precedence; upstream is awaited for at most UPSTREAM_TIMEOUT. The
hostname of a virtual node has no stand-in, or the proxies themselves would connect to it. A query for an IPv6 address
gets an empty answer rather than NXDOMAIN, which some resolvers would take for both families.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/virtual_services.html (the record that users had to make)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import dns.exception
import dns.name

from moyai.dns.records import Labels, to_labels
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.derived import Derived
from moyai.domain.ecs.task import Task
from moyai.domain.world import World, table_name
from moyai.kernel.ids import MeshArn, TaskArn, VirtualNodeArn, VirtualServiceArn, VpcId
from moyai.ports.store import Key

STAND_IN: Final = "10.10.10.10"
"""AWS's own example of such an address."""
UPSTREAM_TIMEOUT: Final = 1.0
"""Seconds."""
STAND_IN_TTL: Final = 5
"""Seconds."""
_TASK: Final = table_name(Task)
_SERVICE: Final = table_name(VirtualService)
_NODE: Final = table_name(VirtualNode)


class _Fact(NamedTuple):
    """A fact about a mesh: a task of it runs in the VPC, or a virtual service or a virtual node of it has the name."""

    kind: str
    mesh: MeshArn
    name: Labels = ()
    vpc: VpcId = VpcId("")


class StandIns:
    """The names with a stand-in, of all meshes, kept in sync with the World."""

    def __init__(self, world: World) -> None:
        self._values: tuple[Derived[Any, Any], ...] = (
            Derived(world, _task_fact, None, Task, publish=self._update),
            Derived(world, _service_fact, None, VirtualService, publish=self._update),
            Derived(world, _node_fact, None, VirtualNode, publish=self._update),
        )
        self._facts: Counter[_Fact] = Counter()
        self._meshes: defaultdict[VpcId, set[MeshArn]] = defaultdict(set)
        self._has_changed = False

    def refresh(self, keys: Sequence[Key]) -> bool:
        """Follow these changes; returns whether the answer for any name may have changed."""
        self._has_changed = False
        for values in self._values:
            values.follow(keys)
        return self._has_changed

    def has(self, vpc: VpcId | None, name: Labels) -> bool:
        """Whether the name has a stand-in in this VPC; no name has one on the host (None)."""
        meshes = () if vpc is None else self._meshes.get(vpc, ())
        return any(_Fact(_SERVICE, m, name) in self._facts and _Fact(_NODE, m, name) not in self._facts for m in meshes)

    def _update(self, _key: str, before: _Fact | None, now: _Fact | None) -> None:
        self._has_changed = True
        if now is not None:
            self._facts[now] += 1
        if before is not None:
            self._facts[before] -= 1
            if not self._facts[before]:
                del self._facts[before]
        for fact in (before, now):
            if fact is not None and fact.kind == _TASK:
                meshes = self._meshes[fact.vpc]
                meshes.add(fact.mesh) if fact in self._facts else meshes.discard(fact.mesh)


def _task_fact(world: World, arn: TaskArn) -> _Fact | None:
    task = world.tasks.get(arn)
    if task is None or task.stopped or task.identity is None:
        return None
    return _Fact(_TASK, task.identity.mesh, vpc=task.interface.vpc)


def _service_fact(world: World, arn: VirtualServiceArn) -> _Fact | None:
    service = world.virtual_services.get(arn)
    return None if service is None else _name_fact(_SERVICE, service.mesh, service.name)


def _node_fact(world: World, arn: VirtualNodeArn) -> _Fact | None:
    node = world.virtual_nodes.get(arn)
    discovery = None if node is None else node.spec.service_discovery
    if node is None or discovery is None or discovery.dns is None:
        return None
    return _name_fact(_NODE, node.mesh, discovery.dns.hostname)


def _name_fact(kind: str, mesh: MeshArn, name: str) -> _Fact | None:
    try:
        return _Fact(kind, mesh, to_labels(dns.name.from_text(name)))
    except dns.exception.DNSException:  # a name that is not valid in DNS is never asked for
        return None
