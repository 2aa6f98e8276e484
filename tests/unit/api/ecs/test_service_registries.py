"""Service registries through the API: what is kept, what starts a deployment, what is refused."""

from __future__ import annotations

import pytest

from moyai.domain.cloudmap.service import DiscoveryService, RecordType
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.world import Delete
from tests.unit.api.ecs.client import ARN, REGISTRY, connect, container, offer, service

A, AAAA, SRV, CNAME = RecordType.A, RecordType.AAAA, RecordType.SRV, RecordType.CNAME
APP = {"containerName": "app", "containerPort": 8080}


@pytest.mark.parametrize(
    ("types", "port"),
    [
        ([A], {}),
        ([A, AAAA], {}),
        ([SRV], {"port": 80}),
        ([SRV], APP),
        ([A, SRV], APP),
        ([], {}),
        ([], {"port": 80}),
        ([], APP),
    ],
)
def test_a_registry_is_described_and_pinned_to_the_deployment(shop, types, port):
    params = {"registryArn": shop.registry(*types)} | port
    assert shop.service(serviceRegistries=[params])["serviceRegistries"] == [params]
    described_service = shop.call("DescribeServices", services=["web"])["services"][0]
    assert described_service["serviceRegistries"] == [params]
    (service_registry,) = shop.world.services[f"{ARN}service/default/web"].primary.service_registries
    assert service_registry == ServiceRegistry(
        params["registryArn"], port.get("port"), port.get("containerName"), port.get("containerPort")
    )
    assert service_registry.srv_port == (port.get("port") or port.get("containerPort"))


@pytest.mark.parametrize(
    ("types", "port", "message"),
    [
        (
            [A],
            {"containerPort": 8080, "containerName": "app"},
            "The values specified for serviceRegistries do not require a value for 'containerPort'. Remove the value",
        ),
        ([A], {"port": 80}, "do not require a value for 'port'. Remove the value and retry."),
        ([SRV], {}, "require either a value for 'port', or values for 'containerName' and 'containerPort'"),
        ([SRV], {"containerPort": 8080}, "require either a value for 'port'"),
        ([SRV], {"containerName": "app"}, "require either a value for 'port'"),
        ([SRV], {"port": 80} | APP, "and not both"),
        ([], {"containerName": "app"}, "require either a value for 'port'"),
        ([SRV], {"port": 0}, "must be between 1 and 65535"),
        ([SRV], {"port": 65536}, "must be between 1 and 65535"),
        ([SRV], APP | {"containerName": "db"}, "The container db does not exist in the task definition."),
        ([SRV], APP | {"containerPort": 1}, "The container app did not have a container port 1 defined."),
        ([AAAA], {}, "has no IPv6 CIDR block"),
        ([CNAME], {}, "has no A, AAAA or SRV records"),
    ],
)
def test_a_registry_needs_exactly_the_members_of_its_record_types(shop, types, port, message):
    params = {"registryArn": shop.registry(*types)} | port
    shop.fails("CreateService", "InvalidParameterException", message, **service(serviceRegistries=[params]))


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        (REGISTRY + "none", "was not found"),
        (REGISTRY.replace("us-east-1", "eu-west-1") + "a", "was not found"),
        ("srv-a", "The format of the supplied service registry ARN is invalid: srv-a."),
        (REGISTRY.replace("service/srv", "namespace/ns"), "The format of the supplied service registry ARN is invalid"),
        (f"{ARN}service/default/web", "The format of the supplied service registry ARN is invalid"),
        ("", "The format of the supplied service registry ARN is invalid: ."),
    ],
)
def test_a_registry_must_be_an_existing_cloud_map_service(shop, arn, message):
    shop.registry(A)
    requested_service = service(serviceRegistries=[{"registryArn": arn}])
    shop.fails("CreateService", "InvalidParameterException", message, **requested_service)


def test_a_service_has_one_registry_at_most(shop):
    twice = [{"registryArn": shop.registry(A)}, {"registryArn": shop.registry()}]
    message = "service registries can have at most 1 items"
    shop.fails("CreateService", "InvalidParameterException", message, **service(serviceRegistries=twice))


def test_a_service_connect_service_cannot_be_a_registry(shop):
    shop.service("back", serviceConnectConfiguration=connect(offer()))
    (discovery_service,) = shop.world.discovery_services
    requested_service = service(serviceRegistries=[{"registryArn": discovery_service.arn}])
    shop.fails("CreateService", "InvalidParameterException", "belongs to the Service Connect of", **requested_service)


def test_a_changed_registry_starts_a_deployment(shop):
    first, second = {"registryArn": shop.registry(A)}, {"registryArn": shop.registry()}
    shop.service(serviceRegistries=[first])
    seen = []
    for changes in ({"desiredCount": 1}, [first], [second], []):
        given = changes if isinstance(changes, dict) else {"serviceRegistries": changes}
        updated_service = shop.call("UpdateService", service="web", **given)["service"]
        seen.append((len(updated_service["deployments"]), updated_service["serviceRegistries"]))
    assert seen == [(1, [first]), (1, [first]), (2, [second]), (3, [])]
    former = shop.world.services[f"{ARN}service/default/web"].deployments
    assert [len(d.service_registries) for d in former] == [0, 1, 1]


def test_a_new_task_definition_must_have_the_registrys_port(shop):
    shop.service(serviceRegistries=[{"registryArn": shop.registry(SRV)} | APP])
    other = [{"name": "other", "image": "moyai.local/host"}]
    shop.definition("other", containerDefinitions=other)
    message = "The container app does not exist in the task definition."
    shop.fails("UpdateService", "InvalidParameterException", message, service="web", taskDefinition="other")


def test_a_deleted_registry_can_be_removed_but_not_deployed_to(shop):
    arn = shop.registry(A)
    shop.service(serviceRegistries=[{"registryArn": arn}])
    shop.store.apply([Delete(DiscoveryService, arn)])
    shop.fails("UpdateService", "InvalidParameterException", "was not found", service="web", forceNewDeployment=True)
    assert shop.call("UpdateService", service="web", desiredCount=5)["service"]["desiredCount"] == 5
    assert shop.call("UpdateService", service="web", serviceRegistries=[])["service"]["serviceRegistries"] == []


@pytest.mark.parametrize("mode", ["bridge", "host"])
@pytest.mark.parametrize(
    ("types", "port", "message"),
    [
        ([SRV], APP, None),
        ([A, SRV], APP, None),
        ([], APP, None),
        ([SRV], {"port": 80}, "When specifying 'host' or 'bridge' for networkMode, values for 'containerName'"),
        ([SRV], {}, "When specifying 'host' or 'bridge' for networkMode, values for 'containerName'"),
        ([], {}, "When specifying 'host' or 'bridge' for networkMode, values for 'containerName'"),
        ([A], APP, "the service registry needs SRV records"),
        ([SRV], APP | {"containerPort": 1}, "The container app did not have a container port 1 defined."),
    ],
)
def test_a_registry_of_a_bridge_or_host_service_names_container_and_port(shop, mode, types, port, message):
    _on_instances(shop, mode)
    behind = _behind({"registryArn": shop.registry(*types)} | port)
    if message is None:
        assert shop.call("CreateService", **behind)["service"]["serviceRegistries"] == behind["serviceRegistries"]
    else:
        shop.fails("CreateService", "InvalidParameterException", message, **behind)


def test_a_task_without_a_network_has_no_registry(shop):
    _on_instances(shop, "none")
    message = "Service registries are not supported with the network mode none."
    behind = _behind({"registryArn": shop.registry(SRV)} | APP)
    shop.fails("CreateService", "InvalidParameterException", message, **behind)


def _on_instances(shop, mode):
    ports = [] if mode == "none" else [{"containerPort": 8080}]
    app = container(memory=64, portMappings=ports)
    shop.call("RegisterTaskDefinition", family="behind", networkMode=mode, containerDefinitions=[app])


def _behind(registry):
    launched = {"launchType": "EC2", "desiredCount": 1, "serviceRegistries": [registry]}
    return {"serviceName": "behind", "taskDefinition": "behind"} | launched
