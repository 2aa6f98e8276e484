"""A wrong request gets AWS's own code and status, and nothing of it is done."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, offer, shell
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

JSON = {"content-type": "application/x-amz-json-1.1"}
LIMIT = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def cluster(simulation: Installation) -> Cluster:
    new_cluster = Cluster(simulation, "bad-input", "bad-input")
    ports = [
        {"name": "web", "containerPort": 8080, "appProtocol": "http"},
        {"name": "other", "containerPort": 8081},
    ]
    new_cluster.define("sound", shell("sleep 1000", portMappings=ports))
    new_cluster.serve("taken", "sound", offer("web", "taken", 80, discoveryName="taken"))
    new_cluster.steady("taken")
    return new_cluster


def world(installation: Installation) -> dict[str, Any]:
    """Everything there is, as the API lists it."""
    ecs, cloudmap = installation.client("ecs"), installation.client("servicediscovery")
    clusters = sorted(ecs.list_clusters()["clusterArns"])
    return {
        "clusters": clusters,
        "services": [sorted(ecs.list_services(cluster=c, maxResults=100)["serviceArns"]) for c in clusters],
        "tasks": [sorted(ecs.list_tasks(cluster=c)["taskArns"]) for c in clusters],
        "definitions": ecs.list_task_definitions()["taskDefinitionArns"],
        "namespaces": sorted(n["Id"] for n in cloudmap.list_namespaces()["Namespaces"]),
        "names": sorted(s["Id"] for s in cloudmap.list_services()["Services"]),
    }


def error_of(client: Any, operation: str, request: dict[str, Any]) -> tuple[str, int, str]:
    """Code, status and message of the error that a request gets."""
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**request)
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]


def service(cluster: Cluster, /, **changes: Any) -> dict[str, Any]:
    """A request for a service that would be made as it is."""
    connect = {"enabled": True, "services": [offer("web", "new", 80, discoveryName="new")]}
    sound = {
        "cluster": cluster.name,
        "serviceName": "new",
        "taskDefinition": "sound",
        "desiredCount": 1,
        "launchType": "FARGATE",
        "networkConfiguration": cluster.network(public=False),
        "serviceConnectConfiguration": connect,
    }
    return {name: value for name, value in (sound | changes).items() if value is not None}


def connect(*offers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"serviceConnectConfiguration": {"enabled": True, "services": list(offers)} | more}


CREATE_SERVICE = [
    pytest.param({"cluster": "nowhere"}, "ClusterNotFoundException", "Cluster not found.", id="unknown cluster"),
    pytest.param({"taskDefinition": "none"}, "ClientException", "TaskDefinition not found.", id="unknown definition"),
    pytest.param({"serviceName": "taken"}, "InvalidParameterException", "Creation of service", id="name is taken"),
    pytest.param({"desiredCount": None}, "InvalidParameterException", "DesiredCount is missing", id="no count"),
    pytest.param({"desiredCount": -1}, "InvalidParameterException", "desiredCount", id="negative count"),
    pytest.param({"networkConfiguration": None}, "InvalidParameterException", "Network Configuration", id="no network"),
    pytest.param(
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0"]}}},
        "InvalidParameterException",
        "InvalidSubnetID.NotFound",
        id="unknown subnet",
    ),
    pytest.param(
        connect(offer("web"), namespace="nowhere"), "NamespaceNotFoundException", "nowhere", id="unknown namespace"
    ),
    pytest.param(
        connect(offer("nothing")),
        "InvalidParameterException",
        "portName(nothing) does not refer to any named PortMapping in the container definitions",
        id="unknown port",
    ),
    pytest.param(
        connect(offer("web", "other", 80, discoveryName="taken")),
        "InvalidParameterException",
        "SC service is already used by",
        id="discovery name is taken",
    ),
    pytest.param(
        connect(offer("web", "taken", 80, discoveryName="new")),
        "InvalidParameterException",
        "taken:80 is already used",
        id="alias is taken",
    ),
    pytest.param(
        connect(offer("web", "same", 80), offer("other", "same", 80)),
        "InvalidParameterException",
        "same:80 is given twice",
        id="two ports under one alias",
    ),
    pytest.param(
        connect(offer("web", "Not A Name", 80)), "InvalidParameterException", "DNS name", id="alias is no name"
    ),
    pytest.param(
        {"loadBalancers": [{"targetGroupArn": "x", "containerName": "main", "containerPort": 8080}]},
        "InvalidParameterException",
        "The format of the supplied target group ARN is invalid: x.",
        id="a target group needs an ARN",
    ),
]


@pytest.mark.parametrize(("changes", "code", "words"), CREATE_SERVICE)
def test_a_refused_create_service_leaves_nothing(cluster, changes, code, words):
    before = world(cluster.installation)
    got, status, message = error_of(cluster.ecs, "create_service", service(cluster, **changes))
    assert (got, status) == (code, 400)
    assert words in message
    assert world(cluster.installation) == before


OTHERS = [
    ("ecs", "update_service", {"cluster": "bad-input", "service": "none"}, "ServiceNotFoundException"),
    ("ecs", "update_service", {"cluster": "nowhere", "service": "taken"}, "ClusterNotFoundException"),
    ("ecs", "delete_service", {"cluster": "bad-input", "service": "taken"}, "InvalidParameterException"),
    ("ecs", "delete_cluster", {"cluster": "bad-input"}, "ClusterContainsServicesException"),
    ("ecs", "describe_tasks", {"cluster": "bad-input", "tasks": []}, "InvalidParameterException"),
    ("ecs", "list_tasks", {"cluster": "bad-input", "serviceName": "none"}, "ServiceNotFoundException"),
    ("ecs", "stop_task", {"cluster": "bad-input", "task": "0" * 32}, "InvalidParameterException"),
    ("ecs", "describe_task_definition", {"taskDefinition": "none"}, "ClientException"),
    ("ecs", "list_services_by_namespace", {"namespace": "nowhere"}, "NamespaceNotFoundException"),
    ("ecs", "register_task_definition", {"family": "x y", "containerDefinitions": []}, "ClientException"),
    ("servicediscovery", "get_namespace", {"Id": "ns-none"}, "NamespaceNotFound"),
    ("servicediscovery", "discover_instances", {"NamespaceName": "no", "ServiceName": "no"}, "NamespaceNotFound"),
    ("servicediscovery", "get_operation", {"OperationId": "none"}, "OperationNotFound"),
    ("ec2", "describe_subnets", {"SubnetIds": ["subnet-0123456789abcdef0"]}, "InvalidSubnetID.NotFound"),
]


@pytest.mark.parametrize(
    ("name", "operation", "request_", "code"), OTHERS, ids=[f"{o[0]} {o[1]} {o[3]}" for o in OTHERS]
)
def test_each_aws_service_answers_with_its_own_error_codes(cluster, name, operation, request_, code):
    before = world(cluster.installation)
    got, status, message = error_of(cluster.installation.client(name), operation, request_)
    assert (got, status) == (code, 400)
    assert message or code == "ServiceNotFoundException"
    assert world(cluster.installation) == before


def test_describing_missing_resources_returns_failures(cluster):
    answer = cluster.ecs.describe_services(cluster=cluster.name, services=["none"])
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]
    assert cluster.ecs.describe_clusters(clusters=["none"])["failures"][0]["reason"] == "MISSING"


def test_an_unsupported_operation_is_named_in_the_error(cluster):
    code, status, message = error_of(cluster.installation.client("cloudformation"), "list_stack_sets", {})
    assert "ListStackSets" in message
    assert status >= 400
    assert code


# -------------------------------------------------------------------------------------------------------- raw requests


def send_body(
    installation: Installation, body: bytes, target: str = "CreateCluster", **headers: str
) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", installation.port, timeout=60)
    try:
        params = JSON | {"x-amz-target": f"AmazonEC2ContainerServiceV20141113.{target}"} | headers
        connection.request("POST", "/", body, params)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


MALFORMED = {
    "not JSON": b"{",
    "not UTF-8": b'{"clusterName": "\xff"}',
    "a list": b"[]",
    "a number": b"7",
    "nothing": b"",
    "twice as deep as anybody needs": b"[" * 50_000 + b"]" * 50_000,
}


@pytest.mark.parametrize("malformed", [what for what in MALFORMED if what != "nothing"])
def test_a_body_of_another_protocol_is_a_serialization_error(simulation, malformed):
    before = world(simulation)
    status, answer = send_body(simulation, MALFORMED[malformed])
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "SerializationException")
    assert world(simulation) == before


WRONG_TYPES: list[dict[str, Any]] = [
    {"clusterName": 7},
    {"clusterName": ["x"]},
    {"clusterName": "wrong", "tags": {"key": "value"}},
    {"clusterName": "wrong", "settings": "all"},
]


@pytest.mark.parametrize("body", WRONG_TYPES, ids=json.dumps)
def test_a_member_of_the_wrong_type_is_a_serialization_error(simulation, body):
    before = world(simulation)
    status, answer = send_body(simulation, json.dumps(body).encode())
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "SerializationException")
    assert world(simulation) == before


def test_a_missing_member_is_named(simulation):
    status, answer = send_body(simulation, b"{}", "CreateService")
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "InvalidParameterException")
    assert "serviceName" in answer["message"]


def test_an_unknown_operation_is_not_an_empty_success(simulation):
    status, answer = send_body(simulation, b"{}", "MakeCoffee")
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "UnknownOperationException")
    assert "MakeCoffee" in answer["message"]


def test_a_body_over_the_limit_is_413_and_is_not_read_to_its_end(simulation):
    status, answer = send_body(simulation, b" " * (LIMIT + 1))
    assert status == 413
    assert str(LIMIT) in answer["message"]


# ----------------------------------------------------------------------------------------------- accounts and regions


def test_accounts_and_regions_share_nothing(simulation):
    here = simulation.client("ecs")
    there = simulation.client("ecs", region="eu-west-1")
    theirs = simulation.client("ecs", key="111111111111")
    here.create_cluster(clusterName="mine")
    for other, account, region in ((there, "123456789012", "eu-west-1"), (theirs, "111111111111", "us-east-1")):
        assert other.list_clusters()["clusterArns"] == []
        cluster_arn = other.create_cluster(clusterName="mine")["cluster"]["clusterArn"]
        assert cluster_arn == f"arn:aws:ecs:{region}:{account}:cluster/mine"
        other.delete_cluster(cluster="mine")
    assert here.describe_clusters(clusters=["mine"])["clusters"][0]["status"] == "ACTIVE"
    here.delete_cluster(cluster="mine")
    assert simulation.client("sts", key="111111111111").get_caller_identity()["Account"] == "111111111111"
    vpcs = {
        simulation.client("ec2", region=region, key=key).describe_vpcs()["Vpcs"][0]["VpcId"]
        for region in ("us-east-1", "eu-west-1")
        for key in ("test", "111111111111")
    }
    assert len(vpcs) == 4


# ----------------------------------------------------------------------------------------------------- our own paths


def own(installation: Installation, method: str, path: str, **headers: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", installation.port, timeout=60)
    try:
        connection.request(method, f"/_moyai/{path}", headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_health_shows_runtime_tasks_and_proxies(cluster):
    status, health = own(cluster.installation, "GET", "health")
    assert (status, health["status"], health["runtime"]) == (200, "ok", "sim")
    assert health["tasks"] == 1
    assert set(health["proxies"]) == {"connected", "synced", "rejected"}


def test_a_cross_site_page_can_neither_reset_nor_create(simulation):
    status, _ = own(simulation, "POST", "reset", Origin="http://example.com")
    assert status == 403
    status, _ = send_body(simulation, b'{"clusterName": "from-afar"}', Origin="http://example.com")
    assert status == 403


def test_reset_requires_post_and_deletes_everything(simulation, cluster):
    assert own(simulation, "GET", "reset")[0] == 405
    assert world(simulation)["clusters"] != []
    assert own(simulation, "POST", "reset")[0] == 200
    empty = world(simulation)
    assert [found for found in empty.values() if any(found)] == []
    again = Cluster(simulation, "again", "again")
    again.serve("web", again.define("web", shell("sleep 1000")))
    eventually(lambda: again.service("web")["runningCount"] == 1)
