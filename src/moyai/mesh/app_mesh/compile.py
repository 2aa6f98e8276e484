"""Compiles virtual nodes and virtual gateways, each into a shard with everything that its proxies need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.appmesh.identity import resource_key
from moyai.domain.appmesh.names import AppMeshResourceType
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.ecs.task import Task
from moyai.domain.keys import scope_of
from moyai.domain.queries.app_mesh import may_represent
from moyai.domain.world import World
from moyai.kernel.ids import ProxyId, TaskArn, WorkloadId
from moyai.mesh.app_mesh.gateway import gateway_workload
from moyai.mesh.app_mesh.node import node_workload
from moyai.mesh.app_mesh.outbound import AppMeshOptions
from moyai.mesh.app_mesh.shard import ShardBuilder
from moyai.mesh.ir import Diagnostic, MeshIR

_DEFAULTS: Final = AppMeshOptions()


def workloads(world: World) -> Iterator[WorkloadId]:
    """Every workload that can be compiled."""
    yield from (WorkloadId(node.arn) for node in world.virtual_nodes)
    yield from (WorkloadId(gateway.arn) for gateway in world.virtual_gateways)


def diagnostics(world: World) -> tuple[Diagnostic, ...]:
    """The diagnostics of all workloads, each once."""
    every = (found for workload in workloads(world) for found in compile_workload(world, workload).diagnostics)
    return tuple(dict.fromkeys(every))


def compile_workload(world: World, workload: WorkloadId, settings: AppMeshOptions = _DEFAULTS) -> MeshIR:
    """The shard of a virtual node or a virtual gateway; empty if it does not exist."""
    resource = world.virtual_nodes.get(workload) or world.virtual_gateways.get(workload)
    mesh = None if resource is None else world.meshes.get(resource.mesh)
    if resource is None or mesh is None:
        return MeshIR()
    shard = ShardBuilder(world, mesh)
    ir_workload = (
        gateway_workload(shard, resource)
        if isinstance(resource, VirtualGateway)
        else node_workload(shard, resource, settings)
    )
    return shard.build(ir_workload, _proxies_of(world, resource))


def _proxies_of(world: World, resource: VirtualNode | VirtualGateway) -> tuple[ProxyId, ...]:
    """The proxies of the tasks that represent the resource and are allowed to."""
    kind = (
        AppMeshResourceType.VIRTUAL_GATEWAY
        if isinstance(resource, VirtualGateway)
        else AppMeshResourceType.VIRTUAL_NODE
    )
    tasks = world.tasks.projection(_arn).by("mesh", resource_key(resource.mesh, kind, resource.name))
    return tuple(ProxyId(arn) for arn in tasks if may_represent(world, scope_of(arn), resource))


def _arn(task: Task) -> TaskArn:
    """The projection of a task to its ARN, so that only its creation and deletion count as changes."""
    return task.arn
