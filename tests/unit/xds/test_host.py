"""The host's Envoy in the feed: what it gets for its workloads, and what it says of each of them."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.host_proxy import HOST_PROXY
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import EndpointGroup, InboundPort, Member, MeshIR, Protocol, StdoutLog, TimeoutPolicy, Workload
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.feed import Feed
from moyai.xds.server.resource import ResourceType
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.unit.xds.streams import answer, ask, sent_resources
from tests.unit.xds.test_feed import Recorder
from tests.unit.xds.test_feed import mesh as calling_mesh

CALLER, TARGET = WorkloadId("task/caller"), WorkloadId("task/target")
MEMBER = Member("a", "10.0.0.1", 80, workload=TARGET, workload_port=80)
LISTENERS = {CALLER: [f"{CALLER}/egress"], TARGET: [f"{TARGET}/ingress", f"{TARGET}/pass:80"]}


def mesh(*hosted: WorkloadId, members: tuple[Member, ...] = (MEMBER,)) -> MeshIR:
    """A caller and its target, of which those in ``hosted`` are the host's."""
    called = calling_mesh(*members, workloads=(CALLER,))
    port = InboundPort(80, Protocol.TCP, TimeoutPolicy(0, 3600), 1, "ingress.db")
    workloads = {**called.workloads, TARGET: Workload(TARGET, "a", 15000, 15001, (port,))}
    return MeshIR(
        workloads={workload: workloads[workload] for workload in hosted},
        services=called.services,
        destinations=called.destinations,
        groups={"db": EndpointGroup("db", members)},
        hosted=frozenset(hosted),
    )


class Envoy:
    """The host's Envoy: takes what it is sent, except listeners in ``refuses``."""

    def __init__(self, feed: Feed, refuses: set[str] | None = None) -> None:
        self.refuses = refuses or set()
        self.listeners: set[str] = set()
        self.sink = Recorder()
        self.connection = feed.connect(HOST_PROXY, self.sink, DeltaStream())
        for request in (ask(ResourceType.CLUSTER), ask(ResourceType.ENDPOINT, "egress/db"), ask(ResourceType.LISTENER)):
            self.connection.receive(request)
        self.settle()

    def settle(self) -> None:
        while responses := self.sink.take():
            for response in responses:
                ((kind, sent, removed),) = sent_resources([response])
                refused = self.refuses & sent.keys()
                if kind == ResourceType.LISTENER.name:
                    self.listeners = (self.listeners | sent.keys()) - refused - set(removed)
                self.connection.receive(answer(response, "the port is in use" if refused else None))


@pytest.fixture
def feed():
    feed = Feed(BootstrapSettings())
    feed.serve_host()
    return feed


def report(feed: Feed, envoy: Envoy, *instants: int) -> None:
    """The Envoy's statistics come in at these instants."""
    for at in instants:
        feed.record_report(HOST_PROXY, Instant(at))
        envoy.settle()


def state(feed: Feed, workload: WorkloadId):
    return feed.state(ProxyId(workload))


def test_one_stream_has_the_listeners_of_all_hosted_workloads(feed):
    feed.publish(mesh(CALLER, TARGET))
    envoy = Envoy(feed)
    assert envoy.listeners == {*LISTENERS[CALLER], *LISTENERS[TARGET]}
    assert state(feed, CALLER).synced
    assert state(feed, TARGET).synced
    assert feed.is_connected(ProxyId(CALLER))
    assert feed.has_acked_routes_to(ProxyId(CALLER), {("127.255.0.1", 80)})


def test_a_workload_is_synced_when_its_own_resources_are_acknowledged(feed):
    feed.publish(mesh(CALLER))
    envoy = Envoy(feed)
    feed.publish(mesh(CALLER, TARGET))
    assert not state(feed, TARGET).synced
    envoy.settle()
    assert state(feed, TARGET).synced


def test_a_rejected_listener_concerns_its_workload_alone(feed):
    feed.publish(mesh(CALLER))
    envoy = Envoy(feed)
    envoy.refuses = {f"{TARGET}/ingress"}
    feed.publish(mesh(CALLER, TARGET))
    envoy.settle()
    report(feed, envoy, 5, 10, 15)
    assert state(feed, TARGET).rejection == "the port is in use"
    assert state(feed, TARGET).lacks_listener
    assert not state(feed, TARGET).synced
    assert state(feed, CALLER).synced
    assert not state(feed, CALLER).lacks_listener


def test_a_listener_that_could_not_be_opened_is_sent_again_before_it_is_missing(feed):
    feed.publish(mesh(CALLER))
    envoy = Envoy(feed)
    envoy.refuses = set(LISTENERS[TARGET])
    feed.publish(mesh(CALLER, TARGET))
    envoy.settle()
    report(feed, envoy, 5, 6, 7, 10, 11)
    assert state(feed, TARGET).rejection == "the port is in use"
    assert not state(feed, TARGET).lacks_listener
    envoy.refuses = set()
    report(feed, envoy, 15)
    assert state(feed, TARGET).synced
    assert not state(feed, TARGET).lacks_listener


def test_a_listener_that_is_rejected_each_time_is_not_sent_for_ever(feed):
    feed.publish(mesh(CALLER, TARGET))
    envoy = Envoy(feed, refuses={f"{TARGET}/ingress"})
    report(feed, envoy, 5, 10, 15)
    assert state(feed, TARGET).lacks_listener
    feed.record_report(HOST_PROXY, Instant(20))
    assert envoy.sink.take() == []


def test_a_listener_that_is_kept_when_its_change_is_rejected_is_not_missing(feed):
    feed.publish(mesh(CALLER))
    envoy = Envoy(feed)
    envoy.refuses = {f"{CALLER}/egress"}
    changed = replace(mesh(CALLER).workloads[CALLER], access_log=StdoutLog(json=False, query=False))
    feed.publish(replace(mesh(CALLER), workloads={CALLER: changed}))
    envoy.settle()
    report(feed, envoy, 5, 10, 15)
    assert state(feed, CALLER).rejection == "the port is in use"
    assert not state(feed, CALLER).lacks_listener


def test_listeners_that_are_kept_when_their_changes_are_rejected_together_are_not_missing(feed):
    feed.publish(mesh(CALLER, TARGET))
    envoy = Envoy(feed)
    envoy.refuses = {f"{CALLER}/egress", f"{TARGET}/ingress"}
    published, log = mesh(CALLER, TARGET), StdoutLog(json=False, query=False)
    changed = {key: replace(workload, access_log=log) for key, workload in published.workloads.items()}
    feed.publish(replace(published, workloads=changed))
    envoy.settle()
    report(feed, envoy, 5, 10, 15)
    for workload in (CALLER, TARGET):
        assert state(feed, workload).rejection == "the port is in use"
        assert not state(feed, workload).lacks_listener


def test_a_workload_that_left_is_known_until_its_listeners_are_removed(feed):
    feed.publish(mesh(CALLER, TARGET))
    envoy = Envoy(feed)
    feed.publish(mesh(CALLER, members=()))
    assert state(feed, TARGET) is not None
    assert not state(feed, TARGET).synced
    envoy.settle()
    assert state(feed, TARGET) is None
    assert envoy.listeners == set(LISTENERS[CALLER])


def test_an_envoy_that_has_ended_is_not_waited_for(feed):
    feed.publish(mesh(CALLER, TARGET))
    envoy = Envoy(feed)
    feed.publish(mesh(CALLER, members=()))
    envoy.connection.close()
    assert state(feed, TARGET) is None
    assert not state(feed, CALLER).connected


def test_the_host_holds_an_endpoint_until_it_acknowledges_its_absence(feed):
    feed.publish(mesh(CALLER, TARGET))
    envoy = Envoy(feed)
    assert feed.holders("10.0.0.1", 80) == {HOST_PROXY}
    feed.publish(mesh(CALLER, TARGET, members=()))
    assert feed.holders("10.0.0.1", 80) == {HOST_PROXY}
    envoy.settle()
    assert feed.holders("10.0.0.1", 80) == frozenset()


def test_an_envoy_keeps_what_it_has_until_all_shards_are_published_anew():
    feed, sink = Feed(BootstrapSettings()), Recorder()
    connection = feed.connect(HOST_PROXY, sink, DeltaStream())
    connection.receive(ask(ResourceType.CLUSTER, has={"earlier": "1"}))
    connection.receive(ask(ResourceType.LISTENER, has={f"{TARGET}/ingress": "earlier"}))
    feed.publish(mesh(CALLER), "first")
    assert sink.take() == []
    feed.publish(mesh(TARGET, members=()), "second")
    feed.serve_host()
    removed: list[str] = []
    while responses := sink.take():
        for response in responses:
            removed += next(iter(sent_resources([response])))[2]
            connection.receive(answer(response))
    assert removed == ["earlier"]
    assert state(feed, TARGET).synced


def test_an_envoy_that_started_anew_has_nothing_from_the_stream_before(feed):
    feed.publish(mesh(CALLER, TARGET))
    Envoy(feed).connection.close()
    feed.publish(mesh())
    connection = feed.connect(HOST_PROXY, Recorder(), DeltaStream())
    assert state(feed, TARGET) is not None
    connection.receive(ask(ResourceType.CLUSTER))
    connection.receive(ask(ResourceType.LISTENER))
    assert state(feed, TARGET) is None


def test_the_shard_is_forgotten_with_its_workloads(feed):
    feed.publish(mesh(CALLER, TARGET))
    envoy = Envoy(feed)
    feed.publish(MeshIR())
    envoy.settle()
    assert envoy.listeners == set()
    assert feed.published_mesh() == MeshIR()
    assert feed.holders("10.0.0.1", 80) == frozenset()


def test_the_bootstrap_is_of_the_host_and_names_no_workload(feed):
    node = json.loads(feed.bootstrap(HOST_PROXY))["node"]
    assert node == {"id": HOST_PROXY, "cluster": "moyai"}
