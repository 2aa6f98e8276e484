"""Derived values follow the world, also where a dependency is listed nowhere, and where a notification is lost."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from moyai.api.ec2.subnets import DeleteSubnetRequest, delete_subnet
from moyai.api.operation import Context
from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.ecs.task import Task
from moyai.domain.queries.vpc import store_default_vpc
from moyai.domain.sandbox.state import Health
from moyai.domain.vpc.default import default_vpc
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Change, Delete, Put
from moyai.kernel.ids import ProxyId, ServiceArn, WorkloadId
from moyai.plan.network.network_spec import network_spec
from moyai.plan.network.published_ports import published_ports
from moyai.reconcile.loop import RESYNC
from moyai.testing.world import SCOPE, container
from tests.golden.appmesh.meshes import node_arn
from tests.sim.control import Installation
from tests.sim.test_app_mesh import come_up


async def serve(installation: Installation, tasks: int) -> ServiceArn:
    """A service whose tasks can call each other."""
    installation.store.apply(store_default_vpc(installation.store.world, SCOPE))
    service = installation.build.service(
        "back", installation.build.definition("back", container("api", port=80)), tasks, offers=["api"]
    )
    await installation.steady(service)
    return service


def minimum(installation: Installation, task: Task) -> int:
    """The number of endpoints from which the task's proxy keeps requests in its zone."""
    (cluster,) = (
        section
        for section in sections(installation, task, "dynamic_active_clusters")
        if "back" in section["cluster"]["name"]
    )
    config: dict[str, Any] = cluster["cluster"]["common_lb_config"]["zone_aware_lb_config"]
    return int(config["min_cluster_size"])


def sections(installation: Installation, task: Task, section: str) -> list[dict[str, Any]]:
    dump = installation.feed.configuration(WorkloadId(task.arn))
    assert dump is not None
    return [entry for config in dump["configs"] for entry in config.get(section, ())]


def unused_subnet(installation: Installation, service: ServiceArn) -> Subnet:
    subnets = {task.interface.subnet for task in installation.build.tasks(service)}
    return next(subnet for subnet in default_vpc(SCOPE).subnets if subnet.id not in subnets)


def context(installation: Installation) -> Context:
    return Context(
        SCOPE,
        installation.clock.now(),
        installation.ids,
        installation.store,
        principal="",
        access_key="",
        request_id="",
    )


def lose(installation: Installation, *changes: Change) -> None:
    """Change the world without a notification to any watcher."""
    for change in changes:
        installation.store.world.apply(change)


async def test_delete_subnet_corrects_the_zone_aware_threshold(installation):
    service = await serve(installation, 2)
    task = installation.build.tasks(service)[0]
    assert minimum(installation, task) == 6
    delete_subnet(context(installation), DeleteSubnetRequest(subnet_id=unused_subnet(installation, service).id))
    await installation.until(lambda: minimum(installation, task) == 4, within=1.0)


async def test_the_resync_repairs_the_mesh_of_a_namespace(installation):
    service = await serve(installation, 2)
    first, second = installation.build.tasks(service)
    lose(installation, Delete(Subnet, unused_subnet(installation, service).id))
    await installation.until(lambda: minimum(installation, first) == 4, within=RESYNC + 1)
    discovery_instance = next(i for i in installation.store.world.discovery_instances if i.task == second.arn)
    lose(installation, Put(replace(discovery_instance, health=Health.UNHEALTHY)))
    address = (second.interface.address, 80)
    assert installation.feed.holders(*address) == {ProxyId(first.arn), ProxyId(second.arn)}
    await installation.until(lambda: not installation.feed.holders(*address), within=RESYNC + 1)
    lose(installation, Delete(DiscoveryInstance, discovery_instance.key))
    lose(installation, *(Delete(type(namespace), namespace.key) for namespace in installation.store.world.namespaces))
    await installation.until(lambda: not installation.feed.holders(first.interface.address, 80), within=RESYNC + 1)


async def test_the_resync_repairs_the_part_of_a_virtual_node(installation):
    await come_up(installation)
    node = WorkloadId(node_arn("front"))
    before = installation.feed.configuration(node)
    (service,) = installation.store.world.virtual_services
    lose(installation, Delete(type(service), service.arn))
    await installation.clock.advance(RESYNC + 1)
    after = installation.feed.configuration(node)
    assert before is not None
    assert after is not None
    assert "back.shop" in str(before)
    assert "back.shop" not in str(after)


async def test_the_resync_repairs_networks_and_public_ports(installation):
    service = await serve(installation, 2)
    world, runtime = installation.store.world, installation.runtime
    first, second = installation.build.tasks(service)
    public = replace(first.interface, public_address="127.83.0.1")
    (group,) = (world.security_groups[name] for name in first.interface.security_groups)
    lose(installation, Put(replace(first, interface=public)), Put(replace(group, rules=group.rules[1:])))
    lose(installation, Put(replace(second, interface=replace(second.interface, address="172.31.9.9"))))
    assert runtime.network_spec != network_spec(world)
    await installation.clock.advance(RESYNC + 1)
    assert runtime.network_spec == network_spec(world)
    assert runtime.published == published_ports(world) != ()
