"""A service moves into Service Connect under the Cloud Map name that its tasks have had all along, and out again."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.service import RecordType
from tests.unit.api.ecs.client import EcsClient, connect, offer, service


@pytest.fixture
def shop() -> EcsClient:
    bench = EcsClient()
    bench.call("CreateCluster")
    bench.namespace()
    bench.definition()
    return bench


def create_registered_service(shop: EcsClient) -> str:
    """A service in Cloud Map that tasks of ``web`` are registered in."""
    arn = shop.registry(RecordType.A)
    shop.call("CreateService", **service(serviceRegistries=[{"registryArn": arn}]))
    return arn


def moved_in(shop: EcsClient, arn: str) -> dict[str, object]:
    name = shop.world.discovery_services[arn].name
    return {"serviceRegistries": [], "serviceConnectConfiguration": connect(offer(discoveryName=name))}


def test_its_registrys_cloud_map_service_becomes_its_own(shop):
    arn = create_registered_service(shop)
    shop.call("UpdateService", service="web", **moved_in(shop, arn))
    discovery_service = shop.world.discovery_services[arn]
    assert discovery_service.owner is not None
    assert (discovery_service.adopted, discovery_service.protocol) == (True, "http")
    assert shop.world.services[discovery_service.owner].primary.view.offers[0].discovery_service == arn


def test_its_external_name_can_be_reused(shop):
    arn = create_registered_service(shop)
    discovery_service = shop.world.discovery_services[arn]
    shop.put(replace(discovery_service, attributes={"moyai:client-port": "80", "moyai:client-name": "web.shop"}))
    asked = offer(discoveryName=discovery_service.name, clientAliases=[{"port": 80, "dnsName": "web.shop"}])
    shop.call("UpdateService", service="web", serviceRegistries=[], serviceConnectConfiguration=connect(asked))
    (view,) = (d.view for s in shop.world.services for d in s.deployments[:1])
    assert view is not None
    assert [(n.dns_name, n.port, n.target) for n in view.names] == [("web.shop", 80, arn)]


def test_another_services_registry_is_not_taken_over(shop):
    arn = create_registered_service(shop)
    requested_service = service("other", serviceConnectConfiguration=moved_in(shop, arn)["serviceConnectConfiguration"])
    shop.fails(
        "CreateService", "InvalidParameterException", "exists and was not made by Service Connect", **requested_service
    )


def test_a_service_can_return_to_its_registry(shop):
    arn = create_registered_service(shop)
    shop.call("UpdateService", service="web", **moved_in(shop, arn))
    back = {"serviceRegistries": [{"registryArn": arn}], "serviceConnectConfiguration": {"enabled": False}}
    shop.call("UpdateService", service="web", **back)
    assert shop.world.services[f"{shop.world.discovery_services[arn].owner}"].primary.service_registries
