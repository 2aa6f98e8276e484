"""Tasks with App Mesh proxies, under a control plane that may die after any action."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.environment import KeyValuePair
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.ecs.task_definition import ContainerDependency, DependencyCondition, TaskDefinition
from moyai.domain.world import Put
from moyai.kernel.ids import ProxyId, ServiceArn
from moyai.testing.records import PROXY, with_app_mesh_proxy
from moyai.testing.world import CHECK, NAMESPACE, container
from tests.golden.appmesh.meshes import node_arn, world_of
from tests.sim.control import Installation
from tests.sim.cuts import check_cuts, first_cuts, play_uncut

STRIDE = 8
LISTENER = {"portMapping": {"port": 8080, "protocol": "http"}}
CASE: dict[str, Any] = {
    "virtualNodes": {
        "back": {
            "listeners": [LISTENER],
            "serviceDiscovery": {"awsCloudMap": {"namespaceName": NAMESPACE, "serviceName": "back"}},
        },
        "front": {"backends": [{"virtualService": {"virtualServiceName": "back.shop"}}]},
    },
    "virtualServices": {"back.shop": {"provider": {"virtualNode": {"virtualNodeName": "back"}}}},
}


def definition(installation: Installation, node: str, *ports: int) -> TaskDefinition:
    """An application that waits for its proxy."""
    stands_for = (KeyValuePair("APPMESH_RESOURCE_ARN", f"mesh/shop/virtualNode/{node}"),)
    proxy = replace(container(PROXY), user="1337", environment=stands_for, health_check=CHECK)
    waits = (ContainerDependency(PROXY, DependencyCondition.HEALTHY),)
    return with_app_mesh_proxy(
        installation.build, installation.build.definition(node, replace(container(), depends_on=waits), proxy), *ports
    )


async def come_up(installation: Installation) -> tuple[ServiceArn, ServiceArn]:
    """A backend and who calls it."""
    installation.store.apply([Put(record) for record in world_of(CASE).records()])
    back = installation.build.service("back", definition(installation, "back", 8080), 2)
    installation.build.discover(back, installation.build.registry("back", 10))
    await installation.steady(back)
    front = installation.build.service("front", definition(installation, "front"), 1)
    await installation.steady(front)
    return back, front


def assigned_workloads(installation: Installation, service: ServiceArn) -> set[str | None]:
    """The workloads of the proxies of a service's tasks, if they have acknowledged everything."""
    proxies = [ProxyId(task.arn) for task in installation.build.tasks(service)]
    states = [installation.feed.state(proxy) for proxy in proxies]
    if not all(state is not None and state.synced for state in states):
        return set()
    return {installation.feed.workload_of(proxy) for proxy in proxies}


def knows(installation: Installation, service: ServiceArn) -> set[ProxyId]:
    """Whose proxies may send to the service's tasks."""
    tasks = installation.build.tasks(service)
    return {proxy for task in tasks for proxy in installation.feed.holders(task.interface.address, 8080)}


async def test_task_proxies_get_their_nodes_configuration_and_callers_get_endpoints(installation):
    back, front = await come_up(installation)
    await installation.until(lambda: assigned_workloads(installation, back) == {node_arn("back")})
    await installation.until(lambda: assigned_workloads(installation, front) == {node_arn("front")})
    (caller,) = installation.build.tasks(front)
    assert knows(installation, back) == {ProxyId(caller.arn)}
    assert await installation.plans_left() == []


async def test_a_task_stops_after_its_callers_dropped_it_and_its_proxy_stops_last(installation):
    back, front = await come_up(installation)
    (caller,) = installation.build.tasks(front)
    await installation.until(lambda: knows(installation, back) == {ProxyId(caller.arn)})
    victim = installation.build.tasks(back)[0]
    installation.build.stop(victim.arn)
    ended: list[str] = []

    def has_stopped() -> bool:
        task = installation.build.world.tasks[victim.arn]
        if task.last_status is TaskStatus.STOPPING:
            assert installation.feed.holders(victim.interface.address, 8080) == frozenset()
        ended.extend(c.name for c in task.containers if c.finished_at is not None and c.name not in ended)
        return bool(task.stopped)

    await installation.until(has_stopped)
    assert ended == ["app", PROXY]


async def rolling(installation: Installation) -> None:
    """The backend is deployed anew while it is called, loses a proxy, and its node gets another listener."""
    back, _ = await come_up(installation)
    installation.build.deploy(back, definition(installation, "back", 8080))
    await installation.until(lambda: not installation.store.world.services[back].deployments[1:])
    await installation.steady(back)
    victim = installation.build.tasks(back)[0]
    installation.runtime.end_container(victim.id, PROXY)
    await installation.until(lambda: installation.store.world.tasks[victim.arn].stopped)
    await installation.steady(back)


async def ending(installation: Installation) -> dict[str, object]:
    """The remaining records, without drawn names."""
    await installation.clock.advance(120)
    world = installation.store.world
    alive = [t for t in world.tasks if not t.stopped]
    return {
        "alive": Counter((t.service, t.last_status, t.task_definition) for t in alive),
        "sandboxes": set(await installation.runtime.observe()) == {t.id for t in alive},
        "led": Counter(installation.feed.workload_of(ProxyId(t.arn)) for t in alive),
        "known": {len(installation.feed.holders(t.interface.address, 8080)) for t in alive},
        "left": await installation.plans_left(),
    }


@pytest.mark.parametrize("first", first_cuts(STRIDE))
async def test_a_crash_after_any_action_reaches_the_same_end(first):
    _, expected = await play_uncut(rolling, ending)
    assert expected["led"] == {node_arn("back"): 2, node_arn("front"): 1}
    await check_cuts(rolling, ending, first, STRIDE, effects_once=True)
