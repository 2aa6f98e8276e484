"""Whom a task that leaves waits for."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.appmesh.identity import identity_of
from moyai.domain.ecs.load_balancer import AdvancedConfiguration, ServiceLoadBalancer
from moyai.domain.ecs.task import Container, ContainerStatus, Task, TaskStatus
from moyai.domain.ecs.traffic import ServiceTraffic, TrafficShare
from moyai.domain.elb.front import front_proxy, front_workload
from moyai.domain.world import Put, Rerouting
from moyai.kernel.ids import ContainerArn, DeploymentId, Pool, ProxyId
from moyai.mesh.ir import Member
from moyai.mesh.load_balancing import compile_front
from moyai.plan.task.drain_ports import ports_known_to_others
from moyai.reconcile.observe import Observer, observe_service
from moyai.reconcile.ports import ReconcilerPorts
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.load_balancers import listener, load_balancer, rule, target_group
from moyai.testing.world import SCOPE, Builder, container
from moyai.xds.server.feed import Feed
from moyai.xds.server.resource import ResourceType
from moyai.xds.translate import names
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.unit.plan.tasks import schedule
from tests.unit.xds.shop_mesh import records
from tests.unit.xds.streams import ask
from tests.unit.xds.test_feed import connect, settle, shared_mesh

PORT, OTHER = 8080, 9090


class LeavingTask:
    """A task that leaves, and one with an App Mesh proxy that runs."""

    def __init__(self, *, offers: tuple[str, ...] | None = None, registered: bool = True) -> None:
        clock = ManualClock()
        self.store = MemoryStore(records())
        self.feed = Feed(BootstrapSettings())
        self.build = Builder(self.store, clock)
        self.ports = ReconcilerPorts(self.store, SimRuntime(clock), self.feed, clock, SeededIds())
        self.observer = Observer(self.ports)
        self.definition = self.build.definition("s", container("app", port=PORT), container("other", port=OTHER))
        service = self.build.service("back", self.definition, offers=offers)
        if registered:
            self.build.discover(service, self.build.registry("back", 60))
        schedule(self.build, service)
        self.leaving = self._put(self.build.tasks(service)[0], last_status=TaskStatus.DEACTIVATING)
        caller = self.build.service("front", self.definition)
        schedule(self.build, caller)
        proxy = Container(ContainerArn("envoy"), "envoy", is_proxy=True, last_status=ContainerStatus.RUNNING)
        standing = {"identity": identity_of("mesh/shop/virtualNode/front", SCOPE), "containers": (proxy,)}
        self.caller = ProxyId(self._put(self.build.tasks(caller)[0], **standing).arn)

    def _put(self, task: Task, **changes: Any) -> Task:
        changed_task = replace(task, **changes)
        self.store.apply([Put(changed_task)])
        return changed_task

    def route_to(self, *addresses: str) -> None:
        """Have the App Mesh proxy's configuration lead to these."""
        members = (Member("a", address, OTHER) for address in addresses)
        self.feed.publish(shared_mesh(*members, proxies={self.caller: "node"}), "mesh")

    async def waits_for(self) -> frozenset[ProxyId]:
        seen = await self.observer.observe_task(self.leaving.arn)
        return seen.drains[self.leaving.id].waiting_on


@pytest.mark.parametrize("offers", [None, ("app",)], ids=["Cloud Map", "Service Connect and Cloud Map"])
async def test_a_task_in_cloud_map_waits_for_mesh_proxies_that_have_its_endpoint(offers):
    town = LeavingTask(offers=offers)
    town.route_to(town.leaving.interface.address)
    connection, sink = connect(town.feed, town.caller)
    assert await town.waits_for() == {town.caller}
    town.route_to("10.9.9.9")
    assert await town.waits_for() == {town.caller}
    settle(connection, sink)
    assert await town.waits_for() == frozenset()


async def test_a_disconnected_mesh_proxy_may_have_the_endpoint():
    town = LeavingTask()
    town.route_to("10.9.9.9")
    assert await town.waits_for() == {town.caller}
    connect(town.feed, town.caller)
    assert await town.waits_for() == frozenset()


@pytest.mark.parametrize(("registered", "ports"), [(True, (PORT, OTHER)), (False, (PORT,))])
def test_service_connect_publishes_offered_ports_and_cloud_map_every_port(registered, ports):
    town = LeavingTask(offers=("app",), registered=registered)
    assert ports_known_to_others(town.leaving, town.definition) == ports


async def test_a_shift_by_listener_rules_waits_for_the_load_balancers_proxy():
    town = LeavingTask()
    blue, green = target_group(SCOPE, "blue"), target_group(SCOPE, "green")
    at = listener(SCOPE)
    production = rule(at, blue.arn, green.arn)
    town.store.apply([Put(record) for record in (load_balancer(SCOPE), at, blue, green, production)])
    advanced = AdvancedConfiguration(green.arn, production.arn)
    service = town.store.world.services[town.leaving.service or ""]
    balanced = replace(service.primary, load_balancers=(ServiceLoadBalancer(blue.arn, "app", PORT, advanced),))
    pools = (TrafficShare(Pool(""), 500), TrafficShare(Pool("7"), 500))
    other = replace(balanced, id=DeploymentId("ecs-svc/7"), pool=Pool("7"))
    town.store.apply([Put(replace(service, deployments=(other, balanced), traffic=ServiceTraffic(pools)))])
    front, vpc = front_proxy(blue.vpc), blue.vpc

    def rerouting():
        return observe_service(town.ports, service.arn).reroutings[service.arn]

    assert rerouting() == Rerouting(published=False, waiting_on=frozenset({front}))
    town.feed.publish(compile_front(town.store.world, vpc), front_workload(vpc))
    assert rerouting() == Rerouting(published=True, waiting_on=frozenset({front}))
    connection, sink = connect(town.feed, front)
    mesh = town.feed.published_mesh(front_workload(vpc))
    connection.receive(ask(ResourceType.ENDPOINT, *map(names.endpoints, mesh.groups)))
    connection.receive(ask(ResourceType.ROUTE, *map(names.egress_routes, mesh.services)))
    settle(connection, sink)
    assert rerouting() == Rerouting()
    town.store.apply([Put(rule(at, green.arn, blue.arn))])
    assert rerouting() == Rerouting(published=False)
