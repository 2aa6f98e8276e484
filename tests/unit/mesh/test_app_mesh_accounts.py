"""Tasks represent the resources of a mesh if their account owns the mesh or may use it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.appmesh.identity import identity_of
from moyai.domain.appmesh.names import AppMeshResourceType, within_mesh
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.ecs.task import Task
from moyai.domain.ram.share import AssociationStatus, ResourceShare, ShareAssociation
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, ProxyId, ShareArn, TaskArn, VirtualNodeArn, WorkloadId
from moyai.kernel.scope import Scope
from moyai.mesh.app_mesh import compile_workload
from moyai.testing.world import SCOPE, Builder, container
from tests.golden.appmesh.meshes import MESH, node_arn, world_of

PARTICIPANT, OTHER = AccountId("222222222222"), AccountId("333333333333")
NOW = Instant(0.0)


def task_of(account: AccountId, resource: str) -> Task:
    """A task whose proxy says that it stands for this."""
    build = Builder()
    task = build.world.tasks[build.run(build.definition("front", container("envoy")))]
    identity = identity_of(resource, Scope(account, SCOPE.region))
    return replace(task, arn=TaskArn(task.arn.replace(SCOPE.account, account)), identity=identity)


def share(whom: AccountId) -> ResourceShare:
    """The mesh, shared with an account that has accepted."""
    mesh, principal = (ShareAssociation(one, AssociationStatus.ASSOCIATED, NOW, NOW) for one in (MESH, whom))
    arn = ShareArn(f"arn:aws:ram:{SCOPE.region}:{SCOPE.account}:resource-share/one")
    return ResourceShare(arn, "one", NOW, NOW, resources=(mesh,), principals=(principal,))


@pytest.mark.parametrize(
    ("account", "shared_with", "is_led"),
    [
        (SCOPE.account, None, True),
        (PARTICIPANT, None, False),
        (PARTICIPANT, OTHER, False),
        (PARTICIPANT, PARTICIPANT, True),
    ],
)
def test_a_task_proxy_is_configured_if_its_account_may_use_the_mesh(account, shared_with, is_led):
    world = world_of({"virtualNodes": {"front": {}}})
    task = task_of(account, f"mesh/shop@{SCOPE.account}/virtualNode/front")
    world.apply(Put(task))
    if shared_with is not None:
        world.apply(Put(share(shared_with)))
    proxies = compile_workload(world, WorkloadId(node_arn("front"))).proxies
    assert list(proxies) == ([ProxyId(task.arn)] if is_led else [])


def test_a_proxy_of_the_nodes_owner_is_configured_without_a_share():
    world = world_of({"virtualNodes": {"front": {}}})
    arn = VirtualNodeArn(within_mesh(MESH, PARTICIPANT, AppMeshResourceType.VIRTUAL_NODE, "front"))
    task = task_of(PARTICIPANT, arn)
    own = world.virtual_nodes[VirtualNodeArn(node_arn("front"))]
    for change in (Delete(VirtualNode, own.arn), Put(replace(own, arn=arn)), Put(task)):
        world.apply(change)
    assert list(compile_workload(world, WorkloadId(arn)).proxies) == [ProxyId(task.arn)]
