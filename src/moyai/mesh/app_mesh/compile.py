"""Virtual nodes and virtual gateways, compiled one at a time, each with everything that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.appmesh.identity import standing_key
from moyai.domain.appmesh.names import Kind
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.ecs.task import Task
from moyai.domain.keys import scope_of
from moyai.domain.queries.app_mesh import may_represent
from moyai.domain.world import World
from moyai.kernel.ids import ProxyId, TaskArn, WorkloadId
from moyai.mesh.app_mesh.gateway import gateway_workload
from moyai.mesh.app_mesh.node import node_workload
from moyai.mesh.app_mesh.part import Part
from moyai.mesh.app_mesh.settings import Settings
from moyai.mesh.ir import Diagnostic, Mesh

_DEFAULTS: Final = Settings()


def workloads(world: World) -> Iterator[WorkloadId]:
    """All that can be compiled."""
    yield from (WorkloadId(node.arn) for node in world.virtual_nodes)
    yield from (WorkloadId(gateway.arn) for gateway in world.virtual_gateways)


def diagnostics(world: World) -> tuple[Diagnostic, ...]:
    """Everything that is reported of any of them, once."""
    found = (one for workload in workloads(world) for one in compile_workload(world, workload).diagnostics)
    return tuple(dict.fromkeys(found))


def compile_workload(world: World, workload: WorkloadId, settings: Settings = _DEFAULTS) -> Mesh:
    """The part of a virtual node or a virtual gateway; empty when it isn't there."""
    found = world.virtual_nodes.get(workload) or world.virtual_gateways.get(workload)
    mesh = None if found is None else world.meshes.get(found.mesh)
    if found is None or mesh is None:
        return Mesh()
    part = Part(world, mesh)
    made = gateway_workload(part, found) if isinstance(found, VirtualGateway) else node_workload(part, found, settings)
    return part.whole(made, _led(world, found))


def _led(world: World, found: VirtualNode | VirtualGateway) -> tuple[ProxyId, ...]:
    """The proxies of the tasks that stand for it and may."""
    kind = Kind.VIRTUAL_GATEWAY if isinstance(found, VirtualGateway) else Kind.VIRTUAL_NODE
    tasks = world.tasks.projected(_arn).by("mesh", standing_key(found.mesh, kind, found.name))
    return tuple(ProxyId(arn) for arn in tasks if may_represent(world, scope_of(arn), found))


def _arn(task: Task) -> TaskArn:
    """All that counts of a task is that it is there."""
    return task.arn
