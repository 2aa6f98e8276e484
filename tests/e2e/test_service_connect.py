"""Services call each other by name, over every protocol, from one cluster to another."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


class Mesh(NamedTuple):
    servers: Cluster
    clients: Cluster
    probe: Probe
    outsider: Probe


@pytest.fixture(scope="module")
def mesh(server: Installation) -> Mesh:
    servers, clients = Cluster(server, "connect-servers", "connect"), Cluster(server, "connect-clients", "connect")
    definition = servers.define(
        "connect-servers",
        app("web", 8080, "http"),
        app("h2c", 8082, "http2"),
        app("rpc", 50051, "grpc"),
        app("lines", 7000),
    )
    plain = servers.define("connect-plain", app("web", 8080, "http"))
    servers.serve(
        "servers",
        definition,
        offer("web", "web", 80),
        offer("h2c", "h2c", 8000),
        offer("rpc", "rpc", 50051),
        offer("lines", "lines", 7000),
        count=2,
    )
    servers.serve("plain", plain, offer("web", discoveryName="plain"))
    servers.steady("servers", "plain")
    return Mesh(servers, clients, clients.probe("caller"), clients.probe("outsider", connect=False))


def ids(mesh: Mesh) -> set[str]:
    return {task_id(task["taskArn"]) for task in mesh.servers.tasks("servers")}


def test_http_by_alias_reaches_every_task_of_a_service_in_another_cluster(mesh):
    answered = set()

    def both() -> bool:
        answer = mesh.probe.ask("http", url="http://web/hello?a=b")
        assert answer["status"] == 200, answer
        answered.add(json.loads(answer["text"])["task"])
        return answered == ids(mesh)

    eventually(both)


def test_an_application_sees_the_headers_of_aws(mesh):
    answer = mesh.probe.ask("http", url="http://web/hello")
    headers = {name.lower(): value for name, value in json.loads(answer["text"])["headers"].items()}
    assert answer["headers"]["server"] == "envoy"
    assert "x-envoy-upstream-service-time" in answer["headers"]
    assert headers["host"] == "web"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-envoy-expected-rq-timeout-ms"] == "15000"
    assert headers["x-request-id"]
    assert json.loads(answer["text"])["peer"] == "127.0.0.1"


def test_http2_without_tls_by_alias(mesh):
    answer = mesh.probe.ask("http", url="http://h2c:8000/", http2=True)
    assert (answer["status"], answer["version"]) == (200, "HTTP/2"), answer
    assert answer["text"] in ids(mesh)


def test_grpc_unary_and_stream_by_alias(mesh):
    who, word = mesh.probe.ask("say", target="rpc:50051", text="hello")["text"].split()
    assert (who in ids(mesh), word) == (True, "hello")
    texts = mesh.probe.ask("count", target="rpc:50051", number=100)["texts"]
    assert [text.split()[1] for text in texts] == [str(number) for number in range(100)]


def test_tcp_by_alias(mesh):
    who, word = mesh.probe.ask("lines", host="lines", port=7000, line="hello")["text"].split()
    assert (who in ids(mesh), word) == (True, "hello")


def test_the_default_dns_name_is_discovery_name_and_namespace(mesh):
    answer = mesh.probe.ask("http", url="http://plain.connect:8080/")
    assert answer["status"] == 200, answer
    (task,) = mesh.servers.tasks("plain")
    assert json.loads(answer["text"])["task"] == task_id(task["taskArn"])


def test_an_application_may_listen_on_the_port_of_an_alias_that_its_own_task_calls(mesh):
    # The probe listens on 0.0.0.0:8080, and calls plain.connect:8080.
    listening = mesh.probe.run("python3", "-c", "print(open('/proc/net/tcp').read())")
    assert "00000000:1F90" in listening["out"]
    assert mesh.probe.ask("http", url="http://plain.connect:8080/")["status"] == 200


def test_a_client_only_service_offers_nothing(mesh):
    (deployment,) = mesh.clients.service("caller")["deployments"]
    assert deployment["serviceConnectConfiguration"]["enabled"] is True
    assert deployment.get("serviceConnectResources", []) == []
    services = mesh.servers.installation.client("servicediscovery").list_services()["Services"]
    assert "probe" not in {service["Name"] for service in services}


def test_a_virtual_address_that_means_nothing_is_refused_at_once(mesh):
    answer = mesh.probe.ask("lines", host="127.255.200.200", port=80, line="hello", patience=60)
    # Refused, or accepted and closed without a word: not a timeout.
    assert answer.get("error") in {"ConnectionRefusedError", "ConnectionResetError"} or answer == {"text": ""}


@pytest.mark.parametrize("name", ["web", "plain.connect", "web.connect"])
def test_a_task_outside_of_service_connect_reaches_nothing_by_name(mesh, name):
    answer = mesh.outsider.ask("http", url=f"http://{name}:80/")
    assert answer["error"] == "ConnectError", answer


def test_describe_services_shows_the_configuration_on_the_deployment_alone(mesh):
    service = mesh.servers.service("servers")
    assert "serviceConnectConfiguration" not in service
    (deployment,) = service["deployments"]
    names = [offered_service["portName"] for offered_service in deployment["serviceConnectConfiguration"]["services"]]
    assert names == ["web", "h2c", "rpc", "lines"]
    resources = {r["discoveryName"]: r["discoveryArn"] for r in deployment["serviceConnectResources"]}
    assert set(resources) == set(names)
    assert all(":servicediscovery:" in arn for arn in resources.values())


def test_describe_tasks_shows_the_attachment_and_the_proxy_beside_the_applications(mesh):
    task = mesh.servers.tasks("servers")[0]
    (attachment,) = [a for a in task["attachments"] if a["type"] == "ServiceConnect"]
    assert attachment["status"] == "ATTACHED"
    (proxy,) = [d["value"] for d in attachment["details"] if d["name"] == "ContainerName"]
    assert proxy.startswith("ecs-service-connect-")
    containers: dict[str, Any] = {c["name"]: c for c in task["containers"]}
    assert set(containers) == {"web", "h2c", "rpc", "lines", proxy}
    assert containers[proxy]["lastStatus"] == "RUNNING"
    assert containers[proxy]["healthStatus"] == "HEALTHY"
    assert "image" not in containers[proxy]


def test_service_connect_endpoints_are_visible_in_cloud_map(mesh):
    cloudmap = mesh.servers.installation.client("servicediscovery")
    instances = cloudmap.discover_instances(NamespaceName="connect", ServiceName="web")["Instances"]
    assert {i["InstanceId"] for i in instances} == ids(mesh)
    for instance in instances:
        assert instance["Attributes"]["AWS_INSTANCE_PORT"] == "8080"
        assert instance["Attributes"]["ECS_SERVICE_NAME"] == "servers"
        assert instance["Attributes"]["ECS_CLUSTER_NAME"] == "connect-servers"
    addresses = {
        detail["value"]
        for task in mesh.servers.tasks("servers")
        for attachment in task["attachments"]
        for detail in attachment["details"]
        if detail["name"] == "privateIPv4Address"
    }
    assert {i["Attributes"]["AWS_INSTANCE_IPV4"] for i in instances} == addresses


def test_the_services_of_a_namespace_are_listed_over_all_clusters(mesh):
    arns = mesh.servers.ecs.list_services_by_namespace(namespace="connect", maxResults=100)["serviceArns"]
    names = {arn.partition("service/")[2] for arn in arns}
    assert names == {"connect-servers/servers", "connect-servers/plain", "connect-clients/caller"}
