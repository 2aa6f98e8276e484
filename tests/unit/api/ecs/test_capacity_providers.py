"""Capacity providers over the API, and tasks on the instances that are theirs."""

from __future__ import annotations

import pytest

from tests.unit.api.ecs.client import ARN, NETWORK, EcsClient, container
from tests.unit.api.ecs.test_placement_constraints import instances, run

GROUP = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/web"
OWN = {"autoScalingGroupArn": GROUP}
MISSING = "The specified capacity provider does not exist. Specify a valid name or ARN and try again."


@pytest.fixture
def shop() -> EcsClient:
    ecs_client = EcsClient()
    ecs_client.call("CreateCluster")
    ecs_client.definition()
    return ecs_client


def provide(shop: EcsClient, name: str = "mine") -> None:
    shop.call("CreateCapacityProvider", name=name, autoScalingGroupProvider=OWN)
    params = {"capacityProviders": [name, "FARGATE"], "defaultCapacityProviderStrategy": []}
    shop.call("PutClusterCapacityProviders", cluster="default", **params)


def test_a_provider_from_creation_to_deletion(shop):
    params = {"name": "mine", "autoScalingGroupProvider": OWN, "tags": [{"key": "a", "value": "1"}]}
    capacity_provider = shop.call("CreateCapacityProvider", **params)["capacityProvider"]
    assert (capacity_provider["capacityProviderArn"], capacity_provider["status"]) == (
        f"{ARN}capacity-provider/mine",
        "ACTIVE",
    )
    assert capacity_provider["autoScalingGroupProvider"]["managedScaling"] == {"status": "DISABLED"}
    assert capacity_provider["tags"] == [{"key": "a", "value": "1"}]
    capacity_providers = shop.call("DescribeCapacityProviders")["capacityProviders"]
    assert [p["name"] for p in capacity_providers] == ["FARGATE", "FARGATE_SPOT", "mine"]
    answer = shop.call(
        "DescribeCapacityProviders", capacityProviders=[capacity_provider["capacityProviderArn"], "none"]
    )
    assert [p["name"] for p in answer["capacityProviders"]] == ["mine"]
    assert [f["reason"] for f in answer["failures"]] == ["MISSING"]
    removed_capacity_provider = shop.call("DeleteCapacityProvider", capacityProvider="mine")["capacityProvider"]
    assert (removed_capacity_provider["status"], removed_capacity_provider["updateStatus"]) == (
        "INACTIVE",
        "DELETE_COMPLETE",
    )
    assert len(shop.call("DescribeCapacityProviders")["capacityProviders"]) == 2


def test_providers_are_listed_by_page_and_by_cluster(shop):
    provide(shop)
    first = shop.call("DescribeCapacityProviders", maxResults=2)
    rest = shop.call("DescribeCapacityProviders", maxResults=2, nextToken=first["nextToken"])
    assert [p["name"] for p in (*first["capacityProviders"], *rest["capacityProviders"])] == [
        "FARGATE",
        "FARGATE_SPOT",
        "mine",
    ]
    own = shop.call("DescribeCapacityProviders", cluster="default")["capacityProviders"]
    assert [p["name"] for p in own] == ["FARGATE", "mine"]


def test_tasks_are_placed_on_the_providers_instances(shop):
    provide(shop)
    instances(shop, 1)
    [own] = instances(shop, 1, tags=[{"key": "moyai:capacity-provider", "value": "mine"}])
    answer = run(shop, launchType=None, count=9, capacityProviderStrategy=[{"capacityProvider": "mine", "weight": 1}])
    assert {t["containerInstanceArn"] for t in answer["tasks"]} == {own}
    assert {(t["launchType"], t["capacityProviderName"]) for t in answer["tasks"]} == {("EC2", "mine")}
    assert answer["failures"] == [{"arn": own, "reason": "RESOURCE:CPU"}]
    [container_instance] = shop.call("DescribeContainerInstances", containerInstances=[own])["containerInstances"]
    assert container_instance["capacityProviderName"] == "mine"


def test_a_provider_without_instances_is_empty(shop):
    provide(shop)
    instances(shop, 1)
    params = {"taskDefinition": "web", "networkConfiguration": NETWORK}
    strategy = [{"capacityProvider": "mine", "weight": 1}]
    message = "No Container Instances were found in your capacity provider."
    shop.fails("RunTask", "InvalidParameterException", message, capacityProviderStrategy=strategy, **params)


def test_a_provider_in_use_cannot_be_deleted(shop):
    provide(shop)
    shop.service(launchType=None, capacityProviderStrategy=[{"capacityProvider": "mine", "weight": 1}])
    less = {"cluster": "default", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}
    message = "The specified capacity provider is in use and cannot be removed."
    shop.fails("PutClusterCapacityProviders", "ResourceInUseException", message, **less)
    message = "it is associated with cluster: default"
    shop.fails("DeleteCapacityProvider", "ClientException", message, capacityProvider="mine")


def test_managed_features_of_a_group_are_recorded_and_shown(shop):
    scaling = {"status": "ENABLED", "targetCapacity": 90, "minimumScalingStepSize": 1, "instanceWarmupPeriod": 0}
    managed = {"managedScaling": scaling, "managedTerminationProtection": "ENABLED", "managedDraining": "ENABLED"}
    created = shop.call("CreateCapacityProvider", name="scaled", autoScalingGroupProvider=OWN | managed)
    group = created["capacityProvider"]["autoScalingGroupProvider"]
    assert {name: group[name] for name in managed} == managed
    shop.call("UpdateCapacityProvider", name="scaled", autoScalingGroupProvider={"managedDraining": "DISABLED"})
    [described] = shop.call("DescribeCapacityProviders", capacityProviders=["scaled"])["capacityProviders"]
    assert described["autoScalingGroupProvider"] == group | {"managedDraining": "DISABLED"}


NAME = "The specified capacity provider name is invalid."


@pytest.mark.parametrize(
    ("operation", "code", "message", "asked"),
    [
        ("CreateCapacityProvider", "InvalidParameterException", NAME, {"name": "fargate-like"}),
        ("CreateCapacityProvider", "InvalidParameterException", NAME, {"name": "a b"}),
        (
            "CreateCapacityProvider",
            "InvalidParameterException",
            "autoScalingGroupProvider must be specified",
            {"name": "x"},
        ),
        (
            "CreateCapacityProvider",
            "InvalidParameterException",
            "must be the ARN or the name of an Auto Scaling group",
            {"name": "x", "autoScalingGroupProvider": {"autoScalingGroupArn": "arn:aws:ecs:us-east-1:1:cluster/web"}},
        ),
        (
            "CreateCapacityProvider",
            "InvalidParameterException",
            "managed termination protection setting for the capacity provider is invalid",
            {"name": "x", "autoScalingGroupProvider": OWN | {"managedTerminationProtection": "ENABLED"}},
        ),
        (
            "CreateCapacityProvider",
            "InvalidParameterException",
            "already exists",
            {"name": "mine", "autoScalingGroupProvider": OWN},
        ),
        ("UpdateCapacityProvider", "InvalidParameterException", MISSING, {"name": "x"}),
        ("DeleteCapacityProvider", "InvalidParameterException", MISSING, {"capacityProvider": "x"}),
        ("DeleteCapacityProvider", "ClientException", "reserved", {"capacityProvider": "FARGATE"}),
        ("DescribeCapacityProviders", "InvalidParameterException", "between 1 and 10", {"maxResults": 11}),
        (
            "CreateCluster",
            "InvalidParameterException",
            MISSING,
            {"clusterName": "other", "capacityProviders": ["none"]},
        ),
    ],
)
def test_invalid_provider_requests_are_refused(shop, operation, code, message, asked):
    provide(shop)
    shop.fails(operation, code, message, **asked)


def test_fargate_and_others_do_not_mix(shop):
    provide(shop)
    mixed = [{"capacityProvider": name, "weight": 1} for name in ("mine", "FARGATE")]
    params = {"taskDefinition": "web", "networkConfiguration": NETWORK, "capacityProviderStrategy": mixed}
    shop.fails("RunTask", "InvalidParameterException", "cannot contain both", **params)


def test_a_gpu_is_assigned_to_one_container(shop):
    first_container = container(resourceRequirements=[{"type": "GPU", "value": "2"}])
    definition = shop.definition("gpu", requiresCompatibilities=[], containerDefinitions=[first_container])
    assert definition["compatibilities"] == ["EC2"]
    [plain] = instances(shop, 1)
    assert run(shop, taskDefinition="gpu")["failures"] == [{"arn": plain, "reason": "RESOURCE:GPU"}]
    devices = [{"id": f"GPU-{n}", "type": "GPU"} for n in range(5)]
    [strong] = instances(shop, 1, platformDevices=devices)
    tasks = run(shop, taskDefinition="gpu", count=3)
    gpus = [gpu for t in tasks["tasks"] for c in t["containers"] for gpu in c["gpuIds"]]
    assert len(gpus) == len(set(gpus)) == 4
    assert {f["arn"]: f["reason"] for f in tasks["failures"]}[strong] == "RESOURCE:GPU"
    [container_instance] = shop.call("DescribeContainerInstances", containerInstances=[strong])["containerInstances"]
    left = {r["name"]: r.get("stringSetValue") for r in container_instance["remainingResources"]}
    assert set(left["GPU"]) == {d["id"] for d in devices} - set(gpus)
