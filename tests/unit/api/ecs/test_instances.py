"""Container instances over the API: register, drain, deregister, find, and their attributes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.api.ecs.client import SUBNETS, EcsClient

CPU, MEMORY = ({"name": n, "type": "INTEGER", "integerValue": v} for n, v in (("CPU", 2048), ("MEMORY", 4096)))
SIZE = [CPU, MEMORY]
MISSING_INSTANCE = "The specified container instance does not exist. Specify a valid container instance."


@pytest.fixture
def client() -> EcsClient:
    ecs_client = EcsClient()
    ecs_client.call("CreateCluster")
    return ecs_client


def register(bench: EcsClient, document: dict[str, str] | None = None, **changes: object) -> dict[str, Any]:
    params: dict[str, object] = {"totalResources": SIZE} | changes
    if document is not None:
        params["instanceIdentityDocument"] = json.dumps(document)
    answer: dict[str, Any] = bench.call("RegisterContainerInstance", **params)["containerInstance"]
    return answer


def arns(bench: EcsClient, **asked: object) -> set[str]:
    return set(bench.call("ListContainerInstances", **asked)["containerInstanceArns"])


def attributes(instance: dict[str, Any]) -> dict[str, str | None]:
    return {a["name"]: a.get("value") for a in instance["attributes"]}


def test_an_instance_is_registered_with_its_resources_and_attributes(client):
    new_instance = register(client, tags=[{"key": "team", "value": "a"}], versionInfo={"agentVersion": "1.88.0"})
    assert new_instance["status"] == "ACTIVE"
    assert new_instance["ec2InstanceId"].startswith("i-")
    assert new_instance["tags"] == [{"key": "team", "value": "a"}]
    assert (new_instance["runningTasksCount"], new_instance["pendingTasksCount"]) == (0, 0)
    amounts = {r["name"]: r.get("stringSetValue") or r["integerValue"] for r in new_instance["registeredResources"]}
    assert (amounts["CPU"], amounts["MEMORY"]) == (2048, 4096)
    assert amounts["PORTS"] == ["22", "2375", "2376", "51678", "51679"]
    attribute_map = attributes(new_instance)
    assert attribute_map["ecs.os-type"] == "linux"
    assert attribute_map["ecs.subnet-id"] in SUBNETS
    assert "ecs.capability.task-eni" in attribute_map
    assert client.call("DescribeClusters")["clusters"][0]["registeredContainerInstancesCount"] == 1


def test_instances_are_spread_over_the_zones(client):
    zones = [attributes(register(client))["ecs.availability-zone"] for _ in range(4)]
    assert zones == ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1a"]


def test_the_identity_document_sets_id_and_attributes(client):
    document = {
        "instanceId": "mi-0123456789abcdef0",
        "availabilityZone": "us-east-1c",
        "instanceType": "m5.large",
        "architecture": "arm64",
    }
    new_instance = register(client, document)
    attribute_map = attributes(new_instance)
    assert new_instance["ec2InstanceId"] == "mi-0123456789abcdef0"
    assert attribute_map["ecs.availability-zone"] == "us-east-1c"
    assert (attribute_map["ecs.instance-type"], attribute_map["ecs.cpu-architecture"]) == (
        "m5.large",
        "arm64",
    )
    assert next(iter(client.world.container_instances)).launch_type == "EXTERNAL"
    again = {"totalResources": SIZE, "instanceIdentityDocument": json.dumps(document)}
    client.fails("RegisterContainerInstance", "InvalidParameterException", "is registered", **again)


def test_an_instance_registered_again_keeps_its_arn(client):
    new_instance = register(client)
    bigger = [{"name": "CPU", "type": "INTEGER", "integerValue": 4096}, MEMORY]
    again = register(client, totalResources=bigger, containerInstanceArn=new_instance["containerInstanceArn"])
    assert again["containerInstanceArn"] == new_instance["containerInstanceArn"]
    assert again["version"] == new_instance["version"] + 1
    assert again["attributes"] == new_instance["attributes"]
    assert len(arns(client)) == 1


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"totalResources": [CPU]}, "totalResources must have MEMORY"),
        ({"totalResources": [CPU, MEMORY | {"integerValue": -5}]}, "totalResources must have MEMORY, from 1 to"),
        ({"totalResources": [*SIZE, {"name": "DISK"}]}, "totalResources: DISK is not supported"),
        ({"totalResources": [*SIZE, {"name": "PORTS", "stringSetValue": ["70000"]}]}, "'70000' is not a port"),
        ({"platformDevices": [{"id": "0", "type": "NEURON_DEVICE"}]}, "devices are GPUs"),
        ({"instanceIdentityDocument": "{"}, "instanceIdentityDocument is not valid"),
        ({"instanceIdentityDocument": '{"instanceId": "../etc"}'}, "is not the id of an instance"),
        ({"instanceIdentityDocument": '{"availabilityZone": "eu-west-1a"}'}, "no subnet in eu-west-1a"),
        ({"attributes": [{"name": "a b"}]}, "The attribute name 'a b'"),
        ({"attributes": [{"name": "a", "value": " x"}]}, "The value of the attribute a"),
        ({"containerInstanceArn": "0" * 32}, MISSING_INSTANCE),
        ({"instanceIdentityDocumentSignature": "x"}, "nobody here could sign it"),
    ],
)
def test_invalid_instances_are_refused(client, asked, message):
    params = {"totalResources": SIZE} | asked
    client.fails("RegisterContainerInstance", "InvalidParameterException", message, **params)


def test_an_instance_drains_and_becomes_active_again(client):
    container_instance_arn = register(client)["containerInstanceArn"]
    params = {"containerInstances": [container_instance_arn, "0" * 32], "status": "DRAINING"}
    answer = client.call("UpdateContainerInstancesState", **params)
    assert [i["status"] for i in answer["containerInstances"]] == ["DRAINING"]
    assert [f["reason"] for f in answer["failures"]] == ["MISSING"]
    assert arns(client, status="DRAINING") == {container_instance_arn}
    assert arns(client, status="ACTIVE") == set()
    client.call("UpdateContainerInstancesState", containerInstances=[container_instance_arn], status="ACTIVE")
    assert arns(client, status="ACTIVE") == {container_instance_arn}


@pytest.mark.parametrize(
    ("operation", "code", "message", "parameters"),
    [
        ("UpdateContainerInstancesState", "InvalidParameterException", "cannot be empty", {"containerInstances": []}),
        (
            "UpdateContainerInstancesState",
            "InvalidParameterException",
            "should be one of [ACTIVE,DRAINING]",
            {"containerInstances": ["0" * 32], "status": "DEREGISTERING"},
        ),
        ("DescribeContainerInstances", "InvalidParameterException", "cannot be empty", {"containerInstances": []}),
        ("DescribeContainerInstances", "InvalidParameterException", "length should", {"containerInstances": ["x"]}),
        ("DeregisterContainerInstance", "InvalidParameterException", MISSING_INSTANCE, {"containerInstance": "0" * 32}),
        ("UpdateContainerAgent", "InvalidParameterException", MISSING_INSTANCE, {"containerInstance": "0" * 32}),
        (
            "ListContainerInstances",
            "InvalidParameterException",
            "Invalid expression: At character 1",
            {"filter": "stack =="},
        ),
        ("ListContainerInstances", "ClusterNotFoundException", "Cluster not found.", {"cluster": "none"}),
        ("PutAttributes", "InvalidParameterException", "has 1 to 10 items", {"attributes": []}),
        ("PutAttributes", "InvalidParameterException", "has no targetId", {"attributes": [{"name": "a"}]}),
        (
            "PutAttributes",
            "TargetNotFoundException",
            "The specified target wasn't found.",
            {"attributes": [{"name": "a", "targetId": "0" * 32}]},
        ),
        ("ListAttributes", "InvalidParameterException", "attributeName", {"attributeValue": "a"}),
        ("DiscoverPollEndpoint", "InvalidParameterException", MISSING_INSTANCE, {"containerInstance": "0" * 32}),
        (
            "SubmitTaskStateChange",
            "InvalidParameterException",
            "The referenced task was not found.",
            {"task": "0" * 32},
        ),
    ],
)
def test_invalid_instance_requests_are_refused(client, operation, code, message, parameters):
    defaults = {
        "UpdateContainerInstancesState": {"status": "DRAINING"},
        "ListAttributes": {"targetType": "container-instance"},
    }
    client.fails(operation, code, message, **(defaults.get(operation, {}) | parameters))


def test_updating_the_agent_reports_the_newest_version(client):
    container_instance_arn = register(client)["containerInstanceArn"]
    client.fails(
        "UpdateContainerAgent", "NoUpdateAvailableException", "no update", containerInstance=container_instance_arn
    )


def test_a_deregistered_instance_is_inactive_and_its_cluster_deletable(client):
    container_instance_arn = register(client)["containerInstanceArn"]
    message = "The Cluster cannot be deleted while Container Instances are active or draining."
    client.fails("DeleteCluster", "ClusterContainsContainerInstancesException", message, cluster="default")
    container_instance = client.call("DeregisterContainerInstance", containerInstance=container_instance_arn)[
        "containerInstance"
    ]
    assert (container_instance["status"], container_instance["agentConnected"]) == ("INACTIVE", False)
    assert arns(client) == set()
    params = {"containerInstances": [container_instance_arn], "include": ["TAGS", "CONTAINER_INSTANCE_HEALTH"]}
    [described_container_instance] = client.call("DescribeContainerInstances", **params)["containerInstances"]
    assert described_container_instance["status"] == "INACTIVE"
    client.fails(
        "DeregisterContainerInstance",
        "InvalidParameterException",
        MISSING_INSTANCE,
        containerInstance=container_instance_arn,
    )
    client.call("DeleteCluster", cluster="default")


def test_instances_are_filtered_by_the_query_language(client):
    first_instance, two = register(client), register(client)
    target = {"targetType": "container-instance", "targetId": first_instance["containerInstanceArn"]}
    client.call("PutAttributes", attributes=[{"name": "stack", "value": "prod", **target}])
    zone = attributes(two)["ecs.availability-zone"]
    assert arns(client, filter="attribute:stack == prod") == {first_instance["containerInstanceArn"]}
    assert arns(client, filter=f"attribute:ecs.availability-zone == {zone}") == {two["containerInstanceArn"]}
    assert arns(client, filter="not attribute:stack exists") == {two["containerInstanceArn"]}


def test_attributes_are_put_listed_and_deleted(client):
    container_instance_arn = register(client)["containerInstanceArn"]
    target = {"targetType": "container-instance", "targetId": container_instance_arn}
    client.call("PutAttributes", attributes=[{"name": "stack", "value": "dev", **target}, {"name": "fast", **target}])
    client.call("PutAttributes", attributes=[{"name": "stack", "value": "prod", **target}])
    params = {"targetType": "container-instance", "attributeName": "stack"}
    assert client.call("ListAttributes", **params)["attributes"] == [{"name": "stack", "value": "prod", **target}]
    client.call("DeleteAttributes", attributes=[{"name": "stack", "targetId": container_instance_arn}])
    assert client.call("ListAttributes", **params)["attributes"] == []
    pages = client.call("ListAttributes", targetType="container-instance", maxResults=3)
    assert len(pages["attributes"]) == 3
    assert pages["nextToken"]


def test_custom_attributes_are_limited_and_cannot_replace_built_in_ones(client):
    container_instance_arn = register(client)["containerInstanceArn"]
    client.call("PutAttributes", attributes=[{"name": f"a{n}", "targetId": container_instance_arn} for n in range(10)])
    more = [{"name": "more", "targetId": container_instance_arn}]
    client.fails("PutAttributes", "AttributeLimitExceededException", "at most 10 custom", attributes=more)
    own = [{"name": "ecs.instance-type", "value": "x", "targetId": container_instance_arn}]
    client.fails("PutAttributes", "InvalidParameterException", "can't be changed", attributes=own)
    client.fails("DeleteAttributes", "InvalidParameterException", "can't be changed", attributes=own)


def test_tags_of_an_instance(client):
    container_instance_arn = register(client)["containerInstanceArn"]
    client.call("TagResource", resourceArn=container_instance_arn, tags=[{"key": "team", "value": "a"}])
    assert client.call("ListTagsForResource", resourceArn=container_instance_arn)["tags"] == [
        {"key": "team", "value": "a"}
    ]
