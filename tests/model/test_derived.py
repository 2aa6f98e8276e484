"""Whatever is changed in whatever table: what is published is what a fresh computation of the world gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from moyai.domain.connect.names import ConnectView
from moyai.domain.derived import Derived
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import Task
from moyai.domain.elb.front import front_workload
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.record import StoredRecord
from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.domain.traced import TracedWorld
from moyai.domain.world import Change, Put, World, table_name
from moyai.kernel.ids import VpcId
from moyai.mesh.app_mesh import AppMeshOptions, compile_workload, workloads
from moyai.mesh.ir import MeshIR
from moyai.mesh.load_balancing import compile_front
from moyai.mesh.service_connect import compile_namespace
from moyai.plan.network.network_spec import NetworkSpecTracker, network_spec
from moyai.plan.network.published_ports import published_ports, published_ports_of, sort_ports
from moyai.plan.service_connect.endpoints import endpoints_in
from moyai.plan.service_connect.live_names import follows_namespace, has_instances
from moyai.plan.task.drain_ports import is_draining
from moyai.ports.store import Key
from moyai.reconcile.derived_values import draining_tasks, shifting_services, workload_meshes
from moyai.reconcile.front_meshes import FrontMeshes
from moyai.reconcile.names import NameChanges
from moyai.reconcile.namespace_meshes import NamespaceMeshes
from moyai.reconcile.observe import is_shifting_traffic
from moyai.store.memory import MemoryStore
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.model.derived_worlds import APP_MESH, CONNECT, deletion, draw_change, records, world_of

T = TypeVar("T")
BROKEN = (KeyError, ValueError, IndexError, StopIteration, AttributeError)
"""What computations raise in worlds that no operation makes; then the last good form stays."""


class Parts(Feed):
    """A feed that keeps what is published."""

    def __init__(self) -> None:
        super().__init__(BootstrapSettings())
        self.shards: dict[str, MeshIR] = {}

    def publish(self, mesh: MeshIR, shard: str = "") -> None:
        self.shards[shard] = mesh
        if mesh == MeshIR():
            del self.shards[shard]


class PublishedValues:
    """Everything that is derived from one world, in step with it."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.world, self.feed = store, store.world, Parts()
        self.network_specs = NetworkSpecTracker(self.world)
        owners = (Task, ContainerInstance, LoadBalancer)
        self.ports = Derived(self.world, published_ports_of, tuple[PublishedPort, ...](), *owners)
        self.draining, self.moving = draining_tasks(self.world), shifting_services(self.world)
        self.names = NameChanges(self.world)
        self.meshes: tuple[Derived[Any, Any], ...] = (
            NamespaceMeshes(self.world, self.feed),
            workload_meshes(self.world, self.feed, AppMeshOptions()),
            self._fronts(),
        )
        self.asked: dict[str, object] = {}
        self.follow([Key(table_name(type(record)), record.key) for record in self.world.records()])

    def _fronts(self) -> Derived[VpcId, MeshIR]:
        meshes = FrontMeshes(self.world, self.feed)
        for balancer in self.world.load_balancers:
            meshes.add(balancer.vpc)
        return meshes

    def change(self, *changes: Change) -> None:
        """Make changes, follow them as the reconciler does, and hold what is published against the world."""
        self.store.apply(changes)
        self.follow([_key(change) for change in changes])
        self.check()

    def follow(self, keys: Iterable[Key]) -> None:
        keys = list(keys)
        for derived in (*self.meshes, self.ports, self.draining, self.moving):
            for key in derived.invalidate(keys):
                _try(derived.update, key)
        _try(self.network_specs.follow, keys)
        params = {key.key for key in keys} | set(self.names.follow(keys)) | set(self.names.take_services())
        self.asked.update((arn, found) for arn, found in _names(self.world).items() if arn in params)

    def check(self) -> None:
        world = self.world
        fresh: dict[str, MeshIR | None] = {n.arn: _try(compile_namespace, world, n.arn) for n in world.namespaces}
        fresh.update((workload, _try(compile_workload, world, workload)) for workload in workloads(world))
        vpcs = {balancer.vpc for balancer in world.load_balancers}
        fresh.update((front_workload(vpc), _try(compile_front, world, vpc)) for vpc in vpcs)
        made = {part: mesh for part, mesh in fresh.items() if mesh is not None}
        assert {part: mesh for part, mesh in self.feed.shards.items() if part in made or part not in fresh} == {
            part: mesh for part, mesh in made.items() if mesh != MeshIR()
        }
        spec, ports = _try(network_spec, world), _try(published_ports, world)
        assert spec in {None, self.network_specs.follow(())}
        assert ports in {None, sort_ports(chain.from_iterable(self.ports.values.values()))}
        assert set(self.draining.values) == {task.arn for task in world.tasks if is_draining(world, task)}
        assert set(self.moving.values) == {
            service.arn for service in world.services if is_shifting_traffic(world, service.arn)
        }
        names = _names(world)
        assert names == {arn: self.asked.get(arn) for arn in names}


def _meshes(world: World) -> list[MeshIR]:
    namespaces = [compile_namespace(world, namespace.arn) for namespace in world.namespaces]
    return namespaces + [compile_workload(world, workload) for workload in workloads(world)]


def _names(world: World) -> Mapping[str, object]:
    """The live names of each task, and the events that each service may have about them."""
    names: dict[str, object] = {}
    for task in world.tasks.by("alive", "yes"):
        if task.view is not None and follows_namespace(world, task.cluster):
            names[task.arn] = _names_of(world, task.view)
    for service in world.services:
        if service.view is not None and service.cluster in world.clusters:
            names[service.arn] = (
                dict(endpoints_in(world, service.view.namespace)),
                follows_namespace(world, service.cluster),
            )
    return names


def _names_of(world: World, view: ConnectView) -> object:
    there = endpoints_in(world, view.namespace, leaving=True)
    arns = {service.arn for service in world.discovery_services.by("namespace", view.namespace)}
    targets = {name.target for name in view.names if name.target in arns and has_instances(world, name.target)}
    return dict(there), targets


def _try(compute: Callable[..., T], *arguments: Any) -> T | None:
    try:
        return compute(*arguments)
    except BROKEN:
        return None


def _key(change: Change) -> Key:
    return Key(table_name(change.record_type), change.key)


def test_every_table_that_is_read_has_records_that_change():
    read: set[str] = set()
    there: set[str] = set()
    for connect, app_mesh in zip(CONNECT, APP_MESH, strict=False):
        world = world_of(connect, app_mesh).world
        there |= {table_name(type(record)) for record in world.records()}
        for compute in (_meshes, _names, network_spec, published_ports):
            read |= {topic[0] for topic in TracedWorld(world).run(lambda seen, run: run(seen), compute)[1]}
    assert read <= there


def test_deleting_a_subnet_changes_the_threshold_of_zone_aware_routing():
    published_values = PublishedValues(world_of("zones.in.yaml", "nothing.in.yaml"))
    for subnet in tuple(published_values.world.subnets):
        published_values.change(deletion(subnet))


@pytest.mark.long
@pytest.mark.parametrize(("connect", "app_mesh"), [("tls-switched-on.in.yaml", "mixed.in.yaml")])
def test_each_record_of_each_table_can_be_deleted_and_restored(connect, app_mesh):
    published_values = PublishedValues(world_of(connect, app_mesh))
    for record in records(published_values.world):
        published_values.change(deletion(record))
        published_values.change(Put(record))


# Not shrunk: that takes minutes, and a failing run is short as it is.
@pytest.mark.long
@settings(max_examples=60, phases=(Phase.reuse, Phase.generate))
@given(st.sampled_from(CONNECT), st.sampled_from(APP_MESH), st.data())
def test_published_values_equal_a_fresh_computation(connect, app_mesh, data):
    published_values = PublishedValues(world_of(connect, app_mesh))
    deleted: list[StoredRecord] = []
    for _ in range(data.draw(st.integers(1, 12), "steps")):
        changes = [
            draw_change(data, published_values.world, deleted) for _ in range(data.draw(st.integers(1, 3), "at once"))
        ]
        published_values.change(*changes)
