"""Whatever the model allows as input, an operation of Cloud Map answers it or raises an error that the model lists,
and an error changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moyai.domain.record import StoredRecord
from moyai.domain.world import Put
from moyai.testing.ids import SeededIds
from tests.contract.api.drawn import values
from tests.unit.api.cloudmap.client import PREFIX, VPC, CloudMapClient, model

pytestmark = pytest.mark.long

RECORDS = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
ADDRESS = {"AWS_INSTANCE_IPV4": "127.0.0.1"}


def populated_client() -> CloudMapClient:
    """A client of its own, with what the first one was furnished with: records are values, so all can have the same."""
    cloud_map = CloudMapClient()
    cloud_map.store.apply([Put(record) for record in initial_records()])
    cloud_map.ids = SeededIds(8)  # others than are taken
    return cloud_map


@cache
def initial_records() -> tuple[StoredRecord, ...]:
    """A namespace of each type, a service in two of them, an instance each, and an operation under way."""
    cloud_map = CloudMapClient()
    plain = cloud_map.service(cloud_map.namespace(), HealthCheckCustomConfig={})
    private = cloud_map.run_operation("CreatePrivateDnsNamespace", Name="shop.local", Vpc=VPC)["Targets"]["NAMESPACE"]
    cloud_map.run_operation("CreatePublicDnsNamespace", Name="shop.example.com")
    service = cloud_map.service(private, DnsConfig=RECORDS)
    cloud_map.run_operation("RegisterInstance", ServiceId=plain, InstanceId="i", Attributes={"a": "b"})
    cloud_map.run_operation("RegisterInstance", ServiceId=service, InstanceId="i", Attributes=ADDRESS)
    cloud_map.call("RegisterInstance", ServiceId=service, InstanceId="j", Attributes=ADDRESS)
    return tuple(cloud_map.world.records())


_WORLD = populated_client().world
_NAMESPACES = [*(namespace.id for namespace in _WORLD.namespaces), f"{PREFIX}namespace/ns-none"]
_SERVICES = [*(discovery_service.id for discovery_service in _WORLD.discovery_services), f"{PREFIX}service/srv-none"]
KNOWN: Mapping[str, Sequence[str]] = {
    "NamespaceId": _NAMESPACES,
    "ServiceId": _SERVICES,
    "Id": [*_NAMESPACES, *_SERVICES],
    "ResourceARN": [one.arn for one in (*_WORLD.namespaces, *_WORLD.discovery_services)],
    "InstanceId": ["i", "j", "new"],
    "Instances": ["i", "j"],
    "OperationId": [operation.id for operation in _WORLD.operations],
    "Name": ["shop", "cart", "new", "new.example.com", "NAMESPACE_ID", "STATUS", "TYPE", "NAME"],
    "NamespaceName": ["shop", "shop.local"],
    "ServiceName": ["cart", "none"],
    "Vpc": [VPC],
    "ResourcePath": ["/", "x"],
    "OwnerAccount": ["123456789012"],
}
"""Strings that mean something in this world, so that requests get past the first check."""


@pytest.mark.parametrize("name", sorted(model().operation_names))
def test_any_input_is_answered_or_refused_as_modelled(name):
    shape = model().operation_model(name)
    modelled = {error.name for error in shape.error_shapes} | {"SerializationException"}
    attributes = st.dictionaries(
        st.sampled_from(["AWS_INSTANCE_IPV4", "AWS_INSTANCE_PORT", "AWS_INIT_HEALTH_STATUS", "moyai:client-port", "a"]),
        st.sampled_from(["127.0.0.1", "80", "HEALTHY", "b"]),
        max_size=3,
    )

    @settings(max_examples=30)
    @given(values(shape.input_shape, KNOWN), attributes)
    def ask(params, answers):
        cloud_map = populated_client()
        if isinstance(params.get("Attributes"), dict):
            params = params | {"Attributes": answers}
        before = list(cloud_map.world.records())
        failure = cloud_map.failure(name, **params)
        if failure is not None:
            assert failure.code in modelled
            assert failure.message
            assert list(cloud_map.world.records()) == before
        cloud_map.settle()

    ask()
