"""Whatever is changed in whatever table: a cached operation answers what its handler answers now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from moyai.api.cloudmap.service import cloudmap
from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.models import load_models
from moyai.api.operation import Context
from moyai.api.response_cache import RawRequest
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.cloudmap.quotas import CloudMapQuotas
from moyai.domain.record import StoredRecord
from moyai.domain.world import Put, World
from moyai.kernel.errors import ApiError
from moyai.store.memory import MemoryStore
from moyai.testing.clock import EPOCH
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE
from tests.model.derived_worlds import APP_MESH, CONNECT, deletion, draw_change, records, world_of
from tests.unit.api.ecs.client import ecs_service

MODELS = load_models(["ecs", "servicediscovery"])
BROKEN = (ApiError, KeyError, StopIteration, AttributeError, ValueError)
"""What handlers raise, also in worlds that no operation makes."""


class Call(NamedTuple):
    service: str
    operation: str
    params: dict[str, Any]


@cache
def services():
    return {"ecs": ecs_service(), "servicediscovery": cloudmap(CloudMapQuotas())}


class Client:
    """A client of the gateway, whose caches last."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.dispatchers = {name: ServiceDispatcher(service, MODELS[name]) for name, service in services().items()}

    def check(self) -> None:
        """Hold each response, from the cache if it is there, against one of an empty cache."""
        for call in calls(self.store.world):
            dispatcher = self.dispatchers[call.service]
            fresh = ServiceDispatcher(services()[call.service], MODELS[call.service])
            unreadable = context(self.store, object())
            readable = context(self.store, EPOCH)
            assert respond(dispatcher, call, unreadable) == respond(fresh, call, readable)
            assert respond(dispatcher, call, unreadable) == respond(fresh, call, readable)


def context(store: MemoryStore, now: Any) -> Context:
    """A context that differs from others in all that a cached response must not depend on."""
    ids: Any = SeededIds(7) if now is EPOCH else now
    return Context(SCOPE, now, ids, store, str(now), str(now), "r", host=str(now), user_id=str(now))


def calls(world: World) -> Iterator[Call]:
    for cluster in world.clusters:
        services = [service.arn for service in world.services.by("cluster", cluster.arn)][:10]
        tasks = [task.arn for task in world.tasks if task.cluster == cluster.arn][:20]
        yield Call("ecs", "DescribeServices", {"cluster": cluster.arn, "services": services, "include": ["TAGS"]})
        yield Call("ecs", "ListServices", {"cluster": cluster.arn})
        yield Call("ecs", "DescribeTasks", {"cluster": cluster.arn, "tasks": tasks})
        yield from (Call("ecs", "ListTasks", {"cluster": cluster.arn, "serviceName": service}) for service in services)
    for service in world.discovery_services:
        namespace = world.namespaces.get(service.namespace)
        names = {"NamespaceName": "" if namespace is None else namespace.name, "ServiceName": service.name}
        yield Call("servicediscovery", "DiscoverInstances", names)


def respond(dispatcher: ServiceDispatcher, call: Call, ctx: Context) -> object:
    """The body of the response, or the type of the error."""
    raw = RawRequest("json", call.operation, msgspec.json.encode(call.params))
    operation = dispatcher.operation(call.operation)
    assert operation.cached
    try:
        request = dispatcher.parse(operation, raw, HttpRequest("POST", "/", "", {}, raw.body)).typed_request
        response: HttpResponse = asyncio.run(dispatcher.respond(operation, request, raw, ctx))
    except BROKEN as error:
        return type(error)
    return response.body


def test_every_cached_operation_is_called():
    called = {(call.service, call.operation) for call in calls(world_of(CONNECT[0], APP_MESH[0]).world)}
    cached = {(name, entry.name) for name, s in services().items() for entry in s.operations.values() if entry.cached}
    assert called == cached


@pytest.mark.long
def test_each_record_of_each_table_can_be_deleted_and_restored():
    client = Client(world_of("zones.in.yaml", "nothing.in.yaml"))
    client.check()
    for record in records(client.store.world):
        client.store.apply([deletion(record)])
        client.check()
        client.store.apply([Put(record)])
        client.check()


@pytest.mark.long
@settings(max_examples=25, phases=(Phase.reuse, Phase.generate))
@given(st.sampled_from(CONNECT), st.data())
def test_a_cached_response_is_what_the_handler_answers_now(connect, data):
    client = Client(world_of(connect, "nothing.in.yaml"))
    deleted: list[StoredRecord] = []
    for _ in range(data.draw(st.integers(1, 12), "steps")):
        client.check()
        client.store.apply([draw_change(data, client.store.world, deleted)])
    client.check()
