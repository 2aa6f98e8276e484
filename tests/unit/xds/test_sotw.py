"""The state-of-the-world stream, exchange by exchange."""

from __future__ import annotations

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest, DiscoveryResponse

from moyai.xds.server.resource import ResourceType, encode, sotw_response
from moyai.xds.server.sent_versions import SentVersions
from moyai.xds.server.sotw import SotwStream
from tests.unit.xds.streams import NOTHING, reply, request, snapshot, told

FIRST = snapshot(cluster={"a": "1"}, endpoint={"a": "1"}, listener={"l": "1"}, route={"r": "1"})
SUBSCRIPTIONS = {
    ResourceType.CLUSTER: (),
    ResourceType.ENDPOINT: ("a",),
    ResourceType.LISTENER: (),
    ResourceType.ROUTE: ("r",),
}


def is_synced(stream: SotwStream) -> bool:
    return stream.is_synced


def settled() -> SotwStream:
    """The stream of a proxy that has FIRST."""
    stream = SotwStream()
    stream.offer(FIRST)
    for kind, names in SUBSCRIPTIONS.items():
        pending = stream.receive(request(kind, *names))
        while pending:
            pending = [r for p in pending for r in stream.receive(answer(p))]
    assert is_synced(stream)
    return stream


def answer(response: bytes, refusal: str | None = None) -> DiscoveryRequest:
    kind = ResourceType(DiscoveryResponse.FromString(response).type_url)
    return reply(response, *SUBSCRIPTIONS[kind], refusal=refusal)


def changed(**kinds: dict[str, str]):
    return {
        **FIRST,
        **{
            ResourceType[name.upper()]: snapshot(**{name: found})[ResourceType[name.upper()]]
            for name, found in kinds.items()
        },
    }


def version(response: bytes) -> str:
    return str(DiscoveryResponse.FromString(response).version_info)


def test_a_resource_is_the_same_bytes_in_both_forms():
    cluster = Cluster(name="a", alt_stat_name="b")
    made = encode("a", cluster)
    message = DiscoveryResponse.FromString(sotw_response(ResourceType.CLUSTER, [made.sotw_frame], "v", "7"))
    assert (message.type_url, message.version_info, message.nonce) == (ResourceType.CLUSTER, "v", "7")
    assert [Cluster.FromString(one.value) for one in message.resources] == [cluster]
    assert made.sotw_frame.obj is made.delta_frame


def test_everything_is_sent_to_a_new_proxy():
    stream = SotwStream()
    assert stream.offer(FIRST) == []
    (clusters,) = stream.receive(request(ResourceType.CLUSTER))
    assert told([clusters]) == [("CLUSTER", {"a": "1"})]
    (endpoints,) = stream.receive(request(ResourceType.ENDPOINT, "a"))
    assert told([endpoints]) == [("ENDPOINT", {"a": "1"})]
    assert stream.receive(reply(clusters)) == []
    assert stream.receive(reply(endpoints, "a")) == []
    assert told(stream.receive(request(ResourceType.LISTENER))) == [("LISTENER", {"l": "1"})]
    assert not is_synced(stream)


def test_nothing_is_said_before_there_is_a_snapshot():
    stream = SotwStream()
    assert stream.receive(request(ResourceType.CLUSTER)) == []
    assert told(stream.offer(FIRST)) == [("CLUSTER", {"a": "1"})]


def test_sets_are_whole_and_what_is_asked_for_by_name_is_what_changed():
    both = snapshot(cluster={"a": "1", "b": "1"}, endpoint={"a": "1", "b": "1"}, listener={"l": "1"}, route={"r": "1"})
    stream = settled()
    (clusters,) = stream.offer(both)
    assert told([clusters]) == [("CLUSTER", {"a": "1", "b": "1"})]
    (endpoints,) = stream.receive(request(ResourceType.ENDPOINT, "a", "b", nonce="2"))
    assert told([endpoints]) == [("ENDPOINT", {"b": "1"})]


def test_listeners_wait_until_clusters_and_endpoints_were_taken():
    stream = settled()
    (endpoints,) = stream.offer(changed(endpoint={"a": "2"}, listener={"l": "2"}))
    assert told([endpoints]) == [("ENDPOINT", {"a": "2"})]
    assert told(stream.receive(answer(endpoints))) == [("LISTENER", {"l": "2"})]


def test_a_changed_cluster_brings_its_unchanged_endpoints_along():
    responses = settled().offer(changed(cluster={"a": "2"}))
    assert told(responses) == [("CLUSTER", {"a": "2"}), ("ENDPOINT", {"a": "1"})]


def test_a_cluster_that_is_replaced_stays_until_nothing_points_to_it():
    stream = settled()
    following = snapshot(cluster={"b": "1"}, endpoint={"b": "1"}, listener={"l": "2"}, route={"r": "2"})
    (clusters,) = stream.offer(following)
    assert told([clusters]) == [("CLUSTER", {"a": "1", "b": "1"})]
    (endpoints,) = stream.receive(request(ResourceType.ENDPOINT, "a", "b", nonce="2"))
    assert stream.receive(answer(clusters)) == []
    listeners, routes = stream.receive(reply(endpoints, "a", "b"))
    assert told([listeners, routes]) == [("LISTENER", {"l": "2"}), ("ROUTE", {"r": "2"})]
    assert stream.receive(answer(listeners)) == []
    (clusters,) = stream.receive(answer(routes))
    assert told([clusters]) == [("CLUSTER", {"b": "1"})]
    assert stream.receive(answer(clusters)) == []
    assert stream.receive(request(ResourceType.ENDPOINT, "b", nonce="9")) == []
    assert is_synced(stream)


def test_a_version_is_the_same_on_every_stream_that_has_the_same():
    one, two = settled(), settled()
    (first,), (second,) = one.offer(changed(endpoint={"a": "2"})), two.offer(changed(endpoint={"a": "2"}))
    assert version(first) == version(second)
    (third,) = one.receive(answer(first)) or one.offer(changed(endpoint={"a": "3"}))
    assert version(third) != version(first)


def taken() -> tuple[SentVersions, dict[ResourceType, str]]:
    """What a proxy that has FIRST was given, and the versions that it comes back with."""
    given, versions = SentVersions(), {}
    stream = SotwStream()
    stream.remember(given)
    stream.offer(FIRST)
    for kind, names in SUBSCRIPTIONS.items():
        (response,) = stream.receive(request(kind, *names))
        versions[kind] = version(response)
        stream.receive(answer(response))
    return given, versions


def test_a_proxy_that_comes_back_is_sent_all_that_it_has_once_more():
    given, versions = taken()
    again = SotwStream()
    again.remember(given)
    again.offer(FIRST)
    for kind, names in SUBSCRIPTIONS.items():
        (response,) = again.receive(request(kind, *names, version=versions[kind]))
        assert told([response]) == [(kind.name, {name: one.version for name, one in FIRST[kind].items()})]
        assert version(response) == versions[kind]
        assert again.receive(answer(response)) == []
    assert is_synced(again)


def test_a_proxy_that_comes_back_with_something_else_is_sent_all_of_it():
    stream = SotwStream()
    stream.offer(FIRST)
    (clusters,) = stream.receive(request(ResourceType.CLUSTER, version="old"))
    assert told([clusters]) == [("CLUSTER", {"a": "1"})]
    (endpoints,) = stream.receive(request(ResourceType.ENDPOINT, "a", version="old"))
    assert set(stream.possible_versions(ResourceType.ENDPOINT)) == {("a", "?old"), ("a", "1")}
    stream.receive(answer(endpoints))
    assert list(stream.possible_versions(ResourceType.ENDPOINT)) == [("a", "1")]


def test_a_proxy_that_comes_back_with_an_older_set_keeps_it_until_nothing_points_to_it():
    given, versions = taken()
    again = SotwStream()
    again.remember(given)
    again.offer(snapshot(cluster={"b": "1"}, endpoint={"b": "1"}, listener={"l": "2"}, route={"s": "1"}))
    (clusters,) = again.receive(request(ResourceType.CLUSTER, version=versions[ResourceType.CLUSTER]))
    assert told([clusters]) == [("CLUSTER", {"a": "1", "b": "1"})]
    (endpoints,) = again.receive(request(ResourceType.ENDPOINT, "a", version=versions[ResourceType.ENDPOINT]))
    assert told([endpoints]) == [("ENDPOINT", {"a": "1"})]
    assert again.receive(request(ResourceType.LISTENER, version=versions[ResourceType.LISTENER])) == []
    assert again.receive(request(ResourceType.ROUTE, "r", version=versions[ResourceType.ROUTE])) == []
    (endpoints,) = again.receive(reply(endpoints, "a", "b"))
    assert told([endpoints]) == [("ENDPOINT", {"b": "1"})]
    assert again.receive(answer(clusters)) == []
    listeners, routes = again.receive(reply(endpoints, "a", "b"))
    assert told([listeners, routes]) == [("LISTENER", {"l": "2"}), ("ROUTE", {"r": "1"})]
    assert again.receive(answer(listeners)) == []
    (routes,) = again.receive(reply(routes, "s"))
    assert told([routes]) == [("ROUTE", {"s": "1"})]
    (clusters,) = again.receive(reply(routes, "s"))
    assert told([clusters]) == [("CLUSTER", {"b": "1"})]


@pytest.mark.parametrize("kind", [ResourceType.ENDPOINT, ResourceType.ROUTE], ids=["endpoints", "routes"])
def test_a_name_that_nobody_has_is_answered_with_nothing_and_once(kind):
    stream = SotwStream()
    stream.offer(FIRST)
    (response,) = stream.receive(request(kind, "local_cluster"))
    assert told([response]) == [(kind.name, {"local_cluster": NOTHING})]
    assert stream.receive(reply(response, "local_cluster")) == []
    assert stream.offer(changed(listener={"l": "2"})) == []


def test_a_secret_that_is_not_there_yet_is_waited_for():
    stream = SotwStream()
    stream.offer(FIRST)
    assert stream.receive(request(ResourceType.SECRET, "s")) == []
    assert told(stream.offer(changed(secret={"s": "1"}))) == [("SECRET", {"s": "1"})]


def test_a_name_that_is_wanted_as_well_is_answered():
    stream = settled()
    (response,) = stream.receive(request(ResourceType.ENDPOINT, "a", "b", nonce="2"))
    assert told([response]) == [("ENDPOINT", {"b": NOTHING})]


def test_what_is_gone_is_not_taken_from_who_still_asks_for_it():
    stream = settled()
    assert [kind for kind, _ in told(stream.offer(changed(endpoint={}, route={})))] == []
    assert list(stream.possible_versions(ResourceType.ENDPOINT)) == [("a", "1")]


def test_a_name_no_longer_wanted_is_forgotten_and_sent_when_wanted_again():
    stream = settled()
    assert stream.receive(request(ResourceType.ENDPOINT, nonce="2")) == []
    assert list(stream.possible_versions(ResourceType.ENDPOINT)) == []
    assert stream.offer(changed(endpoint={"a": "2"})) == []
    assert told(stream.receive(request(ResourceType.ENDPOINT, "a", nonce="2"))) == [("ENDPOINT", {"a": "2"})]


def test_what_is_gone_and_was_not_wanted_for_a_while_is_nothing():
    stream = settled()
    stream.offer(changed(endpoint={}))
    stream.receive(request(ResourceType.ENDPOINT, nonce="2"))
    assert told(stream.receive(request(ResourceType.ENDPOINT, "a", nonce="2"))) == [("ENDPOINT", {"a": NOTHING})]


def test_a_refused_set_is_seen_with_its_reason_and_the_next_one_is_sent():
    stream = settled()
    (bad,) = stream.offer(changed(listener={"l": "bad"}))
    assert stream.receive(answer(bad, "no such port")) == []
    assert (stream.rejection, stream.is_synced) == ("no such port", False)
    (good,) = stream.offer(FIRST)
    assert told([good]) == [("LISTENER", {"l": "1"})]
    stream.receive(answer(good))
    assert (stream.rejection, stream.is_synced) == (None, True)


def test_one_that_is_refused_is_found_and_does_not_keep_the_others_from_the_proxy():
    stream = settled()
    (both,) = stream.offer(changed(listener={"l": "bad", "m": "1"}))
    (first,) = stream.receive(answer(both, "no such port"))
    assert told([first]) == [("LISTENER", {"l": "bad"})]
    (second,) = stream.receive(answer(first, "no such port"))
    assert told([second]) == [("LISTENER", {"l": "1", "m": "1"})]
    assert stream.receive(answer(second)) == []
    assert stream.rejection == "no such port"


def test_an_answer_to_an_older_response_counts_for_nothing_but_its_names_do():
    stream = settled()
    (first,) = stream.offer(changed(endpoint={"a": "2", "b": "1"}))
    stream.receive(reply(first, "a"))
    (second,) = stream.offer(changed(endpoint={"a": "3", "b": "1"}))
    assert stream.receive(reply(first, "a", "b")) == []
    assert not is_synced(stream)
    assert told(stream.receive(reply(second, "a", "b"))) == [("ENDPOINT", {"b": "1"})]


def test_listeners_may_be_asked_for_by_name():
    stream = SotwStream()
    stream.offer(snapshot(listener={"l": "1", "m": "1"}))
    (response,) = stream.receive(request(ResourceType.LISTENER, "m"))
    assert told([response]) == [("LISTENER", {"m": "1"})]
    stream.receive(reply(response, "m"))
    assert stream.receive(request(ResourceType.LISTENER, nonce="1")) == []
    assert list(stream.possible_versions(ResourceType.LISTENER)) == []


def test_who_wanted_all_listeners_may_come_to_want_some():
    stream = settled()
    (response,) = stream.receive(request(ResourceType.LISTENER, "m", nonce="3"))
    assert told([response]) == [("LISTENER", {})]
    assert stream.receive(reply(response, "m")) == []
    assert list(stream.possible_versions(ResourceType.LISTENER)) == []
    assert told(stream.offer(changed(listener={"l": "2", "m": "1"}))) == [("LISTENER", {"m": "1"})]


def test_a_type_that_is_not_served_is_not_answered():
    assert SotwStream().receive(DiscoveryRequest(type_url="type.googleapis.com/x.Secret")) == []


def test_a_new_proxy_is_told_that_there_is_nothing_for_it_and_told_once():
    stream = SotwStream()
    stream.offer(snapshot())
    (clusters,) = stream.receive(request(ResourceType.CLUSTER))
    assert told([clusters]) == [("CLUSTER", {})]
    assert stream.receive(request(ResourceType.LISTENER)) == []
    (listeners,) = stream.receive(reply(clusters))
    assert told([listeners]) == [("LISTENER", {})]
    assert stream.receive(reply(listeners)) == []
    assert is_synced(stream)
    assert stream.offer(snapshot()) == []
