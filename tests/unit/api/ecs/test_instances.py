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
    made = EcsClient()
    made.call("CreateCluster")
    return made


def register(bench: EcsClient, document: dict[str, str] | None = None, **changes: object) -> dict[str, Any]:
    asked: dict[str, object] = {"totalResources": SIZE} | changes
    if document is not None:
        asked["instanceIdentityDocument"] = json.dumps(document)
    answer: dict[str, Any] = bench.call("RegisterContainerInstance", **asked)["containerInstance"]
    return answer


def arns(bench: EcsClient, **asked: object) -> set[str]:
    return set(bench.call("ListContainerInstances", **asked)["containerInstanceArns"])


def attributes(instance: dict[str, Any]) -> dict[str, str | None]:
    return {a["name"]: a.get("value") for a in instance["attributes"]}


def test_an_instance_is_registered_with_its_resources_and_attributes(client):
    made = register(client, tags=[{"key": "team", "value": "a"}], versionInfo={"agentVersion": "1.88.0"})
    assert made["status"] == "ACTIVE"
    assert made["ec2InstanceId"].startswith("i-")
    assert made["tags"] == [{"key": "team", "value": "a"}]
    assert (made["runningTasksCount"], made["pendingTasksCount"]) == (0, 0)
    amounts = {r["name"]: r.get("stringSetValue") or r["integerValue"] for r in made["registeredResources"]}
    assert (amounts["CPU"], amounts["MEMORY"]) == (2048, 4096)
    assert amounts["PORTS"] == ["22", "2375", "2376", "51678", "51679"]
    said = attributes(made)
    assert said["ecs.os-type"] == "linux"
    assert said["ecs.subnet-id"] in SUBNETS
    assert "ecs.capability.task-eni" in said
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
    made = register(client, document)
    said = attributes(made)
    assert made["ec2InstanceId"] == "mi-0123456789abcdef0"
    assert said["ecs.availability-zone"] == "us-east-1c"
    assert (said["ecs.instance-type"], said["ecs.cpu-architecture"]) == ("m5.large", "arm64")
    assert next(iter(client.world.container_instances)).launch_type == "EXTERNAL"
    again = {"totalResources": SIZE, "instanceIdentityDocument": json.dumps(document)}
    client.fails("RegisterContainerInstance", "InvalidParameterException", "is registered", **again)


def test_an_instance_registered_again_keeps_its_arn(client):
    made = register(client)
    bigger = [{"name": "CPU", "type": "INTEGER", "integerValue": 4096}, MEMORY]
    again = register(client, totalResources=bigger, containerInstanceArn=made["containerInstanceArn"])
    assert again["containerInstanceArn"] == made["containerInstanceArn"]
    assert again["version"] == made["version"] + 1
    assert again["attributes"] == made["attributes"]
    assert len(arns(client)) == 1


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"totalResources": [CPU]}, "an instance has MEMORY"),
        ({"totalResources": [CPU, MEMORY | {"integerValue": -5}]}, "an instance has MEMORY, from 1 to"),
        ({"totalResources": [*SIZE, {"name": "DISK"}]}, "totalResources: DISK is not supported"),
        ({"totalResources": [*SIZE, {"name": "PORTS", "stringSetValue": ["70000"]}]}, "'70000' is no port"),
        ({"platformDevices": [{"id": "0", "type": "NEURON_DEVICE"}]}, "devices are GPUs"),
        ({"instanceIdentityDocument": "{"}, "instanceIdentityDocument is not one"),
        ({"instanceIdentityDocument": '{"instanceId": "../etc"}'}, "is no id of an instance"),
        ({"instanceIdentityDocument": '{"availabilityZone": "eu-west-1a"}'}, "no subnet in eu-west-1a"),
        ({"attributes": [{"name": "a b"}]}, "The attribute name 'a b'"),
        ({"attributes": [{"name": "a", "value": " x"}]}, "The value of the attribute a"),
        ({"containerInstanceArn": "0" * 32}, MISSING_INSTANCE),
        ({"instanceIdentityDocumentSignature": "x"}, "there is nobody here to sign it"),
    ],
)
def test_invalid_instances_are_refused(client, asked, message):
    params = {"totalResources": SIZE} | asked
    client.fails("RegisterContainerInstance", "InvalidParameterException", message, **params)


def test_an_instance_drains_and_becomes_active_again(client):
    made = register(client)["containerInstanceArn"]
    asked = {"containerInstances": [made, "0" * 32], "status": "DRAINING"}
    answer = client.call("UpdateContainerInstancesState", **asked)
    assert [i["status"] for i in answer["containerInstances"]] == ["DRAINING"]
    assert [f["reason"] for f in answer["failures"]] == ["MISSING"]
    assert arns(client, status="DRAINING") == {made}
    assert arns(client, status="ACTIVE") == set()
    client.call("UpdateContainerInstancesState", containerInstances=[made], status="ACTIVE")
    assert arns(client, status="ACTIVE") == {made}


@pytest.mark.parametrize(
    ("operation", "code", "message", "asked"),
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
def test_invalid_instance_requests_are_refused(client, operation, code, message, asked):
    defaults = {
        "UpdateContainerInstancesState": {"status": "DRAINING"},
        "ListAttributes": {"targetType": "container-instance"},
    }
    client.fails(operation, code, message, **(defaults.get(operation, {}) | asked))


def test_updating_the_agent_reports_the_newest_version(client):
    made = register(client)["containerInstanceArn"]
    client.fails("UpdateContainerAgent", "NoUpdateAvailableException", "no update", containerInstance=made)


def test_a_deregistered_instance_is_inactive_and_its_cluster_deletable(client):
    made = register(client)["containerInstanceArn"]
    message = "The Cluster cannot be deleted while Container Instances are active or draining."
    client.fails("DeleteCluster", "ClusterContainsContainerInstancesException", message, cluster="default")
    gone = client.call("DeregisterContainerInstance", containerInstance=made)["containerInstance"]
    assert (gone["status"], gone["agentConnected"]) == ("INACTIVE", False)
    assert arns(client) == set()
    asked = {"containerInstances": [made], "include": ["TAGS", "CONTAINER_INSTANCE_HEALTH"]}
    [shown] = client.call("DescribeContainerInstances", **asked)["containerInstances"]
    assert shown["status"] == "INACTIVE"
    client.fails("DeregisterContainerInstance", "InvalidParameterException", MISSING_INSTANCE, containerInstance=made)
    client.call("DeleteCluster", cluster="default")


def test_instances_are_filtered_by_the_query_language(client):
    one, two = register(client), register(client)
    target = {"targetType": "container-instance", "targetId": one["containerInstanceArn"]}
    client.call("PutAttributes", attributes=[{"name": "stack", "value": "prod", **target}])
    zone = attributes(two)["ecs.availability-zone"]
    assert arns(client, filter="attribute:stack == prod") == {one["containerInstanceArn"]}
    assert arns(client, filter=f"attribute:ecs.availability-zone == {zone}") == {two["containerInstanceArn"]}
    assert arns(client, filter="not attribute:stack exists") == {two["containerInstanceArn"]}


def test_attributes_are_put_listed_and_deleted(client):
    made = register(client)["containerInstanceArn"]
    target = {"targetType": "container-instance", "targetId": made}
    client.call("PutAttributes", attributes=[{"name": "stack", "value": "dev", **target}, {"name": "fast", **target}])
    client.call("PutAttributes", attributes=[{"name": "stack", "value": "prod", **target}])
    asked = {"targetType": "container-instance", "attributeName": "stack"}
    assert client.call("ListAttributes", **asked)["attributes"] == [{"name": "stack", "value": "prod", **target}]
    client.call("DeleteAttributes", attributes=[{"name": "stack", "targetId": made}])
    assert client.call("ListAttributes", **asked)["attributes"] == []
    pages = client.call("ListAttributes", targetType="container-instance", maxResults=3)
    assert len(pages["attributes"]) == 3
    assert pages["nextToken"]


def test_custom_attributes_are_limited_and_cannot_replace_built_in_ones(client):
    made = register(client)["containerInstanceArn"]
    client.call("PutAttributes", attributes=[{"name": f"a{n}", "targetId": made} for n in range(10)])
    more = [{"name": "more", "targetId": made}]
    client.fails("PutAttributes", "AttributeLimitExceededException", "at most 10 custom", attributes=more)
    own = [{"name": "ecs.instance-type", "value": "x", "targetId": made}]
    client.fails("PutAttributes", "InvalidParameterException", "can't be changed", attributes=own)
    client.fails("DeleteAttributes", "InvalidParameterException", "can't be changed", attributes=own)


def test_tags_of_an_instance(client):
    made = register(client)["containerInstanceArn"]
    client.call("TagResource", resourceArn=made, tags=[{"key": "team", "value": "a"}])
    assert client.call("ListTagsForResource", resourceArn=made)["tags"] == [{"key": "team", "value": "a"}]
