"""The stream: names of what changed, nothing of what is secret, a word each five seconds, and an end."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from moyai.console.events import MAX_KEYS, MAX_LISTENERS, MAX_LISTENERS_OF_LOGIN, Events
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.elb.target_group import Target
from moyai.domain.s3.env_file import EnvFile
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import AccountId, ClusterArn, Region, S3ObjectArn
from moyai.kernel.scope import Scope
from moyai.kernel.secret import Secret
from moyai.store.memory import MemoryStore
from moyai.testing.clock import EPOCH
from moyai.testing.load_balancers import load_balancer, put_group_behind_listener, target_group
from tests.unit.xds import shop_mesh

HOME = Scope(AccountId("123456789012"), Region("us-east-1"))


@pytest.fixture
def store():
    return MemoryStore([cluster("old")])


@pytest.fixture
def events(store, clock):
    return Events(store, clock)


def cluster(name, region="us-east-1"):
    return Cluster(ClusterArn(f"arn:aws:ecs:{region}:123456789012:cluster/{name}"), name, EPOCH)


def listen(events, scope=HOME, allowed=lambda: True):
    return aiter(events.answer(scope, allowed).body)


async def next_event(stream, clock, seconds=1.0):
    """The next event, for which so much time passes at most."""
    coming = asyncio.ensure_future(anext(stream, b""))
    await clock.advance(seconds)
    return await asyncio.wait_for(coming, 60)


def keys(event):
    kind, _, data = event.decode().partition("\n")
    assert kind == "event: changed"
    return msgspec.json.decode(data.removeprefix("data: "))


async def test_the_stream_begins_with_hello_and_then_names_changed_keys(events, store, clock):
    stream = listen(events)
    assert await next_event(stream, clock) == b"event: hello\ndata: {}\n\n"
    store.apply([Put(cluster("shop")), Put(cluster("elsewhere", "eu-west-1"))])
    arn = cluster("shop").arn
    assert keys(await next_event(stream, clock)) == {
        "more": False,
        "keys": [{"kind": "cluster", "cluster": "shop", "id": arn}],
    }
    store.apply([Delete(Cluster, arn)])
    assert keys(await next_event(stream, clock))["keys"][0]["id"] == arn


async def test_changed_meshes_and_their_resources_are_named(events, store, clock):
    stream = listen(events)
    await next_event(stream, clock)
    store.apply([Put(record) for record in shop_mesh.records()])
    told = keys(await next_event(stream, clock))["keys"]
    assert {(key["kind"], key["id"].rpartition("/")[2]) for key in told} == {
        ("mesh", "shop"),
        ("virtual-gateway", "way"),
        ("virtual-node", "back"),
        ("virtual-node", "front"),
    }


async def test_load_balancers_and_what_belongs_to_them_are_named(events, store, clock):
    stream = listen(events)
    await next_event(stream, clock)
    group = target_group(HOME, "web")
    target = Target(group.arn, "10.0.0.1", 80, "10.0.0.1", "us-east-1a", EPOCH)
    store.apply([*put_group_behind_listener(HOME, "web"), Put(load_balancer(HOME)), Put(target)])
    kinds = {key["kind"] for key in keys(await next_event(stream, clock))["keys"]}
    assert kinds == {"listener", "listener-rule", "load-balancer", "target", "target-group"}


async def test_concurrent_changes_are_batched_and_many_are_summarized(events, store, clock):
    stream = listen(events)
    await next_event(stream, clock)
    for number in range(MAX_KEYS + 1):
        store.apply([Put(cluster(f"c{number}"))])
    assert keys(await next_event(stream, clock)) == {"more": True, "keys": []}


async def test_secret_records_are_not_named(events, store, clock):
    stream = listen(events)
    await next_event(stream, clock)
    store.apply([Put(EnvFile(S3ObjectArn("arn:aws:s3:::bucket/x.env"), Secret("a=b"), 3, clock.now()))])
    assert await next_event(stream, clock, 5) == b"event: metrics\ndata: {}\n\n"


async def test_the_stream_announces_metrics_every_five_seconds(events, clock):
    stream = listen(events)
    await next_event(stream, clock)
    for _ in range(3):
        assert (await next_event(stream, clock, 5)).startswith(b"event: metrics")


async def test_the_stream_ends_with_the_login_and_with_the_server(events, clock):
    allowed = [True]
    stream = listen(events, allowed=lambda: allowed[0])
    await next_event(stream, clock)
    allowed[0] = False
    await next_event(stream, clock, 5)
    assert await next_event(stream, clock, 5) == b""
    other = listen(events)
    await next_event(other, clock)
    events.close()
    assert await next_event(other, clock) == b""


def test_the_number_of_listeners_is_limited(events):
    answers = [events.answer(HOME, lambda: True) for _ in range(MAX_LISTENERS)]
    assert {answer.status for answer in answers} == {200}
    assert events.answer(HOME, lambda: True).status == 503
    answers[0].ended()
    assert events.answer(HOME, lambda: True).status == 200
    assert events.answer(HOME, lambda: True).status == 503


def test_the_listeners_of_one_login_are_limited(events):
    answers = [events.answer(HOME, lambda: True, "one") for _ in range(MAX_LISTENERS_OF_LOGIN)]
    assert events.answer(HOME, lambda: True, "one").status == 429
    assert events.answer(HOME, lambda: True, "other").status == 200
    answers[0].ended()
    assert events.answer(HOME, lambda: True, "one").status == 200
