"""The feed: who is sent what, and what is known of whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryResponse
from msgspec.structs import replace

from moyai.domain.world import ProxyState
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import (
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    Member,
    MeshIR,
    MeshService,
    OutboundView,
    OutlierPolicy,
    Protocol,
    ServiceAddress,
    StreamSplit,
    TimeoutPolicy,
    WeightedDestination,
    Workload,
)
from moyai.ports.proxies import ProxyFeed, UnknownProxy
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.feed import Feed
from moyai.xds.server.loopback import LoopbackProxies
from moyai.xds.server.resource import ResourceType
from moyai.xds.server.sotw import SotwStream
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.unit.xds.streams import answer, ask, reply, sent_resources
from tests.unit.xds.streams import request as whole

ONE, TWO = ProxyId("one"), ProxyId("two")
OLD, NEW = Member("a", "10.0.0.1", 80), Member("a", "10.0.0.2", 80)


class Recorder:
    """A sink that keeps what it is sent."""

    def __init__(self) -> None:
        self.responses: list[bytes] = []
        self.is_ended = False

    def send(self, response: bytes) -> None:
        self.responses.append(response)

    def end(self) -> None:
        self.is_ended = True

    def take(self) -> list[bytes]:
        taken, self.responses = self.responses, []
        return taken


def mesh(*members: Member, workloads: tuple[str, ...] = (ONE,), port: int = 15001) -> MeshIR:
    split = StreamSplit((WeightedDestination("db"),), TimeoutPolicy(0, 3600), 3)
    destination = Destination(
        "db", EndpointGroupSource("db"), Protocol.TCP, 1, OutlierPolicy(5, 10, 30, 300, 50), "egress.db"
    )
    view = OutboundView((ServiceAddress("127.255.0.1", 80, "db"),))
    return MeshIR(
        workloads={w: Workload(w, "a", 15000, port, outbound=view) for w in map(WorkloadId, workloads)},
        services={"db": MeshService("db", Protocol.TCP, split, "egress.db")},
        destinations={"db": destination},
        groups={"db": EndpointGroup("db", members)},
    )


@pytest.fixture
def feed():
    return Feed(BootstrapSettings())


def as_port(feed: Feed) -> ProxyFeed:
    return feed


def connect(feed: Feed, proxy: ProxyId = ONE):
    """A proxy that has asked for everything and taken it."""
    sink = Recorder()
    connection = feed.connect(proxy, sink, DeltaStream())
    for request in (ask(ResourceType.CLUSTER), ask(ResourceType.ENDPOINT, "egress/db"), ask(ResourceType.LISTENER)):
        connection.receive(request)
    settle(connection, sink)
    return connection, sink


def settle(connection, sink: Recorder) -> None:
    while sink.responses:
        for response in sink.take():
            connection.receive(answer(response))


async def until(feed: Feed, condition: Callable[[], bool]) -> None:
    changes = feed.changes()
    while not condition():
        await anext(changes)
    await changes.aclose()


def test_changed_members_send_one_endpoint_resource_to_callers(feed):
    feed.publish(mesh(OLD, workloads=(ONE, TWO)))
    _, first = connect(feed, ONE)
    _, second = connect(feed, TWO)
    feed.publish(mesh(OLD, NEW, workloads=(ONE, TWO)))
    (one,), (two,) = first.take(), second.take()
    assert [kind for kind, _, _ in sent_resources([one])] == ["ENDPOINT"]
    assert one == two


def test_an_unchanged_mesh_sends_nothing(feed):
    feed.publish(mesh(OLD))
    _, sink = connect(feed)
    feed.publish(mesh(OLD))
    assert sink.take() == []
    assert feed.states() == {ONE: ProxyState(connected=True, synced=True)}


def test_an_endpoint_is_held_until_its_removal_is_acknowledged(feed):
    feed.publish(mesh(OLD, NEW))
    connection, sink = connect(feed)
    feed.publish(mesh(NEW))
    assert as_port(feed).holders("10.0.0.1", 80) == {ONE}
    assert not feed.states()[ONE].synced
    settle(connection, sink)
    assert feed.holders("10.0.0.1", 80) == frozenset()
    assert feed.holders("10.0.0.2", 80) == {ONE}


def test_an_endpoint_in_flight_is_held(feed):
    feed.publish(mesh(OLD))
    connect(feed)
    feed.publish(mesh(OLD, NEW))
    assert feed.holders("10.0.0.2", 80) == {ONE}


def test_a_disconnected_proxy_holds_its_endpoints_until_it_reconnects(feed):
    feed.publish(mesh(OLD))
    connection, _ = connect(feed)
    connection.close()
    feed.publish(mesh(NEW))
    assert feed.holders("10.0.0.1", 80) == {ONE}
    assert not feed.states()[ONE].connected
    sink = Recorder()
    again = feed.connect(ONE, sink, DeltaStream())
    assert feed.holders("10.0.0.1", 80) == {ONE}
    again.receive(ask(ResourceType.ENDPOINT, "egress/db"))
    settle(again, sink)
    assert feed.holders("10.0.0.1", 80) == frozenset()


def test_an_unknown_version_may_hold_any_endpoint(feed):
    feed.publish(mesh(NEW))
    sink = Recorder()
    connection = feed.connect(ONE, sink, DeltaStream())
    connection.receive(ask(ResourceType.ENDPOINT, "egress/db", has={"egress/db": "unknown"}))
    assert feed.holders("10.9.9.9", 1) == {ONE}
    settle(connection, sink)
    assert feed.holders("10.9.9.9", 1) == frozenset()


def test_a_proxy_of_an_unknown_workload_keeps_its_configuration(feed):
    sink = Recorder()
    connection = feed.connect(ONE, sink, DeltaStream())
    connection.receive(ask(ResourceType.ENDPOINT, "egress/db", has={"egress/db": "unknown"}))
    connection.receive(ask(ResourceType.LISTENER, has={"one/egress": "unknown"}))
    assert sink.take() == []
    feed.publish(mesh(NEW))
    assert [kind for kind, _, _ in sent_resources(sink.take())] == ["ENDPOINT"]


def test_a_removed_workload_holds_nothing(feed):
    feed.publish(mesh(OLD, workloads=(ONE, TWO)))
    first, _ = connect(feed, ONE)
    connect(feed, TWO)
    first.close()
    feed.publish(mesh(OLD, workloads=(TWO,)))
    assert feed.holders("10.0.0.1", 80) == {TWO}
    assert feed.states().keys() == {TWO}


def test_a_second_stream_of_a_workload_ends_the_first(feed):
    feed.publish(mesh(OLD))
    connection, sink = connect(feed)
    connect(feed)
    assert sink.is_ended
    connection.close()
    assert feed.states()[ONE].connected


def test_a_rejection_is_reported_until_the_next_accepted_mesh(feed):
    feed.publish(mesh(OLD))
    connection, sink = connect(feed)
    feed.publish(mesh(OLD, port=1))
    (response,) = sink.take()
    connection.receive(answer(response, "port 1"))
    assert feed.states()[ONE] == ProxyState(connected=True, synced=False, rejection="port 1")
    feed.publish(mesh(OLD))
    settle(connection, sink)
    assert feed.states()[ONE] == ProxyState(connected=True, synced=True)


def test_an_untranslatable_resource_keeps_its_last_good_version(feed):
    feed.publish(mesh(OLD))
    connection, sink = connect(feed)
    feed.publish(mesh(OLD, Member("a", "10.0.0.3", -1)))
    assert sink.take() == []
    assert "egress/db" in str(feed.states()[ONE].rejection)
    assert feed.holders("10.0.0.1", 80) == {ONE}
    feed.publish(mesh(OLD, port=-1))
    assert sink.take() == []
    assert "one" in str(feed.states()[ONE].rejection)
    feed.publish(mesh(NEW))
    settle(connection, sink)
    assert feed.states()[ONE] == ProxyState(connected=True, synced=True)


def test_a_bootstrap_names_its_workload_and_leaves_three_placeholders(feed):
    feed.publish(mesh(OLD))
    text = feed.bootstrap(ONE).decode()
    assert text.count("{run}") == 1
    assert text.count("{xds}") == 1
    assert text.count("{statistics}") == 1
    assert text.count('"one"') == 3
    with pytest.raises(UnknownProxy):
        feed.bootstrap(TWO)


def test_reports_are_remembered_for_published_workloads_only(feed):
    feed.publish(mesh(OLD))
    feed.record_report(ONE, Instant(7))
    feed.record_report(TWO, Instant(7))
    assert feed.states() == {ONE: ProxyState(reported_at=Instant(7))}


async def test_loopback_proxies_accept_everything(feed):
    feed.publish(mesh(OLD, workloads=(ONE, TWO)))
    proxies = LoopbackProxies(feed)
    async with asyncio.timeout(60):
        await proxies.attach(ONE)
        await proxies.attach(ONE)
        await proxies.attach(TWO)
        await until(feed, lambda: all(state.synced for state in feed.states().values()))
        feed.publish(replace(mesh(NEW, workloads=(ONE, TWO))))
        await until(feed, lambda: not feed.holders("10.0.0.1", 80))
        await proxies.detach(ONE)
        assert not feed.states()[ONE].connected
        await proxies.close()
    assert not feed.states()[TWO].connected


async def test_changes_coalesce_and_reach_every_watcher(feed):
    first, second = feed.changes(), feed.changes()
    waiting = [asyncio.ensure_future(anext(c)) for c in (first, second)]
    await asyncio.sleep(0)
    feed.publish(mesh(OLD))
    assert await asyncio.gather(*waiting) == [ONE, ONE]


def test_shards_are_published_and_removed_independently(feed):
    feed.publish(mesh(OLD), "a")
    feed.publish(mesh(OLD, workloads=(TWO,)), "b")
    connect(feed)
    _, sink = connect(feed, TWO)
    assert feed.holders("10.0.0.1", 80) == {ONE, TWO}
    feed.publish(mesh(NEW), "a")
    assert sink.responses == []
    feed.publish(MeshIR(), "a")
    assert feed.holders("10.0.0.1", 80) == {TWO}
    with pytest.raises(UnknownProxy):
        feed.bootstrap(ONE)
    feed.clear()
    assert feed.holders("10.0.0.1", 80) == frozenset()


def shared_mesh(*members: Member, proxies: dict[ProxyId, str], workloads: tuple[str, ...] = ("node",)) -> MeshIR:
    led = {proxy: WorkloadId(workload) for proxy, workload in proxies.items()}
    return replace(mesh(*members, workloads=workloads), proxies=led)


def test_proxies_of_one_workload_share_its_configuration(feed):
    feed.publish(shared_mesh(OLD, proxies={ONE: "node", TWO: "node"}))
    _, first = connect(feed, ONE)
    connection, second = connect(feed, TWO)
    assert feed.workload_of(ONE) == feed.workload_of(TWO) == "node"
    assert feed.states().keys() == {ONE, TWO}
    feed.publish(shared_mesh(NEW, proxies={ONE: "node", TWO: "node"}))
    assert first.responses == second.responses != []
    settle(connection, second)
    assert feed.holders("10.0.0.1", 80) == {ONE}
    assert [feed.states()[proxy].synced for proxy in (ONE, TWO)] == [False, True]


def test_a_proxy_assigned_to_another_workload_gets_its_configuration(feed):
    feed.publish(shared_mesh(OLD, proxies={ONE: "node"}, workloads=("node", "other")))
    _, sink = connect(feed, ONE)
    feed.publish(shared_mesh(OLD, proxies={ONE: "other"}, workloads=("node", "other")))
    assert [(kind, sorted(new), old) for kind, new, old in sent_resources(sink.take())] == [
        ("LISTENER", ["other/egress"], ["node/egress"])
    ]
    assert feed.states().keys() == {ONE, "node"}


def test_an_unassigned_proxy_keeps_its_configuration_and_holds_nothing(feed):
    feed.publish(shared_mesh(OLD, proxies={ONE: "node", TWO: "node"}))
    connection, sink = connect(feed, ONE)
    feed.publish(shared_mesh(OLD, proxies={TWO: "node"}))
    assert sink.responses == []
    assert feed.workload_of(ONE) is None
    assert feed.holders("10.0.0.1", 80) == frozenset()
    assert feed.is_connected(ONE)
    connection.close()
    assert feed.states().keys() == {TWO}


def test_a_proxy_that_connects_before_its_mesh_is_configured_later(feed):
    sink = Recorder()
    connection = feed.connect(ONE, sink, DeltaStream())
    connection.receive(ask(ResourceType.CLUSTER))
    assert sink.take() == []
    feed.publish(shared_mesh(OLD, proxies={ONE: "node"}))
    assert [kind for kind, _, _ in sent_resources(sink.take())] == ["CLUSTER"]


def test_an_endpoint_of_two_shards_is_held_in_both(feed):
    feed.publish(mesh(OLD), "namespace")
    feed.publish(shared_mesh(OLD, proxies={TWO: "node"}), "mesh")
    connect(feed, ONE)
    connection, sink = connect(feed, TWO)
    assert feed.holders("10.0.0.1", 80) == {ONE, TWO}
    feed.publish(shared_mesh(NEW, proxies={TWO: "node"}), "mesh")
    assert feed.holders("10.0.0.1", 80) == {ONE, TWO}
    settle(connection, sink)
    assert feed.holders("10.0.0.1", 80) == {ONE}


def test_an_outdated_proxy_may_hold_any_endpoint(feed):
    feed.publish(mesh(OLD))
    connection, sink = connect(feed)
    for number in range(40):
        feed.publish(mesh(Member("a", f"10.0.1.{number}", 80)))
    assert feed.holders("10.0.0.1", 80) == {ONE}
    settle(connection, sink)
    assert feed.holders("10.0.0.1", 80) == frozenset()
    assert feed.holders("10.0.1.39", 80) == {ONE}


def test_a_proxy_that_rejected_a_version_may_hold_either(feed):
    feed.publish(mesh(OLD))
    connection, sink = connect(feed)
    feed.publish(mesh(NEW))
    (response,) = sink.take()
    connection.receive(answer(response, "no"))
    assert feed.holders("10.0.0.1", 80) == feed.holders("10.0.0.2", 80) == {ONE}
    assert feed.holders("10.0.0.3", 80) == frozenset()


EXTERNAL, NODE = ProxyId("node#1"), WorkloadId("node")


def connect_external(feed: Feed):
    """An external proxy that has asked for everything and taken it."""
    sink = Recorder()
    connection = feed.connect(EXTERNAL, sink, DeltaStream(), NODE)
    for request in (ask(ResourceType.CLUSTER), ask(ResourceType.ENDPOINT, "egress/db"), ask(ResourceType.LISTENER)):
        connection.receive(request)
    settle(connection, sink)
    return connection, sink


def test_an_external_proxy_counts_only_while_it_is_connected(feed):
    feed.publish(shared_mesh(OLD, proxies={ONE: NODE}))
    connection, _ = connect_external(feed)
    assert (feed.workload_of(EXTERNAL), feed.external_proxies(NODE)) == (NODE, {EXTERNAL})
    assert feed.holders("10.0.0.1", 80) == {EXTERNAL}
    feed.publish(shared_mesh(NEW, proxies={ONE: NODE}))
    assert feed.holders("10.0.0.1", 80) == {EXTERNAL}
    connection.close()
    assert feed.holders("10.0.0.1", 80) == frozenset()
    assert feed.states().keys() == {ONE}


def test_an_external_proxy_without_a_workload_keeps_its_configuration(feed):
    feed.publish(shared_mesh(OLD, proxies={}))
    connection, sink = connect_external(feed)
    feed.publish(MeshIR())
    assert (sink.take(), feed.is_connected(EXTERNAL)) == ([], True)
    feed.publish(shared_mesh(NEW, proxies={}))
    assert [kind for kind, _, _ in sent_resources(sink.responses)] == ["ENDPOINT"]
    settle(connection, sink)
    assert feed.holders("10.0.0.2", 80) == {EXTERNAL}


def test_a_reconnecting_external_proxys_versions_are_recognized(feed):
    feed.publish(shared_mesh(OLD, proxies={}))
    sink = Recorder()
    connection = feed.connect(EXTERNAL, sink, SotwStream(), NODE)
    connection.receive(whole(ResourceType.CLUSTER))
    (before,) = sink.take()
    connection.receive(reply(before))
    connection.close()
    feed.publish(MeshIR(workloads={NODE: Workload(NODE, "a", 15000, 15001)}))
    connection = feed.connect(ProxyId("node#2"), sink, SotwStream(), NODE)
    connection.receive(whole(ResourceType.CLUSTER, version=DiscoveryResponse.FromString(before).version_info))
    connection.receive(whole(ResourceType.LISTENER))
    (only_response,) = sink.take()
    connection.receive(reply(only_response))
    (listeners,) = sink.take()
    connection.receive(reply(listeners))
    (after,) = sink.take()
    old, same, new = (DiscoveryResponse.FromString(response).resources for response in (before, only_response, after))
    assert list(same) == list(old)
    assert len(new) < len(old)


def test_a_reconnecting_external_proxy_ends_its_older_stream(feed):
    feed.publish(shared_mesh(OLD, proxies={}))
    connection, sink = connect_external(feed)
    connect_external(feed)
    assert sink.is_ended
    connection.close()
    assert feed.external_proxies(NODE) == {EXTERNAL}
