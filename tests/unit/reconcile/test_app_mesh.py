"""The shards that are compiled again when something changes in a mesh, and those that are not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.appmesh.virtual_node import VirtualNodeSpec
from moyai.domain.appmesh.virtual_router import RouteSpec
from moyai.domain.ecs.environment import KeyValuePair
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.ecs.task_definition import ContainerDefinition
from moyai.domain.world import Put
from moyai.kernel.ids import WorkloadId
from moyai.mesh.app_mesh import compile_workload, workloads
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.reconcile.loop import Reconciler
from moyai.reconcile.ports import ReconcilerPorts
from moyai.runtime.sim.runtime import SimRuntime
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import Builder
from tests.golden.appmesh.meshes import gateway_arn, node_arn, route_arn, router_arn, service_arn, spec_of, world_of
from tests.unit.reconcile.recorded_feed import PublishedShards, RecordingFeed, holding

LISTENER = {"portMapping": {"port": 8080, "protocol": "http"}}


def node(name: str, *backends: str) -> dict[str, Any]:
    return {
        "listeners": [LISTENER],
        "serviceDiscovery": {"awsCloudMap": {"namespaceName": "shop", "serviceName": name}},
        "backends": [{"virtualService": {"virtualServiceName": backend}} for backend in backends],
    }


CASE = {
    "virtualNodes": {
        "front": node("front", "catalog", "missing"),
        "catalog": node("catalog", "stock"),
        "stock": node("stock"),
        "stock-2": node("stock-2"),
        "stranger": node("stranger"),
    },
    "virtualRouters": {"stock": {"listeners": [LISTENER]}},
    "routes": {
        "stock": {
            "all": {
                "httpRoute": {
                    "match": {"prefix": "/"},
                    "action": {"weightedTargets": [{"virtualNode": "stock", "weight": 1}]},
                }
            }
        }
    },
    "virtualServices": {
        "catalog": {"provider": {"virtualNode": {"virtualNodeName": "catalog"}}},
        "stock": {"provider": {"virtualRouter": {"virtualRouterName": "stock"}}},
    },
    "virtualGateways": {"edge": {"listeners": [LISTENER]}},
    "gatewayRoutes": {
        "edge": {
            "all": {
                "httpRoute": {
                    "match": {"prefix": "/"},
                    "action": {"target": {"virtualService": {"virtualServiceName": "stock"}}},
                }
            }
        }
    },
    "cloudMap": {"shop": {"stock": [{"AWS_INSTANCE_IPV4": "172.31.0.1"}], "front": [], "catalog": []}},
}


def task_of(place: PublishedShards, stands_for: str) -> Task:
    """A task whose proxy says so, not yet on record."""
    build = Builder(place.store)
    said = (KeyValuePair("APPMESH_RESOURCE_ARN", stands_for),)
    proxy = ContainerDefinition("envoy", "example.com/aws-appmesh-envoy:v1.29", environment=said)
    request = LaunchRequest(build.cluster(), build.definition("app", proxy), "app")
    place.catch_up()
    return launch(place.store.world, request, build.clock.now(), build.ids)


@pytest.fixture
def shards():
    return PublishedShards(holding(world_of(CASE).records()))


@pytest.fixture
def world(shards):
    return shards.store.world


def test_every_workload_is_compiled_at_first(shards, world):
    assert sorted(shards.feed.heard) == ["catalog", "edge", "front", "stock", "stock-2", "stranger"]
    assert shards.feed.shards == {str(w): compile_workload(world, w) for w in workloads(world)}


def test_a_virtual_node_affects_itself_and_its_callers(shards, world):
    virtual_node = world.virtual_nodes[node_arn("catalog")]
    assert shards.put(replace(virtual_node, version=2)) == ["catalog", "front"]


def test_a_virtual_service_affects_its_callers(shards, world):
    assert shards.put(replace(world.virtual_services[service_arn("stock")], version=2)) == ["catalog", "edge"]


def test_routers_and_routes_affect_callers_of_their_services(shards, world):
    assert shards.put(replace(world.virtual_routers[router_arn("stock")], version=2)) == ["catalog", "edge"]
    assert shards.put(replace(world.routes[route_arn("stock", "all")], version=2)) == ["catalog", "edge"]


def test_a_new_route_affects_callers_of_its_router(shards, world):
    old = world.routes[route_arn("stock", "all")]
    assert shards.put(replace(old, arn=route_arn("stock", "new"), name="new")) == ["catalog", "edge"]


def test_a_cloud_map_instance_affects_callers_of_its_service(shards, world):
    instance = next(iter(world.discovery_instances))
    assert shards.put(replace(instance, attributes={"AWS_INSTANCE_IPV4": "172.31.0.9"})) == ["catalog", "edge"]
    assert shards.delete(instance) == ["catalog", "edge"]
    assert shards.put(instance) == ["catalog", "edge"]


def test_a_routes_new_target_affects_its_callers(shards, world):
    other = world.virtual_nodes[node_arn("stock-2")]
    assert shards.put(replace(other, version=2)) == ["stock-2"]
    targets = [{"virtualNode": "stock-2", "weight": 1}]
    spec = {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": targets}}}
    shards.put(replace(world.routes[route_arn("stock", "all")], spec=spec_of(RouteSpec, spec)))
    assert shards.put(replace(other, version=3)) == ["catalog", "edge", "stock-2"]
    assert shards.put(replace(world.virtual_nodes[node_arn("stock")], version=2)) == ["stock"]


def test_a_missing_resource_affects_its_callers_once_created(shards, world):
    before = world.virtual_services[service_arn("catalog")]
    assert shards.put(replace(before, arn=service_arn("missing"), name="missing")) == ["front"]
    outbound = shards.feed.shards[node_arn("front")].workloads[WorkloadId(node_arn("front"))].outbound
    assert [host.name for port in outbound.ports for host in port.routing] == ["catalog", "missing"]


def test_the_mesh_affects_all_its_workloads(shards, world):
    mesh = next(iter(world.meshes))
    assert shards.put(replace(mesh, version=2)) == ["catalog", "edge", "front", "stock", "stock-2", "stranger"]


def test_a_deleted_virtual_node_has_no_shard(shards, world):
    stranger = world.virtual_nodes[node_arn("stranger")]
    assert shards.delete(stranger) == ["stranger"]
    assert stranger.arn not in shards.feed.shards
    assert shards.put(stranger) == ["stranger"]
    assert shards.feed.shards[stranger.arn].workloads


async def test_a_shard_that_fails_to_compile_is_retried_without_delaying_others():
    clock, store, feed = ManualClock(), holding(world_of(CASE).records()), RecordingFeed()
    feed.broken = {node_arn("catalog")}
    ports = ReconcilerPorts(store, SimRuntime(clock), feed, clock, SeededIds())
    running = asyncio.create_task(Reconciler(ports).run())
    await clock.settle()
    made = {str(w): compile_workload(store.world, w) for w in workloads(store.world)}
    assert feed.shards == {part: mesh for part, mesh in made.items() if part not in feed.broken}
    feed.broken = set()
    store.apply([Put(replace(store.world.virtual_nodes[node_arn("stranger")], version=2))])
    await clock.settle()
    assert feed.shards == {str(w): compile_workload(store.world, w) for w in workloads(store.world)}
    running.cancel()


def test_a_task_affects_its_proxys_workload(shards, world):
    task = task_of(shards, "mesh/shop/virtualNode/stock")
    assert shards.put(task) == ["stock"]
    assert shards.feed.shards[node_arn("stock")].proxies == {task.arn: node_arn("stock")}
    assert shards.put(replace(task, last_status=TaskStatus.STOPPED)) == ["stock"]
    assert shards.feed.shards[node_arn("stock")].proxies == {}


def test_a_task_may_exist_before_its_workload(shards):
    task = task_of(shards, "mesh/shop/virtualGateway/new")
    assert shards.put(task) == []
    gateway = shards.store.world.virtual_gateways[gateway_arn("edge")]
    assert shards.put(replace(gateway, arn=gateway_arn("new"), name="new")) == ["new"]
    assert shards.feed.shards[gateway_arn("new")].proxies == {task.arn: gateway_arn("new")}


def test_a_virtual_gateway_affects_itself(shards, world):
    assert shards.put(replace(world.virtual_gateways[gateway_arn("edge")], version=2)) == ["edge"]


def test_the_published_mesh_equals_a_fresh_compilation(shards, world):
    shards.put(replace(world.virtual_nodes[node_arn("stock")], spec=spec_of(VirtualNodeSpec, node("stock", "catalog"))))
    shards.delete(world.virtual_services[service_arn("catalog")])
    assert shards.feed.shards == {str(w): compile_workload(world, w) for w in workloads(world)}


@pytest.mark.parametrize("size", [10, 1000])
def test_a_change_is_as_small_in_a_large_mesh(size):
    case = {
        "virtualNodes": {f"n{i}": node(f"n{i}", f"s{i - 1}", f"s{i + 1}") for i in range(size)},
        "virtualServices": {f"s{i}": {"provider": {"virtualNode": {"virtualNodeName": f"n{i}"}}} for i in range(size)},
    }
    place = PublishedShards(holding(world_of(case).records()))
    changed_virtual_node = replace(place.store.world.virtual_nodes[node_arn("n5")], version=2)
    assert place.put(changed_virtual_node) == ["n4", "n5", "n6"]
