"""Service Connect against drawn configurations: what is accepted, Envoy accepts; what changes, proxies follow."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.connect.certificate import ServerCertificate
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.own_tags import OWN_TAGS
from moyai.domain.world import Change, Delete, table_name
from moyai.kernel.ids import ProxyId, ServiceArn, WorkloadId
from moyai.kernel.secret import Secret
from moyai.mesh.service_connect import compile_mesh
from moyai.plan.cloudmap.task_registration import deregister, register
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.ports.store import Key
from moyai.reconcile.namespace_meshes import NamespaceMeshes
from moyai.store.memory import MemoryStore
from moyai.xds.server.cache import SnapshotCache
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.feed import Feed
from moyai.xds.server.resource import ResourceType
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.golden.mesh.worlds import with_certificates
from tests.golden.xds.test_xds import refusal
from tests.model.connect_inputs import PORTS, ServiceInput, service_input, tags
from tests.unit.api.ecs.client import ARN, EcsClient, container
from tests.unit.xds.streams import BY_NAME, Proxy

SERVICES = range(4)


class ConnectModel(EcsClient):
    """One cluster and two namespaces; every service runs the one task definition."""

    store: KeyedStore

    def __init__(self) -> None:
        super().__init__()
        self.store = KeyedStore()
        self.call("CreateCluster", clusterName="default")
        for name in ("one", "two"):
            self.namespace(name)
        ports = [
            {"name": name, "containerPort": port} | ({} if protocol is None else {"appProtocol": protocol})
            for name, (port, protocol) in PORTS.items()
        ]
        self.definition(containerDefinitions=[container(portMappings=ports)])

    def ask(self, number: int, wanted: ServiceInput, namespace: str) -> None:
        """Create the service, or update it; its tags are what is wanted."""
        connect = wanted.connect | {"namespace": namespace}
        listed = [{"key": key, "value": value} for key, value in wanted.tags.items()]
        known = self.world.services.get(arn(number))
        if known is None or known.status is ServiceStatus.INACTIVE:
            self.service(f"s{number}", serviceConnectConfiguration=connect, tags=listed)
        else:
            self.call("UpdateService", service=f"s{number}", serviceConnectConfiguration=connect)

    def start(self, number: int, status: TaskStatus) -> None:
        """A task of the service's newest deployment; reachable by name once it is RUNNING."""
        service = self.world.services[arn(number)]
        definition = self.world.task_definitions[service.primary.task_definition]
        request = LaunchRequest(
            service.cluster,
            definition,
            "",
            service=service.arn,
            deployment=service.primary.id,
            view=service.primary.view,
        )
        task = replace(launch(self.world, request, self.now, self.ids), last_status=status)
        self.put(task)
        if status is TaskStatus.RUNNING:
            self.store.apply(register(self.world, task, definition, self.now))

    def certify(self, number: int, serial: str) -> None:
        """Certificates, in mere words, for what the service's newest deployment offers with TLS."""
        service = self.world.services[arn(number)]
        view = service.primary.view
        for offer in () if view is None else view.offers:
            if offer.authority is not None:
                subject = f"{offer.discovery_name}, {serial}"
                self.put(
                    ServerCertificate(
                        service=service.arn,
                        discovery_service=offer.discovery_service,
                        authority=offer.authority,
                        name=f"{offer.discovery_name}.one",
                        chain=f"certificate of {subject}",
                        private=Secret(f"key of {subject}"),
                        roots=(f"root above {subject}",),
                        serial=serial,
                        issued_at=self.now,
                        not_after=self.now,
                        renew_at=self.now,
                    )
                )


class KeyedStore(MemoryStore):
    """Remembers what changed."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: set[Key] = set()

    def apply(self, changes):
        super().apply(changes)
        self.keys |= {_key(change) for change in changes}

    def take_changed(self) -> set[Key]:
        found, self.keys = self.keys, set()
        return found


def _key(change: Change) -> Key:
    return Key(table_name(change.record_type), change.key)


def arn(number: int) -> ServiceArn:
    return ServiceArn(f"{ARN}service/default/s{number}")


@pytest.mark.long
@settings(max_examples=6, phases=(Phase.reuse, Phase.generate))  # Envoy names what it refuses; shrinking takes minutes
@given(wanted=st.tuples(*(service_input(number) for number in range(12))))
def test_envoy_accepts_every_accepted_configuration(wanted):
    town = ConnectModel()
    for number, one in enumerate(wanted):
        town.ask(number, one, "one")
    town.ask(len(wanted), ServiceInput({"enabled": True}, {}), "one")
    for number in range(len(wanted) + 1):
        town.start(number, TaskStatus.RUNNING)
        town.certify(number, "1")
    with TemporaryDirectory() as folder:
        assert refusal(compile_mesh(with_certificates(town.world)), Path(folder)) == ""


class Wire:
    """A proxy and its stream, without a network."""

    def __init__(self, feed: Feed, task: Task) -> None:
        self.proxy = Proxy()
        self._out: deque[bytes] = deque()
        self._connection = feed.connect(ProxyId(task.arn), self, DeltaStream())
        for request in self.proxy.first():
            self._connection.receive(request)

    def send(self, response: bytes) -> None:
        self._out.append(response)

    def end(self) -> None:
        raise AssertionError("nobody else is this proxy")

    def read(self, secrets: set[str]) -> None:
        """Ask for the secrets that clusters and listeners name; this proxy doesn't look inside them itself."""
        for request in self.proxy.want(ResourceType.SECRET, secrets):
            self._connection.receive(request)
        self.settle()

    def settle(self) -> None:
        while self._out:
            for request in self.proxy.acknowledge(self._out.popleft()):
                self._connection.receive(request)


class MeshMachine(RuleBasedStateMachine):
    """Everything that changes the mesh, in any order, some of it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.town = ConnectModel()
        self.feed = Feed(BootstrapSettings())
        self.broadcast = NamespaceMeshes(self.town.world, self.feed)
        self.wires: dict[str, Wire] = {}
        self.steps = 0

    @property
    def alive(self) -> list[Task]:
        return sorted((t for t in self.town.world.tasks if not t.stopped), key=lambda t: t.arn)

    @initialize(called=service_input(0))
    def begin(self, called):
        self.town.ask(0, called, "one")
        self.town.ask(1, ServiceInput({"enabled": True}, {}), "one")
        for number in (0, 0, 1):
            self.town.start(number, TaskStatus.RUNNING)
        self.follow()

    @rule(number=st.sampled_from(SERVICES), data=st.data(), namespace=st.sampled_from(["one", "two"]))
    def configure(self, number, data, namespace):
        known = self.town.world.services.get(arn(number))
        if known is None or known.status is not ServiceStatus.DRAINING:
            self.town.ask(number, data.draw(service_input(number)), namespace)

    @precondition(lambda self: len(self.town.world.services) > 0)
    @rule(data=st.data(), changed=tags())
    def tag(self, data, changed):
        service = data.draw(st.sampled_from([s.arn for s in self.town.world.services]))
        if changed and self.town.world.services[service].status is not ServiceStatus.INACTIVE:
            listed = [{"key": key, "value": value} for key, value in changed.items()]
            self.town.call("TagResource", resourceArn=service, tags=listed)

    @precondition(lambda self: len(self.town.world.services) > 0)
    @rule(data=st.data(), keys=st.sets(st.sampled_from(sorted(OWN_TAGS["service"])), min_size=1))
    def untag(self, data, keys):
        service = data.draw(st.sampled_from([s.arn for s in self.town.world.services]))
        if self.town.world.services[service].status is not ServiceStatus.INACTIVE:
            self.town.call("UntagResource", resourceArn=service, tagKeys=sorted(keys))

    @precondition(lambda self: len(self.town.world.services) > 0)
    @rule(data=st.data(), serial=st.sampled_from("123"))
    def certify(self, data, serial):
        service = data.draw(st.sampled_from([s.name for s in self.town.world.services]))
        self.town.certify(int(service.removeprefix("s")), serial)

    @precondition(lambda self: len(self.town.world.services) > 0)
    @rule(data=st.data(), status=st.sampled_from([TaskStatus.PENDING, TaskStatus.RUNNING]))
    def start(self, data, status):
        service = data.draw(st.sampled_from([s.name for s in self.town.world.services]))
        self.town.start(int(service.removeprefix("s")), status)

    @precondition(lambda self: len(self.alive) > 0)
    @rule(data=st.data(), status=st.sampled_from([TaskStatus.RUNNING, TaskStatus.DEACTIVATING, TaskStatus.STOPPED]))
    def move(self, data, status):
        task = data.draw(st.sampled_from(self.alive))
        self.town.store.apply(deregister(self.town.world, task))
        self.town.put(replace(task, last_status=status))

    @precondition(lambda self: len(self.town.world.services) > 0)
    @rule(data=st.data(), status=st.sampled_from([ServiceStatus.DRAINING, ServiceStatus.INACTIVE]))
    def delete(self, data, status):
        service = data.draw(st.sampled_from(list(self.town.world.services)))
        self.town.put(replace(service, status=status))

    @precondition(lambda self: len(self.town.world.discovery_instances) > 0)
    @rule(data=st.data())
    def lose_an_instance(self, data):
        instance = data.draw(st.sampled_from(list(self.town.world.discovery_instances)))
        self.town.store.apply([Delete(DiscoveryInstance, instance.key)])

    def follow(self):
        self.broadcast.follow(self.town.store.take_changed())
        for task in self.alive:
            if task.view is not None and task.arn not in self.wires:
                self.wires[task.arn] = Wire(self.feed, task)
        fresh = self.fresh()
        for workload, wire in self.wires.items():
            wire.settle()
            wire.read(set((fresh.snapshot(WorkloadId(workload)) or {}).get(ResourceType.SECRET, {})))

    def fresh(self) -> SnapshotCache:
        snapshot_cache = SnapshotCache()
        snapshot_cache.update(compile_mesh(self.town.world))
        return snapshot_cache

    @invariant()
    def proxies_have_what_a_fresh_translation_gives(self):
        self.steps += 1
        if self.steps % 3 == 0:  # then two changes come at once
            return
        self.follow()
        fresh = self.fresh()
        for workload in fresh.mesh.workloads:
            snapshot = fresh.snapshot(workload)
            proxy = self.wires[workload].proxy if workload in self.wires else None
            assert snapshot is not None
            assert proxy is not None
            for kind, resources in snapshot.items():
                wanted = {name: resource.version for name, resource in resources.items()}
                if kind in BY_NAME:
                    wanted = {name: version for name, version in wanted.items() if name in proxy.wants[kind]}
                assert proxy.has[kind] == wanted, kind

    def teardown(self):
        self.steps = 0
        self.proxies_have_what_a_fresh_translation_gives()


# Not shrunk: that takes minutes, and a failing run is short as it is.
MeshMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=25, phases=(Phase.reuse, Phase.generate))
TestMesh = MeshMachine.TestCase
