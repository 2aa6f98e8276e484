"""Service Connect through the API: what it resolves to, what it shows, what it refuses."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.connect.names import SeenName
from moyai.domain.ecs.service import ServiceStatus
from tests.unit.api.ecs.client import ARN, connect, container, offer, service


def _view(shop, name="web"):
    view = shop.world.services[f"{ARN}service/default/{name}"].primary.view
    assert view is not None
    return view


def _visible_names(shop, name="web"):
    return {(n.dns_name, n.port) for n in _view(shop, name).names}


def _two_ports(shop):
    ports = [
        {"name": "http", "containerPort": 8080, "appProtocol": "http"},
        {"name": "raw", "containerPort": 9000},
        {"name": "udp", "containerPort": 53, "protocol": "udp"},
    ]
    shop.definition("web", containerDefinitions=[container(portMappings=ports)])


def test_an_offer_creates_a_discovery_service_and_a_name(shop):
    requested_connect = connect(offer(discoveryName="api", clientAliases=[{"port": 80, "dnsName": "api"}]))
    [deployment] = shop.service(serviceConnectConfiguration=requested_connect)["deployments"]
    [discovery_service] = shop.world.discovery_services
    assert (discovery_service.name, discovery_service.protocol, discovery_service.owner) == (
        "api",
        "http",
        f"{ARN}service/default/web",
    )
    assert deployment["serviceConnectConfiguration"] == requested_connect
    assert deployment["serviceConnectResources"] == [{"discoveryName": "api", "discoveryArn": discovery_service.arn}]
    assert _view(shop).names == (SeenName("api", 80, "127.255.0.1", discovery_service.arn),)
    [offered] = _view(shop).offers
    assert (offered.container_port, offered.reachable_port, offered.protocol) == (8080, 8080, "http")
    described_service = shop.call("DescribeServices", services=["web"])["services"][0]
    assert "serviceConnectConfiguration" not in described_service
    assert described_service["deployments"] == [deployment]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, ("http.shop.local", 8080)),
        ({"discoveryName": "api"}, ("api.shop.local", 8080)),
        ({"clientAliases": []}, ("http.shop.local", 8080)),
        ({"clientAliases": [{"port": 80}]}, ("http.shop.local", 80)),
        ({"clientAliases": [{"port": 80, "dnsName": "a.b"}]}, ("a.b", 80)),
    ],
)
def test_default_names(shop, changes, name):
    shop.service(serviceConnectConfiguration=connect(offer(**changes)))
    assert _visible_names(shop) == {name}


def test_a_client_sees_the_names_that_existed_at_its_deployment(shop):
    shop.service("front", serviceConnectConfiguration=connect())
    assert _visible_names(shop, "front") == set()
    shop.service("web", serviceConnectConfiguration=connect(offer()))
    assert _visible_names(shop, "front") == set()
    shop.call("UpdateService", service="front", forceNewDeployment=True)
    assert _visible_names(shop, "front") == {("http.shop.local", 8080)}
    assert _view(shop, "front").offers == ()


def test_names_of_draining_services_are_not_seen(shop):
    shop.service("web", serviceConnectConfiguration=connect(offer()))
    shop.call("DeleteService", service="web", force=True)
    shop.service("front", serviceConnectConfiguration=connect())
    assert _visible_names(shop, "front") == set()


def test_names_that_the_newest_deployment_dropped_are_not_seen(shop):
    _two_ports(shop)
    shop.service("web", serviceConnectConfiguration=connect(offer("http"), offer("raw")))
    shop.call("UpdateService", service="web", serviceConnectConfiguration=connect(offer("raw")))
    shop.service("front", serviceConnectConfiguration=connect())
    assert _visible_names(shop, "front") == {("raw.shop.local", 9000)}


def test_a_name_has_one_address_for_all_ports(shop):
    _two_ports(shop)
    alias = [{"port": 80, "dnsName": "api"}]
    shop.service("a", serviceConnectConfiguration=connect(offer("http", discoveryName="a", clientAliases=alias)))
    alias = [{"port": 81, "dnsName": "api"}]
    shop.service("b", serviceConnectConfiguration=connect(offer("raw", discoveryName="b", clientAliases=alias)))
    assert [(n.dns_name, n.port, n.address) for n in _view(shop, "b").names] == [
        ("api", 80, "127.255.0.1"),
        ("api", 81, "127.255.0.1"),
    ]


def test_timeouts_and_the_ingress_port_are_stored(shop):
    timeout = {"idleTimeoutSeconds": 60, "perRequestTimeoutSeconds": 5}
    shop.service(serviceConnectConfiguration=connect(offer(ingressPortOverride=9999, timeout=timeout)))
    [offered] = _view(shop).offers
    assert (offered.reachable_port, offered.idle_timeout_seconds, offered.per_request_timeout_seconds) == (9999, 60, 5)


def test_the_log_configuration_is_shown_with_empty_secret_options(shop):
    log = {"logDriver": "awslogs", "options": {"awslogs-region": "us-east-1", "awslogs-group": "g"}}
    [deployment] = shop.service(serviceConnectConfiguration=connect(logConfiguration=log))["deployments"]
    assert deployment["serviceConnectConfiguration"]["logConfiguration"] == log | {"secretOptions": []}


def test_the_default_namespace_is_the_clusters_and_an_arn_is_accepted(shop):
    shop.call("UpdateCluster", cluster="default", serviceConnectDefaults={"namespace": "shop.local"})
    arn = next(iter(shop.world.namespaces)).arn
    shop.service("a", serviceConnectConfiguration={"enabled": True})
    shop.service("b", serviceConnectConfiguration={"enabled": True, "namespace": arn})
    assert _view(shop, "a").namespace == _view(shop, "b").namespace == arn


def test_disabled_service_connect_is_described_and_has_no_effect(shop):
    shop.call("UpdateCluster", cluster="default", serviceConnectDefaults={"namespace": "shop.local"})
    [deployment] = shop.service(serviceConnectConfiguration={"enabled": False})["deployments"]
    assert deployment["serviceConnectConfiguration"] == {"enabled": False, "services": []}
    assert "serviceConnectResources" not in deployment


def _alias(**changes):
    return offer(clientAliases=[{"port": 80, "dnsName": "api"} | changes])


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"enabled": True}, "Namespace is missing"),
        (
            connect(offer("none")),
            "portName(none) does not refer to any named PortMapping in the container definitions",
        ),
        (connect(offer("udp")), "is a UDP port"),
        (connect(offer(discoveryName="API")), "discoveryName 'API' is not valid"),
        (connect(offer(discoveryName="-a")), "discoveryName '-a' is not valid"),
        (connect(offer(discoveryName="a" * 65)), "is not valid"),
        (connect(offer(clientAliases=[{"port": 1}, {"port": 2}])), "2 clientAliases exceeds the max limit of 1"),
        (connect(_alias(port=0)), "between 1 and 65535"),
        (connect(_alias(port=65536)), "less than or equal to 65535"),
        *(
            (connect(_alias(dnsName=name)), "The DNS name that you provided is invalid")
            for name in (
                "API",
                "-a",
                "a..b",
                ".a",
                "a.",
                "a b",
                "a/b",
                "10.0.0.1",
                "localhost",
                "",
                "a" * 64,
                "a." * 64,
            )
        ),
        (connect(offer(ingressPortOverride=8080)), "8080 is a container port"),
        (connect(offer(ingressPortOverride=15000)), "15000 is taken by the proxy"),
        (connect(offer("raw", timeout={"perRequestTimeoutSeconds": 1})), "needs an appProtocol"),
        (connect(offer(), offer()), "portName http is used more than once"),
        (connect(offer(discoveryName="a"), offer("raw", discoveryName="a")), "discoveryName a is used more than once"),
        (
            connect(offer(ingressPortOverride=7), offer("raw", ingressPortOverride=7)),
            "ingressPortOverride 7 is used more than once",
        ),
        (
            connect(_alias(), offer("raw", clientAliases=[{"port": 80, "dnsName": "api"}])),
            "The endpoint api:80 is given twice",
        ),
        (
            connect(offer(tls={"issuerCertificateAuthority": {"awsPcaAuthorityArn": "a"}})),
            "The certificate authority a does not exist",
        ),
        (connect(_alias(testTrafficRules={"header": {"name": "a b"}})), "'a b' is not the name of an HTTP header"),
    ],
)
def test_invalid_service_connect_configurations_are_refused(shop, configuration, message):
    _two_ports(shop)
    requested_service = service(serviceConnectConfiguration=configuration)
    shop.fails("CreateService", "InvalidParameterException", message, **requested_service)
    shop.service()
    changes = {"serviceConnectConfiguration": configuration}
    shop.fails("UpdateService", "InvalidParameterException", message, service="web", **changes)


@pytest.mark.parametrize("namespace", ["none", "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-none"])
def test_an_unknown_namespace_is_refused(shop, namespace):
    requested_service = service(serviceConnectConfiguration=connect(namespace=namespace))
    shop.fails(
        "CreateService", "NamespaceNotFoundException", f"The namespace {namespace} was not found.", **requested_service
    )


def test_a_namespace_that_makes_an_invalid_dns_name_is_refused(shop):
    shop.namespace("shop!")
    requested_service = service(serviceConnectConfiguration=connect(offer(), namespace="shop!"))
    shop.fails(
        "CreateService", "InvalidParameterException", "The DNS name that you provided is invalid", **requested_service
    )
    shop.service(serviceConnectConfiguration=connect(_alias(), namespace="shop!"))


def test_a_discovery_name_belongs_to_one_service(shop):
    shop.service("a", serviceConnectConfiguration=connect(offer()))
    requested_service = service("b", serviceConnectConfiguration=connect(_alias()))
    message = f"SC service is already used by {ARN}service/default/a"
    shop.fails("CreateService", "InvalidParameterException", message, **requested_service)
    other = connect(offer(discoveryName="other"))
    shop.service("b", serviceConnectConfiguration=other)


def test_an_endpoint_belongs_to_one_service_of_the_namespace(shop):
    shop.call("CreateCluster", clusterName="other")
    shop.service("a", serviceConnectConfiguration=connect(_alias()))
    same = _alias() | {"discoveryName": "b"}
    requested_service = service("b", cluster="other", serviceConnectConfiguration=connect(same))
    message = f"The endpoint api:80 is already used in the namespace by {ARN}service/default/a"
    shop.fails("CreateService", "InvalidParameterException", message, **requested_service)
    shop.namespace("elsewhere")
    shop.service("b", cluster="other", serviceConnectConfiguration=connect(same, namespace="elsewhere"))


def test_a_protocol_stays_while_its_service_exists(shop):
    shop.service(serviceConnectConfiguration=connect(offer()))
    grpc = {"name": "http", "containerPort": 8080, "appProtocol": "grpc"}
    shop.definition(containerDefinitions=[container(portMappings=[grpc])])
    message = "appProtocol of http can't be changed from http to grpc"
    shop.fails("UpdateService", "InvalidParameterException", message, service="web", taskDefinition="web")
    renamed_connect = connect(offer(discoveryName="http-2"))
    shop.call("UpdateService", service="web", taskDefinition="web", serviceConnectConfiguration=renamed_connect)
    assert {(d.name, d.protocol) for d in shop.world.discovery_services} == {("http", "http"), ("http-2", "grpc")}


def test_a_deleted_services_endpoint_is_taken_over(shop):
    shop.service("a", serviceConnectConfiguration=connect(offer()))
    [discovery_service] = shop.world.discovery_services
    a = shop.world.services[f"{ARN}service/default/a"]
    draining = replace(a, status=ServiceStatus.DRAINING)
    shop.put(draining)
    requested_service = service("b", serviceConnectConfiguration=connect(offer()))
    shop.fails("CreateService", "InvalidParameterException", "SC service is already used", **requested_service)
    shop.put(replace(draining, status=ServiceStatus.INACTIVE))
    grpc = {"name": "http", "containerPort": 8080, "appProtocol": "grpc"}
    shop.definition(containerDefinitions=[container(portMappings=[grpc])])
    shop.service("b", serviceConnectConfiguration=connect(offer()))
    [used_discovery_service] = shop.world.discovery_services
    assert (used_discovery_service.arn, used_discovery_service.owner, used_discovery_service.protocol) == (
        discovery_service.arn,
        f"{ARN}service/default/b",
        "grpc",
    )


def test_a_cloud_map_service_of_the_user_is_not_taken_over(shop):
    shop.service("a", serviceConnectConfiguration=connect(offer()))
    [discovery_service] = shop.world.discovery_services
    shop.put(replace(discovery_service, owner=None))
    requested_service = service("b", serviceConnectConfiguration=connect(offer()))
    shop.fails("CreateService", "InvalidParameterException", "was not made by Service Connect", **requested_service)


def test_an_update_requires_the_offered_port_in_the_new_revision(shop):
    shop.service(serviceConnectConfiguration=connect(offer()))
    shop.definition(containerDefinitions=[container(portMappings=[])])
    message = "portName(http) does not refer to any named PortMapping"
    shop.fails("UpdateService", "InvalidParameterException", message, service="web", taskDefinition="web")


def test_services_are_listed_by_namespace_over_clusters(shop):
    shop.call("CreateCluster", clusterName="other")
    shop.service("a", serviceConnectConfiguration=connect(offer()))
    shop.service("b", cluster="other", serviceConnectConfiguration=connect())
    shop.service("c")
    listed = [f"{ARN}service/default/a", f"{ARN}service/other/b"]
    arn = next(iter(shop.world.namespaces)).arn
    assert shop.call("ListServicesByNamespace", namespace="shop.local") == {"serviceArns": listed}
    first = shop.call("ListServicesByNamespace", namespace=arn, maxResults=1)
    assert first["serviceArns"] == listed[:1]
    rest = shop.call("ListServicesByNamespace", namespace="shop.local", nextToken=first["nextToken"])
    assert rest == {"serviceArns": listed[1:]}
    shop.fails("ListServicesByNamespace", "NamespaceNotFoundException", "none was not found", namespace="none")
