"""The state-of-the-world stream, exchange by exchange."""

from __future__ import annotations

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest, DiscoveryResponse

from moyai.xds.server.resource import ResourceType, encode, sotw_response
from moyai.xds.server.sent_versions import SentVersions
from moyai.xds.server.sotw import SotwStream
from tests.unit.xds.streams import NOTHING, reply, request, sent_versions, snapshot

FIRST = snapshot(cluster={"a": "1"}, endpoint={"a": "1"}, listener={"l": "1"}, route={"r": "1"})
SUBSCRIPTIONS = {
    ResourceType.CLUSTER: (),
    ResourceType.ENDPOINT: ("a",),
    ResourceType.LISTENER: (),
    ResourceType.ROUTE: ("r",),
}


def is_synced(stream: SotwStream) -> bool:
    return stream.is_synced


def settled_stream() -> SotwStream:
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


def changed_snapshot(**kinds: dict[str, str]):
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
    resource_bytes = encode("a", cluster)
    message = DiscoveryResponse.FromString(sotw_response(ResourceType.CLUSTER, [resource_bytes.sotw_frame], "v", "7"))
    assert (message.type_url, message.version_info, message.nonce) == (ResourceType.CLUSTER, "v", "7")
    assert [Cluster.FromString(resource.value) for resource in message.resources] == [cluster]
    assert resource_bytes.sotw_frame.obj is resource_bytes.delta_frame


def test_everything_is_sent_to_a_new_proxy():
    stream = SotwStream()
    assert stream.offer(FIRST) == []
    (clusters,) = stream.receive(request(ResourceType.CLUSTER))
    assert sent_versions([clusters]) == [("CLUSTER", {"a": "1"})]
    (endpoints,) = stream.receive(request(ResourceType.ENDPOINT, "a"))
    assert sent_versions([endpoints]) == [("ENDPOINT", {"a": "1"})]
    assert stream.receive(reply(clusters)) == []
    assert stream.receive(reply(endpoints, "a")) == []
    assert sent_versions(stream.receive(request(ResourceType.LISTENER))) == [("LISTENER", {"l": "1"})]
    assert not is_synced(stream)


def test_nothing_is_sent_without_a_snapshot():
    stream = SotwStream()
    assert stream.receive(request(ResourceType.CLUSTER)) == []
    assert sent_versions(stream.offer(FIRST)) == [("CLUSTER", {"a": "1"})]


def test_clusters_are_sent_complete_and_endpoints_by_change():
    both = snapshot(cluster={"a": "1", "b": "1"}, endpoint={"a": "1", "b": "1"}, listener={"l": "1"}, route={"r": "1"})
    stream = settled_stream()
    (clusters,) = stream.offer(both)
    assert sent_versions([clusters]) == [("CLUSTER", {"a": "1", "b": "1"})]
    (endpoints,) = stream.receive(request(ResourceType.ENDPOINT, "a", "b", nonce="2"))
    assert sent_versions([endpoints]) == [("ENDPOINT", {"b": "1"})]


def test_listeners_wait_for_acknowledged_clusters_and_endpoints():
    stream = settled_stream()
    (endpoints,) = stream.offer(changed_snapshot(endpoint={"a": "2"}, listener={"l": "2"}))
    assert sent_versions([endpoints]) == [("ENDPOINT", {"a": "2"})]
    assert sent_versions(stream.receive(answer(endpoints))) == [("LISTENER", {"l": "2"})]


def test_a_changed_cluster_is_sent_with_its_endpoints():
    responses = settled_stream().offer(changed_snapshot(cluster={"a": "2"}))
    assert sent_versions(responses) == [("CLUSTER", {"a": "2"}), ("ENDPOINT", {"a": "1"})]


def test_a_replaced_cluster_stays_until_unreferenced():
    stream = settled_stream()
    following = snapshot(cluster={"b": "1"}, endpoint={"b": "1"}, listener={"l": "2"}, route={"r": "2"})
    (clusters,) = stream.offer(following)
    assert sent_versions([clusters]) == [("CLUSTER", {"a": "1", "b": "1"})]
    (endpoints,) = stream.receive(request(ResourceType.ENDPOINT, "a", "b", nonce="2"))
    assert stream.receive(answer(clusters)) == []
    listeners, routes = stream.receive(reply(endpoints, "a", "b"))
    assert sent_versions([listeners, routes]) == [("LISTENER", {"l": "2"}), ("ROUTE", {"r": "2"})]
    assert stream.receive(answer(listeners)) == []
    (clusters,) = stream.receive(answer(routes))
    assert sent_versions([clusters]) == [("CLUSTER", {"b": "1"})]
    assert stream.receive(answer(clusters)) == []
    assert stream.receive(request(ResourceType.ENDPOINT, "b", nonce="9")) == []
    assert is_synced(stream)


def test_equal_resources_have_equal_versions_on_every_stream():
    first_settled_stream, two = settled_stream(), settled_stream()
    (first,), (second,) = (
        first_settled_stream.offer(changed_snapshot(endpoint={"a": "2"})),
        two.offer(changed_snapshot(endpoint={"a": "2"})),
    )
    assert version(first) == version(second)
    (third,) = first_settled_stream.receive(answer(first)) or first_settled_stream.offer(
        changed_snapshot(endpoint={"a": "3"})
    )
    assert version(third) != version(first)


def accepted_first() -> tuple[SentVersions, dict[ResourceType, str]]:
    """A proxy that has accepted FIRST, and the versions that it reconnects with."""
    accepted_versions, versions = SentVersions(), {}
    stream = SotwStream()
    stream.remember(accepted_versions)
    stream.offer(FIRST)
    for kind, names in SUBSCRIPTIONS.items():
        (response,) = stream.receive(request(kind, *names))
        versions[kind] = version(response)
        stream.receive(answer(response))
    return accepted_versions, versions


def test_a_reconnecting_proxy_is_sent_everything_again():
    given, versions = accepted_first()
    again = SotwStream()
    again.remember(given)
    again.offer(FIRST)
    for kind, names in SUBSCRIPTIONS.items():
        (response,) = again.receive(request(kind, *names, version=versions[kind]))
        assert sent_versions([response]) == [(kind.name, {name: one.version for name, one in FIRST[kind].items()})]
        assert version(response) == versions[kind]
        assert again.receive(answer(response)) == []
    assert is_synced(again)


def test_a_reconnecting_proxy_with_another_version_is_sent_everything():
    stream = SotwStream()
    stream.offer(FIRST)
    (clusters,) = stream.receive(request(ResourceType.CLUSTER, version="old"))
    assert sent_versions([clusters]) == [("CLUSTER", {"a": "1"})]
    (endpoints,) = stream.receive(request(ResourceType.ENDPOINT, "a", version="old"))
    assert set(stream.possible_versions(ResourceType.ENDPOINT)) == {("a", "?old"), ("a", "1")}
    stream.receive(answer(endpoints))
    assert list(stream.possible_versions(ResourceType.ENDPOINT)) == [("a", "1")]


def test_a_reconnecting_proxy_keeps_old_clusters_until_unreferenced():
    given, versions = accepted_first()
    again = SotwStream()
    again.remember(given)
    again.offer(snapshot(cluster={"b": "1"}, endpoint={"b": "1"}, listener={"l": "2"}, route={"s": "1"}))
    (clusters,) = again.receive(request(ResourceType.CLUSTER, version=versions[ResourceType.CLUSTER]))
    assert sent_versions([clusters]) == [("CLUSTER", {"a": "1", "b": "1"})]
    (endpoints,) = again.receive(request(ResourceType.ENDPOINT, "a", version=versions[ResourceType.ENDPOINT]))
    assert sent_versions([endpoints]) == [("ENDPOINT", {"a": "1"})]
    assert again.receive(request(ResourceType.LISTENER, version=versions[ResourceType.LISTENER])) == []
    assert again.receive(request(ResourceType.ROUTE, "r", version=versions[ResourceType.ROUTE])) == []
    (endpoints,) = again.receive(reply(endpoints, "a", "b"))
    assert sent_versions([endpoints]) == [("ENDPOINT", {"b": "1"})]
    assert again.receive(answer(clusters)) == []
    listeners, routes = again.receive(reply(endpoints, "a", "b"))
    assert sent_versions([listeners, routes]) == [("LISTENER", {"l": "2"}), ("ROUTE", {"r": "1"})]
    assert again.receive(answer(listeners)) == []
    (routes,) = again.receive(reply(routes, "s"))
    assert sent_versions([routes]) == [("ROUTE", {"s": "1"})]
    (clusters,) = again.receive(reply(routes, "s"))
    assert sent_versions([clusters]) == [("CLUSTER", {"b": "1"})]


@pytest.mark.parametrize("kind", [ResourceType.ENDPOINT, ResourceType.ROUTE], ids=["endpoints", "routes"])
def test_a_missing_resource_is_answered_empty_once(kind):
    stream = SotwStream()
    stream.offer(FIRST)
    (response,) = stream.receive(request(kind, "local_cluster"))
    assert sent_versions([response]) == [(kind.name, {"local_cluster": NOTHING})]
    assert stream.receive(reply(response, "local_cluster")) == []
    assert stream.offer(changed_snapshot(listener={"l": "2"})) == []


def test_a_missing_secret_is_sent_once_it_exists():
    stream = SotwStream()
    stream.offer(FIRST)
    assert stream.receive(request(ResourceType.SECRET, "s")) == []
    assert sent_versions(stream.offer(changed_snapshot(secret={"s": "1"}))) == [("SECRET", {"s": "1"})]


def test_an_additional_subscription_is_answered():
    stream = settled_stream()
    (response,) = stream.receive(request(ResourceType.ENDPOINT, "a", "b", nonce="2"))
    assert sent_versions([response]) == [("ENDPOINT", {"b": NOTHING})]


def test_a_removed_but_subscribed_resource_is_kept():
    stream = settled_stream()
    assert [kind for kind, _ in sent_versions(stream.offer(changed_snapshot(endpoint={}, route={})))] == []
    assert list(stream.possible_versions(ResourceType.ENDPOINT)) == [("a", "1")]


def test_an_unsubscribed_resource_is_sent_when_requested_again():
    stream = settled_stream()
    assert stream.receive(request(ResourceType.ENDPOINT, nonce="2")) == []
    assert list(stream.possible_versions(ResourceType.ENDPOINT)) == []
    assert stream.offer(changed_snapshot(endpoint={"a": "2"})) == []
    assert sent_versions(stream.receive(request(ResourceType.ENDPOINT, "a", nonce="2"))) == [("ENDPOINT", {"a": "2"})]


def test_a_removed_resource_requested_again_is_empty():
    stream = settled_stream()
    stream.offer(changed_snapshot(endpoint={}))
    stream.receive(request(ResourceType.ENDPOINT, nonce="2"))
    assert sent_versions(stream.receive(request(ResourceType.ENDPOINT, "a", nonce="2"))) == [
        ("ENDPOINT", {"a": NOTHING})
    ]


def test_a_rejected_set_is_reported_and_the_next_one_sent():
    stream = settled_stream()
    (bad,) = stream.offer(changed_snapshot(listener={"l": "bad"}))
    assert stream.receive(answer(bad, "no such port")) == []
    assert (stream.rejection, stream.is_synced) == ("no such port", False)
    (good,) = stream.offer(FIRST)
    assert sent_versions([good]) == [("LISTENER", {"l": "1"})]
    stream.receive(answer(good))
    assert (stream.rejection, stream.is_synced) == (None, True)


def test_a_rejected_resource_is_isolated_from_the_others():
    stream = settled_stream()
    (both,) = stream.offer(changed_snapshot(listener={"l": "bad", "m": "1"}))
    (first,) = stream.receive(answer(both, "no such port"))
    assert sent_versions([first]) == [("LISTENER", {"l": "bad"})]
    (second,) = stream.receive(answer(first, "no such port"))
    assert sent_versions([second]) == [("LISTENER", {"l": "1", "m": "1"})]
    assert stream.receive(answer(second)) == []
    assert stream.rejection == "no such port"


def test_a_stale_acknowledgement_only_updates_subscriptions():
    stream = settled_stream()
    (first,) = stream.offer(changed_snapshot(endpoint={"a": "2", "b": "1"}))
    stream.receive(reply(first, "a"))
    (second,) = stream.offer(changed_snapshot(endpoint={"a": "3", "b": "1"}))
    assert stream.receive(reply(first, "a", "b")) == []
    assert not is_synced(stream)
    assert sent_versions(stream.receive(reply(second, "a", "b"))) == [("ENDPOINT", {"b": "1"})]


def test_listeners_may_be_requested_by_name():
    stream = SotwStream()
    stream.offer(snapshot(listener={"l": "1", "m": "1"}))
    (response,) = stream.receive(request(ResourceType.LISTENER, "m"))
    assert sent_versions([response]) == [("LISTENER", {"m": "1"})]
    stream.receive(reply(response, "m"))
    assert stream.receive(request(ResourceType.LISTENER, nonce="1")) == []
    assert list(stream.possible_versions(ResourceType.LISTENER)) == []


def test_a_wildcard_subscription_may_become_a_list_of_names():
    stream = settled_stream()
    (response,) = stream.receive(request(ResourceType.LISTENER, "m", nonce="3"))
    assert sent_versions([response]) == [("LISTENER", {})]
    assert stream.receive(reply(response, "m")) == []
    assert list(stream.possible_versions(ResourceType.LISTENER)) == []
    assert sent_versions(stream.offer(changed_snapshot(listener={"l": "2", "m": "1"}))) == [("LISTENER", {"m": "1"})]


def test_an_unserved_type_gets_no_response():
    assert SotwStream().receive(DiscoveryRequest(type_url="type.googleapis.com/x.Secret")) == []


def test_an_empty_configuration_is_sent_once():
    stream = SotwStream()
    stream.offer(snapshot())
    (clusters,) = stream.receive(request(ResourceType.CLUSTER))
    assert sent_versions([clusters]) == [("CLUSTER", {})]
    assert stream.receive(request(ResourceType.LISTENER)) == []
    (listeners,) = stream.receive(reply(clusters))
    assert sent_versions([listeners]) == [("LISTENER", {})]
    assert stream.receive(reply(listeners)) == []
    assert is_synced(stream)
    assert stream.offer(snapshot()) == []
