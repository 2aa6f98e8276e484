"""Operations, step by step, and what can come in between."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.api.cloudmap.operations import MOST
from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.operation import OperationStatus
from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import later
from moyai.plan.cloudmap.namespaces import new_http_namespace
from moyai.plan.cloudmap.operations import IMPOSSIBLE, OPERATIONS_KEPT, plan_operation
from moyai.store.memory import MemoryStore
from moyai.testing.world import SCOPE
from tests.unit.api.cloudmap.atlas import PREFIX, Atlas


@pytest.fixture
def atlas():
    return Atlas()


def newest(atlas):
    return list(atlas.world.operations)[-1]


def test_an_operation_passes_through_every_state(atlas):
    atlas.call("CreateHttpNamespace", Name="shop")
    operation = newest(atlas)
    assert operation.status is OperationStatus.SUBMITTED
    assert atlas.step(operation.key) is OperationStatus.PENDING
    assert list(atlas.world.namespaces) == []
    assert atlas.step(operation.key) is OperationStatus.SUCCESS
    assert [one.name for one in atlas.world.namespaces] == ["shop"]
    assert newest(atlas).order is None


@pytest.mark.parametrize("steps", range(3))
async def test_a_process_that_ends_in_between_loses_nothing(atlas, steps):
    cart = atlas.service(atlas.namespace())
    atlas.call("RegisterInstance", ServiceId=cart, InstanceId="i", Attributes={"a": "b"})
    key = newest(atlas).key
    for _ in range(steps):
        atlas.step(key)
    await atlas.store.durable()
    atlas.store = MemoryStore(atlas.store.saved())
    atlas.settle()
    assert atlas.call("GetInstance", ServiceId=cart, InstanceId="i")["Instance"]["Attributes"] == {"a": "b"}
    assert [r.number for r in atlas.world.discovery_revisions] == [1]


def test_a_finished_operation_is_forgotten_in_time(atlas):
    atlas.namespace()
    key, done = newest(atlas).key, newest(atlas).updated_at
    assert plan_operation(atlas.world, key, done).wake_at == later(done, OPERATIONS_KEPT)
    atlas.now = later(done, OPERATIONS_KEPT)
    assert atlas.step(key) is None
    assert plan_operation(atlas.world, key, atlas.now).actions == ()


def test_there_are_not_more_operations_than_are_kept(atlas):
    cart = atlas.service(atlas.namespace())
    made = newest(atlas)
    copies = [replace(made, key=f"{SCOPE.account}/{SCOPE.region}/{n}", creator_request_id=None) for n in range(MOST)]
    atlas.store.apply([Put(one) for one in copies])
    atlas.call("RegisterInstance", ServiceId=cart, InstanceId="i", Attributes={})
    assert made.key not in atlas.world.operations


def failed(atlas):
    atlas.settle()
    operation = newest(atlas)
    assert (operation.status, operation.error_code) == (OperationStatus.FAIL, IMPOSSIBLE)
    return operation.error_message


def test_a_namespace_whose_name_ecs_has_taken_fails(atlas):
    atlas.call("CreateHttpNamespace", Name="shop")
    atlas.store.apply([Put(new_http_namespace(SCOPE, "shop", atlas.now, atlas.ids))])
    assert "has its name" in failed(atlas)


def test_a_namespace_that_got_a_service_stays(atlas):
    namespace = atlas.namespace()
    atlas.call("DeleteNamespace", Id=namespace)
    atlas.service(namespace)
    assert "associated services" in failed(atlas)
    assert [one.id for one in atlas.world.namespaces] == [namespace]


def test_what_is_gone_is_not_changed(atlas):
    namespace = atlas.namespace()
    atlas.call("UpdateHttpNamespace", Id=namespace, Namespace={"Description": "d"})
    atlas.store.apply([Delete(Namespace, f"{PREFIX}namespace/{namespace}")])
    assert failed(atlas) == "Namespace not found"


@pytest.mark.parametrize(
    ("call", "params"),
    [("RegisterInstance", {"InstanceId": "i", "Attributes": {}}), ("UpdateService", {"Service": {"Description": "d"}})],
)
def test_what_has_lost_its_service_fails(atlas, call, params):
    cart = atlas.service(atlas.namespace())
    named = {"Id": cart} if call == "UpdateService" else {"ServiceId": cart}
    atlas.call(call, **named, **params)
    atlas.store.apply([Delete(DiscoveryService, f"{PREFIX}service/{cart}")])
    assert failed(atlas) == "Service not found"
    assert list(atlas.world.discovery_instances) == []


def test_an_update_that_came_twice_is_once(atlas):
    namespace = atlas.namespace()
    change = {"Id": namespace, "Namespace": {"Description": "d"}, "UpdaterRequestId": "u"}
    assert atlas.call("UpdateHttpNamespace", **change) == atlas.call("UpdateHttpNamespace", **change)


def test_health_goes_with_the_check_that_told_it(atlas):
    namespace = atlas.done("CreatePublicDnsNamespace", Name="shop.example.com")["Targets"]["NAMESPACE"]
    records = {"DnsRecords": [{"Type": "A", "TTL": 1}]}
    cart = atlas.service(namespace, DnsConfig=records, HealthCheckConfig={"Type": "TCP"})
    address = {"AWS_INSTANCE_IPV4": "127.0.0.1", "AWS_INSTANCE_PORT": "1"}
    atlas.done("RegisterInstance", ServiceId=cart, InstanceId="i", Attributes=address)
    one = next(iter(atlas.world.discovery_instances))
    atlas.store.apply([Put(replace(one, health=type(one.health).UNHEALTHY))])
    atlas.done("UpdateService", Id=cart, Service={"DnsConfig": records})
    assert atlas.call("GetInstancesHealthStatus", ServiceId=cart)["Status"] == {"i": "UNKNOWN"}


@pytest.mark.parametrize(("ttls", "until"), [((60, 10), 60), ((60, 10, 5), 60), ((10, 60), None), ((60, 60), None)])
def test_a_ttl_that_gets_shorter_is_remembered_until_the_longer_one_is_over(atlas, ttls, until):
    namespace = atlas.done("CreatePublicDnsNamespace", Name="shop.example.com")["Targets"]["NAMESPACE"]
    first, *others = ({"DnsRecords": [{"Type": "A", "TTL": ttl}]} for ttl in ttls)
    cart = atlas.service(namespace, DnsConfig=first)
    for settings in others:
        assert atlas.done("UpdateService", Id=cart, Service={"DnsConfig": settings})["Status"] == "SUCCESS"
    service = atlas.world.discovery_services[f"{PREFIX}service/{cart}"]
    assert service.remembered_until == (None if until is None else later(atlas.now, until))
