"""The shards of namespaces follow the world, and an endpoint costs the endpoints of its service."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.cloudmap.service import INSTANCE_IPV4, INSTANCE_PORT, DiscoveryInstance
from moyai.domain.record import StoredRecord
from moyai.domain.world import Change, Delete, Put, World, table_name
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DiscoveryServiceArn, InstanceId, NamespaceArn, NamespaceId
from moyai.mesh.ir import MeshIR
from moyai.mesh.service_connect import compile as compiler
from moyai.mesh.service_connect import compile_namespace
from moyai.reconcile import namespace_meshes
from moyai.reconcile.namespace_meshes import NamespaceMeshes
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.model.derived_worlds import CONNECT, world_of


class RecordingFeed(Feed):
    """A feed that keeps what is published."""

    def __init__(self) -> None:
        super().__init__(BootstrapSettings())
        self.published: list[tuple[str, MeshIR]] = []

    def publish(self, mesh: MeshIR, shard: str = "") -> None:
        self.published.append((shard, mesh))


class Place:
    """A world with its shards, and what was compiled since ``take_compiled``."""

    def __init__(self, monkeypatch) -> None:
        self.store, self.feed = world_of(CONNECT[0], "nothing.in.yaml"), RecordingFeed()
        self.compiled: list[str] = []
        for name in ("compile_callers", "compile_endpoints"):
            compute = getattr(compiler, name)
            monkeypatch.setattr(namespace_meshes, name, self._recorded(compute))
        self.meshes = NamespaceMeshes(self.world, self.feed)
        self.meshes.follow([(table_name(type(record)), record.key) for record in self.world.records()])
        self.take_compiled()

    @property
    def world(self) -> World:
        return self.store.world

    def change(self, *changes: Change) -> None:
        self.store.apply(changes)
        self.meshes.follow([(table_name(change.record_type), change.key) for change in changes])

    def put(self, record: StoredRecord) -> None:
        self.change(Put(record))

    def take_compiled(self) -> list[str]:
        taken, self.compiled = self.compiled, []
        return taken

    def _recorded(self, compute):
        def record_and_compute(world, key):
            self.compiled.append(key)
            return compute(world, key)

        return record_and_compute


def called_service(place: Place) -> DiscoveryServiceArn:
    """A service that tasks can call and that has instances."""
    targets = {name.target for task in place.world.tasks if task.view is not None for name in task.view.names}
    return next(arn for arn in sorted(targets) if place.world.discovery_instances.by("service", arn))


def test_an_endpoint_that_leaves_compiles_the_endpoints_of_its_service_alone(monkeypatch):
    place = Place(monkeypatch)
    service = called_service(place)
    namespace = place.world.discovery_services[service].namespace
    instance = place.world.discovery_instances.by("service", service)[0]
    place.change(Delete(DiscoveryInstance, instance.key))
    assert place.take_compiled() == [service]
    shard, mesh = place.feed.published[-1]
    assert (shard, mesh) == (namespace, compile_namespace(place.world, namespace))


def test_a_resync_compiles_every_part(monkeypatch):
    place = Place(monkeypatch)
    service = called_service(place)
    namespace = place.world.discovery_services[service].namespace
    published = len(place.feed.published)
    place.meshes.update(namespace)
    assert {namespace, service} <= set(place.take_compiled())
    assert len(place.feed.published) == published, "nothing has changed"


def test_a_service_that_no_task_calls_any_more_is_not_compiled(monkeypatch):
    place = Place(monkeypatch)
    service = called_service(place)
    for task in tuple(place.world.tasks):
        if task.view is not None:
            names = tuple(name for name in task.view.names if name.target != service)
            place.put(replace(task, view=replace(task.view, names=names)))
    place.take_compiled()
    attributes = {INSTANCE_IPV4: "172.31.0.98", INSTANCE_PORT: "80"}
    place.put(DiscoveryInstance(service, InstanceId("late"), attributes, Instant(0)))
    assert place.take_compiled() == []


def test_no_service_of_another_namespace_is_called(monkeypatch):
    place = Place(monkeypatch)
    service = place.world.discovery_services[called_service(place)]
    former = place.world.namespaces[service.namespace]
    other = replace(former, arn=NamespaceArn(f"{former.arn}0"), id=NamespaceId(f"{former.id}0"), name="other")
    place.put(other)
    place.put(replace(service, namespace=other.arn))
    assert place.feed.published[-1] == (former.arn, compile_namespace(place.world, former.arn))
    assert all(service.id not in name for name in place.feed.published[-1][1].services)
    place.put(service)
    assert place.feed.published[-1] == (former.arn, compile_namespace(place.world, former.arn))
    assert any(service.id in name for name in place.feed.published[-1][1].groups)


def test_a_namespace_that_is_deleted_is_published_as_empty(monkeypatch):
    place = Place(monkeypatch)
    namespace = place.world.discovery_services[called_service(place)].namespace
    place.change(Delete(type(place.world.namespaces[namespace]), namespace))
    assert place.feed.published[-1] == (namespace, MeshIR())
    assert namespace not in place.meshes
