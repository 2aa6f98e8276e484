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
from tests.unit.api.cloudmap.client import PREFIX, CloudMapClient


@pytest.fixture
def cloud_map():
    return CloudMapClient()


def newest(cloud_map):
    return list(cloud_map.world.operations)[-1]


def test_an_operation_passes_through_every_state(cloud_map):
    cloud_map.call("CreateHttpNamespace", Name="shop")
    operation = newest(cloud_map)
    assert operation.status is OperationStatus.SUBMITTED
    assert cloud_map.step(operation.key) is OperationStatus.PENDING
    assert list(cloud_map.world.namespaces) == []
    assert cloud_map.step(operation.key) is OperationStatus.SUCCESS
    assert [namespace.name for namespace in cloud_map.world.namespaces] == ["shop"]
    assert newest(cloud_map).order is None


@pytest.mark.parametrize("steps", range(3))
async def test_a_restart_between_steps_loses_nothing(cloud_map, steps):
    cart = cloud_map.service(cloud_map.namespace())
    cloud_map.call("RegisterInstance", ServiceId=cart, InstanceId="i", Attributes={"a": "b"})
    key = newest(cloud_map).key
    for _ in range(steps):
        cloud_map.step(key)
    await cloud_map.store.durable()
    cloud_map.store = MemoryStore(cloud_map.store.saved_records())
    cloud_map.settle()
    assert cloud_map.call("GetInstance", ServiceId=cart, InstanceId="i")["Instance"]["Attributes"] == {"a": "b"}
    assert [r.number for r in cloud_map.world.discovery_revisions] == [1]


def test_finished_operations_expire(cloud_map):
    cloud_map.namespace()
    key, updated_at = newest(cloud_map).key, newest(cloud_map).updated_at
    assert plan_operation(cloud_map.world, key, updated_at).wake_at == later(updated_at, OPERATIONS_KEPT)
    cloud_map.now = later(updated_at, OPERATIONS_KEPT)
    assert cloud_map.step(key) is None
    assert plan_operation(cloud_map.world, key, cloud_map.now).actions == ()


def test_the_number_of_stored_operations_is_limited(cloud_map):
    cart = cloud_map.service(cloud_map.namespace())
    newest_operation = newest(cloud_map)
    copies = [
        replace(newest_operation, key=f"{SCOPE.account}/{SCOPE.region}/{n}", creator_request_id=None)
        for n in range(MOST)
    ]
    cloud_map.store.apply([Put(one) for one in copies])
    cloud_map.call("RegisterInstance", ServiceId=cart, InstanceId="i", Attributes={})
    assert newest_operation.key not in cloud_map.world.operations


def failure_message(cloud_map):
    cloud_map.settle()
    operation = newest(cloud_map)
    assert (operation.status, operation.error_code) == (OperationStatus.FAIL, IMPOSSIBLE)
    return operation.error_message


def test_creating_a_namespace_with_a_taken_name_fails(cloud_map):
    cloud_map.call("CreateHttpNamespace", Name="shop")
    cloud_map.store.apply([Put(new_http_namespace(SCOPE, "shop", cloud_map.now, cloud_map.ids))])
    assert "has the same name" in failure_message(cloud_map)


def test_a_namespace_with_a_service_is_not_deleted(cloud_map):
    namespace = cloud_map.namespace()
    cloud_map.call("DeleteNamespace", Id=namespace)
    cloud_map.service(namespace)
    assert "associated services" in failure_message(cloud_map)
    assert [each_namespace.id for each_namespace in cloud_map.world.namespaces] == [namespace]


def test_updating_a_deleted_namespace_fails(cloud_map):
    namespace = cloud_map.namespace()
    cloud_map.call("UpdateHttpNamespace", Id=namespace, Namespace={"Description": "d"})
    cloud_map.store.apply([Delete(Namespace, f"{PREFIX}namespace/{namespace}")])
    assert failure_message(cloud_map) == "Namespace not found"


@pytest.mark.parametrize(
    ("call", "params"),
    [("RegisterInstance", {"InstanceId": "i", "Attributes": {}}), ("UpdateService", {"Service": {"Description": "d"}})],
)
def test_operations_on_a_deleted_service_fail(cloud_map, call, params):
    cart = cloud_map.service(cloud_map.namespace())
    named = {"Id": cart} if call == "UpdateService" else {"ServiceId": cart}
    cloud_map.call(call, **named, **params)
    cloud_map.store.apply([Delete(DiscoveryService, f"{PREFIX}service/{cart}")])
    assert failure_message(cloud_map) == "Service not found"
    assert list(cloud_map.world.discovery_instances) == []


def test_a_repeated_update_is_one_operation(cloud_map):
    namespace = cloud_map.namespace()
    change = {"Id": namespace, "Namespace": {"Description": "d"}, "UpdaterRequestId": "u"}
    assert cloud_map.call("UpdateHttpNamespace", **change) == cloud_map.call("UpdateHttpNamespace", **change)


def test_removing_a_health_check_removes_its_results(cloud_map):
    namespace = cloud_map.run_operation("CreatePublicDnsNamespace", Name="shop.example.com")["Targets"]["NAMESPACE"]
    records = {"DnsRecords": [{"Type": "A", "TTL": 1}]}
    cart = cloud_map.service(namespace, DnsConfig=records, HealthCheckConfig={"Type": "TCP"})
    address = {"AWS_INSTANCE_IPV4": "127.0.0.1", "AWS_INSTANCE_PORT": "1"}
    cloud_map.run_operation("RegisterInstance", ServiceId=cart, InstanceId="i", Attributes=address)
    discovery_instance = next(iter(cloud_map.world.discovery_instances))
    cloud_map.store.apply([Put(replace(discovery_instance, health=type(discovery_instance.health).UNHEALTHY))])
    cloud_map.run_operation("UpdateService", Id=cart, Service={"DnsConfig": records})
    assert cloud_map.call("GetInstancesHealthStatus", ServiceId=cart)["Status"] == {"i": "UNKNOWN"}


@pytest.mark.parametrize(("ttls", "until"), [((60, 10), 60), ((60, 10, 5), 60), ((10, 60), None), ((60, 60), None)])
def test_a_reduced_ttl_applies_after_the_longer_one_has_expired(cloud_map, ttls, until):
    namespace = cloud_map.run_operation("CreatePublicDnsNamespace", Name="shop.example.com")["Targets"]["NAMESPACE"]
    first, *others = ({"DnsRecords": [{"Type": "A", "TTL": ttl}]} for ttl in ttls)
    cart = cloud_map.service(namespace, DnsConfig=first)
    for settings in others:
        assert cloud_map.run_operation("UpdateService", Id=cart, Service={"DnsConfig": settings})["Status"] == "SUCCESS"
    service = cloud_map.world.discovery_services[f"{PREFIX}service/{cart}"]
    assert service.remembered_until == (None if until is None else later(cloud_map.now, until))
