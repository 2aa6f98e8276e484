"""The delta stream, exchange by exchange."""

from __future__ import annotations

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.resource import ResourceType
from tests.unit.xds.streams import answer, ask, sent_resources, snapshot

FIRST = snapshot(cluster={"a": "1"}, endpoint={"a": "1"}, listener={"l": "1"}, route={"r": "1"})


def is_synced(stream: DeltaStream) -> bool:
    return stream.is_synced


def refusal_of(stream: DeltaStream) -> str | None:
    return stream.rejection


def settled_stream(stream: DeltaStream) -> DeltaStream:
    """The stream of a proxy that has FIRST."""
    stream.offer(FIRST)
    for request in (
        ask(ResourceType.CLUSTER),
        ask(ResourceType.ENDPOINT, "a"),
        ask(ResourceType.LISTENER),
        ask(ResourceType.ROUTE, "r"),
    ):
        pending = stream.receive(request)
        while pending:
            pending = [r for p in pending for r in stream.receive(answer(p))]
    assert is_synced(stream)
    return stream


def test_everything_is_sent_to_a_new_proxy():
    stream = DeltaStream()
    assert stream.offer(FIRST) == []
    (clusters,) = stream.receive(ask(ResourceType.CLUSTER))
    assert sent_resources([clusters]) == [("CLUSTER", {"a": "1"}, [])]
    (endpoints,) = stream.receive(ask(ResourceType.ENDPOINT, "a"))
    assert sent_resources([endpoints]) == [("ENDPOINT", {"a": "1"}, [])]
    assert stream.receive(answer(clusters)) == []
    assert stream.receive(answer(endpoints)) == []
    assert sent_resources(stream.receive(ask(ResourceType.LISTENER))) == [("LISTENER", {"l": "1"}, [])]
    assert not is_synced(stream)


def test_listeners_wait_for_acknowledged_clusters_and_endpoints():
    stream = settled_stream(DeltaStream())
    (endpoints,) = stream.offer(
        snapshot(cluster={"a": "1"}, endpoint={"a": "2"}, listener={"l": "2"}, route={"r": "1"})
    )
    assert sent_resources([endpoints]) == [("ENDPOINT", {"a": "2"}, [])]
    assert sent_resources(stream.receive(answer(endpoints))) == [("LISTENER", {"l": "2"}, [])]


def test_a_changed_cluster_is_sent_with_its_endpoints():
    stream = settled_stream(DeltaStream())
    responses = stream.offer({**FIRST, ResourceType.CLUSTER: snapshot(cluster={"a": "2"})[ResourceType.CLUSTER]})
    assert sent_resources(responses) == [("CLUSTER", {"a": "2"}, []), ("ENDPOINT", {"a": "1"}, [])]


def test_a_cluster_is_removed_after_its_references():
    stream = settled_stream(DeltaStream())
    (listeners,) = stream.offer(snapshot(route={"r": "1"}))
    assert sent_resources([listeners])[0][0] == "ENDPOINT"
    (listeners,) = stream.receive(answer(listeners))
    assert sent_resources([listeners]) == [("LISTENER", {}, ["l"])]
    assert sent_resources(stream.receive(answer(listeners))) == [("CLUSTER", {}, ["a"])]


def test_changes_during_a_response_follow_its_acknowledgement():
    stream = settled_stream(DeltaStream())
    (first,) = stream.offer({**FIRST, ResourceType.ENDPOINT: snapshot(endpoint={"a": "2"})[ResourceType.ENDPOINT]})
    assert stream.offer({**FIRST, ResourceType.ENDPOINT: snapshot(endpoint={"a": "3"})[ResourceType.ENDPOINT]}) == []
    assert set(stream.possible_versions(ResourceType.ENDPOINT)) == {("a", "1"), ("a", "2")}
    (second,) = stream.receive(answer(first))
    assert sent_resources([second]) == [("ENDPOINT", {"a": "3"}, [])]
    stream.receive(answer(second))
    assert list(stream.possible_versions(ResourceType.ENDPOINT)) == [("a", "3")]


def test_a_rejected_version_is_not_sent_again():
    stream = settled_stream(DeltaStream())
    (bad,) = stream.offer({**FIRST, ResourceType.LISTENER: snapshot(listener={"l": "bad"})[ResourceType.LISTENER]})
    assert stream.receive(answer(bad, "no such port")) == []
    assert refusal_of(stream) == "no such port"
    assert not is_synced(stream)
    (good,) = stream.offer(FIRST)
    assert sent_resources([good]) == [("LISTENER", {"l": "1"}, [])]
    stream.receive(answer(good))
    assert refusal_of(stream) is None
    assert is_synced(stream)


def test_after_a_rejection_either_version_is_possible():
    stream = settled_stream(DeltaStream())
    (bad,) = stream.offer({**FIRST, ResourceType.ENDPOINT: snapshot(endpoint={"a": "bad"})[ResourceType.ENDPOINT]})
    stream.receive(answer(bad, "no"))
    assert set(stream.possible_versions(ResourceType.ENDPOINT)) == {("a", "1"), ("a", "bad")}


def test_rejected_resources_are_sent_one_by_one():
    stream = settled_stream(DeltaStream())
    (response,) = stream.offer(
        {**FIRST, ResourceType.LISTENER: snapshot(listener={"l": "bad", "m": "1"})[ResourceType.LISTENER]}
    )
    (first,) = stream.receive(answer(response, "no such port"))
    assert sent_resources([first]) == [("LISTENER", {"l": "bad"}, [])]
    (second,) = stream.receive(answer(first, "no such port"))
    assert sent_resources([second]) == [("LISTENER", {"m": "1"}, [])]
    assert stream.receive(answer(second)) == []
    assert stream.rejection == "no such port"


def test_a_reconnecting_up_to_date_proxy_is_sent_nothing():
    stream = DeltaStream()
    stream.offer(FIRST)
    for kind, names in (
        (ResourceType.CLUSTER, ()),
        (ResourceType.ENDPOINT, ("a",)),
        (ResourceType.LISTENER, ()),
        (ResourceType.ROUTE, ("r",)),
    ):
        has = dict.fromkeys(FIRST[kind], "1")
        assert stream.receive(ask(kind, *names, has=has)) == []
    assert is_synced(stream)


def test_a_reconnecting_proxy_gets_changes_and_removals():
    stream = DeltaStream()
    stream.offer(snapshot(listener={"new": "1", "same": "1"}))
    responses = stream.receive(ask(ResourceType.LISTENER, has={"same": "1", "old": "1"}))
    assert sent_resources(responses) == [("LISTENER", {"new": "1"}, ["old"])]


def test_a_reconnecting_proxy_keeps_clusters_until_its_listeners_are_known():
    stream = DeltaStream()
    stream.offer(snapshot(cluster={"same": "1"}, listener={"l": "2"}))
    assert stream.receive(ask(ResourceType.CLUSTER, has={"same": "1", "old": "1"})) == []
    (listeners,) = stream.receive(ask(ResourceType.LISTENER, has={"l": "1"}))
    assert sent_resources([listeners]) == [("LISTENER", {"l": "2"}, [])]
    assert sent_resources(stream.receive(answer(listeners))) == [("CLUSTER", {}, ["old"])]


def test_a_missing_resource_is_reported_as_removed():
    stream = DeltaStream()
    stream.offer(FIRST)
    assert sent_resources(stream.receive(ask(ResourceType.ENDPOINT, "nowhere"))) == [("ENDPOINT", {}, ["nowhere"])]


def test_a_resource_requested_again_is_sent_again():
    stream = settled_stream(DeltaStream())
    assert sent_resources(stream.receive(ask(ResourceType.ENDPOINT, "a"))) == [("ENDPOINT", {"a": "1"}, [])]


def test_an_unsubscribed_resource_is_forgotten():
    stream = settled_stream(DeltaStream())
    stream.receive(DeltaDiscoveryRequest(type_url=ResourceType.ENDPOINT, resource_names_unsubscribe=["a"]))
    assert list(stream.possible_versions(ResourceType.ENDPOINT)) == []
    assert stream.offer({**FIRST, ResourceType.ENDPOINT: snapshot(endpoint={"a": "2"})[ResourceType.ENDPOINT]}) == []


def test_a_stale_acknowledgement_is_ignored():
    stream = settled_stream(DeltaStream())
    (first,) = stream.offer({**FIRST, ResourceType.ENDPOINT: snapshot(endpoint={"a": "2"})[ResourceType.ENDPOINT]})
    stream.receive(answer(first))
    (second,) = stream.offer(FIRST)
    assert stream.receive(answer(first)) == []
    assert not is_synced(stream)
    stream.receive(answer(second))
    assert is_synced(stream)


def test_an_unserved_type_gets_no_response():
    assert DeltaStream().receive(DeltaDiscoveryRequest(type_url="type.googleapis.com/x.Secret")) == []


def test_an_empty_configuration_is_sent_once():
    stream = DeltaStream()
    stream.offer(snapshot())
    (clusters,) = stream.receive(ask(ResourceType.CLUSTER))
    assert sent_resources([clusters]) == [("CLUSTER", {}, [])]
    assert stream.receive(ask(ResourceType.LISTENER)) == []
    (listeners,) = stream.receive(answer(clusters))
    assert sent_resources([listeners]) == [("LISTENER", {}, [])]
    assert stream.receive(answer(listeners)) == []
    assert is_synced(stream)
    assert stream.offer(snapshot()) == []
