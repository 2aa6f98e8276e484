"""Launch types, placement and capacity providers over the API."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.api.ecs.client import NETWORK, SUBNETS, EcsClient
from tests.unit.api.ecs.test_instances import register

ITEM = {"capacityProvider": "FARGATE", "weight": 1}
SPOT = {"capacityProvider": "FARGATE_SPOT", "weight": 3}


@pytest.fixture
def shop() -> EcsClient:
    ecs_client = EcsClient()
    ecs_client.call("CreateCluster", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    ecs_client.definition()
    return ecs_client


def instances(shop: EcsClient, count: int, **changes: Any) -> list[str]:
    """Connected instances, one zone after the other; their ARNs."""
    arns = []
    for _ in range(count):
        arn = register(shop, **changes)["containerInstanceArn"]
        shop.put(replace(shop.world.container_instances[arn], agent_connected=True))
        arns.append(arn)
    return arns


def run(shop: EcsClient, **changes: object) -> dict[str, Any]:
    params = {"taskDefinition": "web", "networkConfiguration": NETWORK, "launchType": "EC2"} | changes
    return shop.call("RunTask", **{name: value for name, value in params.items() if value is not None})


def test_tasks_run_on_instances_and_count_there(shop):
    arns = instances(shop, 3)
    answer = run(shop, count=3, placementStrategy=[{"type": "spread", "field": "instanceId"}])
    assert answer["failures"] == []
    assert {t["containerInstanceArn"] for t in answer["tasks"]} == set(arns)
    task = answer["tasks"][0]
    assert task["launchType"] == "EC2"
    assert {"platformVersion", "platformFamily", "fargateEphemeralStorage"}.isdisjoint(task)
    here = task["containerInstanceArn"]
    assert shop.call("ListTasks", containerInstance=here)["taskArns"] == [task["taskArn"]]
    [container_instance] = shop.call("DescribeContainerInstances", containerInstances=[here])["containerInstances"]
    left = {r["name"]: r["integerValue"] for r in container_instance["remainingResources"]}
    assert (left["CPU"], left["MEMORY"], container_instance["pendingTasksCount"]) == (2048 - 256, 4096 - 512, 1)
    [cluster] = shop.call("DescribeClusters", include=["STATISTICS"])["clusters"]
    statistics = {s["name"]: s["value"] for s in cluster["statistics"]}
    assert (statistics["pendingEC2TasksCount"], statistics["pendingFargateTasksCount"]) == ("3", "0")
    message = "Found running tasks on the instance."
    shop.fails("DeregisterContainerInstance", "InvalidParameterException", message, containerInstance=here)


def test_tasks_that_do_not_fit_are_failures(shop):
    [arn] = instances(shop, 1)
    answer = run(shop, count=10)
    assert len(answer["tasks"]) == 8
    assert answer["failures"] == [{"arn": arn, "reason": "RESOURCE:CPU"}]


def test_overrides_change_the_size_of_a_task(shop):
    [arn] = instances(shop, 1)
    assert run(shop, overrides={"cpu": "4096"})["failures"] == [{"arn": arn, "reason": "RESOURCE:CPU"}]
    assert run(shop, overrides={"cpu": "1024", "memory": "4096"})["tasks"][0]["cpu"] == "1024"


def test_the_same_token_makes_the_same_tasks_and_another_request_is_a_conflict(shop):
    instances(shop, 1)
    tasks = run(shop, clientToken="t")["tasks"]
    assert run(shop, clientToken="t")["tasks"] == tasks
    params = {"taskDefinition": "web", "networkConfiguration": NETWORK, "launchType": "EC2", "clientToken": "t"}
    error = shop.fails("RunTask", "ConflictException", "clientToken was used", count=2, **params)
    assert error.detail["resource_ids"] == [tasks[0]["taskArn"]]


def test_a_forced_deregistration_stops_the_tasks(shop):
    [arn] = instances(shop, 1)
    task = run(shop)["tasks"][0]["taskArn"]
    shop.call("DeregisterContainerInstance", containerInstance=arn, force=True)
    [observed_task] = shop.call("DescribeTasks", tasks=[task])["tasks"]
    assert (observed_task["desiredStatus"], observed_task["stopCode"]) == ("STOPPED", "TerminationNotice")
    assert observed_task["stoppedReason"].startswith("Host EC2 (instance i-")


def test_start_task_uses_the_named_instances(shop):
    small, big = instances(shop, 1, totalResources=_size(128, 128)), instances(shop, 1)
    drained_instances = instances(shop, 1)
    shop.call("UpdateContainerInstancesState", containerInstances=drained_instances, status="DRAINING")
    params = {"containerInstances": [*small, *big, *drained_instances, "0" * 32], "networkConfiguration": NETWORK}
    answer = shop.call("StartTask", taskDefinition="web", startedBy="me", **params)
    [task] = answer["tasks"]
    assert (task["containerInstanceArn"], task["startedBy"]) == (big[0], "me")
    reasons = {f["arn"].rpartition("/")[2]: f["reason"] for f in answer["failures"]}
    assert reasons == {
        small[0].rpartition("/")[2]: "RESOURCE:CPU",
        drained_instances[0].rpartition("/")[2]: "INACTIVE",
        "0" * 32: "MISSING",
    }


def test_start_task_accepts_one_to_ten_instances(shop):
    params = {"taskDefinition": "web", "networkConfiguration": NETWORK}
    message = "containerInstances has 1 to 10 items"
    shop.fails("StartTask", "InvalidParameterException", message, containerInstances=[], **params)


def test_the_default_launch_type_is_ec2_with_instances_and_else_fargate(shop):
    assert run(shop, launchType=None)["tasks"][0]["launchType"] == "FARGATE"
    instances(shop, 1)
    assert run(shop, launchType=None)["tasks"][0]["launchType"] == "EC2"
    assert shop.service(launchType=None)["launchType"] == "EC2"


def test_the_clusters_default_strategy_has_precedence(shop):
    instances(shop, 1)
    params = {"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [ITEM]}
    shop.call("PutClusterCapacityProviders", cluster="default", **params)
    task = run(shop, launchType=None)["tasks"][0]
    assert (task["launchType"], task["capacityProviderName"]) == ("FARGATE", "FARGATE")


def test_a_strategy_distributes_tasks_over_providers(shop):
    answer = run(shop, launchType=None, count=9, capacityProviderStrategy=[ITEM | {"base": 1}, SPOT])
    assert Counter(t["capacityProviderName"] for t in answer["tasks"]) == {"FARGATE": 3, "FARGATE_SPOT": 6}
    assert {t["launchType"] for t in answer["tasks"]} == {"FARGATE"}


def test_a_service_switches_between_strategy_and_launch_type(shop):
    service = shop.service(launchType=None, capacityProviderStrategy=[ITEM, SPOT])
    assert "launchType" not in service
    assert "launchType" not in service["deployments"][0]
    assert [i["capacityProvider"] for i in service["capacityProviderStrategy"]] == ["FARGATE", "FARGATE_SPOT"]
    back = shop.call("UpdateService", service="web", capacityProviderStrategy=[], forceNewDeployment=True)["service"]
    assert back["launchType"] == "FARGATE"
    assert "capacityProviderStrategy" not in back
    again = shop.call("UpdateService", service="web", capacityProviderStrategy=[SPOT])["service"]
    assert [i["weight"] for i in again["capacityProviderStrategy"]] == [3]


def test_placement_of_a_service_is_set_changed_and_removed(shop):
    instances(shop, 1)
    rule = {"type": "memberOf", "expression": "attribute:stack == prod"}
    service = shop.service(launchType="EC2", placementConstraints=[rule], placementStrategy=[{"type": "random"}])
    assert (service["placementConstraints"], service["placementStrategy"]) == ([rule], [{"type": "random"}])
    assert "platformVersion" not in service
    packed = [{"type": "binpack", "field": "memory"}]
    changed_service = shop.call("UpdateService", service="web", placementStrategy=packed)["service"]
    assert (changed_service["placementConstraints"], changed_service["placementStrategy"]) == ([rule], packed)
    assert len(changed_service["deployments"]) == 1
    bare = shop.call("UpdateService", service="web", placementConstraints=[], placementStrategy=[{}])["service"]
    assert (bare["placementConstraints"], bare["placementStrategy"]) == ([], [])


def _size(cpu: int, memory: int) -> list[dict[str, object]]:
    return [{"name": n, "type": "INTEGER", "integerValue": v} for n, v in (("CPU", cpu), ("MEMORY", memory))]


def _rule(kind: str, expression: str | None = None) -> dict[str, object]:
    rule: dict[str, object] = {"type": kind}
    return rule if expression is None else rule | {"expression": expression}


NO_WEIGHT = "There are no capacity providers in the capacity provider strategy with a weight value greater than zero"
MISTAKES = [
    ({"launchType": "EC2", "capacityProviderStrategy": [ITEM]}, "Specifying both a launch type and capacity provider"),
    ({"launchType": "EC2", "platformVersion": "LATEST"}, "must be null when specifying an EC2 launch type."),
    ({"launchType": "EXTERNAL"}, "Task definition does not support launch_type EXTERNAL."),
    ({"capacityProviderStrategy": [ITEM | {"weight": 0}]}, NO_WEIGHT),
    (
        {"capacityProviderStrategy": [ITEM | {"base": 1}, SPOT | {"base": 1}]},
        "There are multiple capacity providers in the specified capacity provider strategy with a base value defined",
    ),
    ({"capacityProviderStrategy": [ITEM | {"capacityProvider": "mine"}]}, "is not associated with the cluster."),
    ({"capacityProviderStrategy": [ITEM, ITEM]}, "each once"),
    ({"capacityProviderStrategy": [ITEM | {"weight": 5000}]}, "weight"),
    ({"launchType": "EC2", "placementStrategy": [{"type": "random"}] * 6}, "Maximum number of strategies is 5"),
    (
        {"launchType": "EC2", "placementStrategy": [{"type": "random", "field": "cpu"}]},
        "random field should not be specified",
    ),
    (
        {"launchType": "EC2", "placementStrategy": [{"type": "binpack", "field": "disk"}]},
        "binpack field 'disk' is invalid",
    ),
    (
        {"launchType": "EC2", "placementStrategy": [{"type": "spread", "field": "zone"}]},
        "spread field 'zone' is invalid",
    ),
    (
        {"launchType": "EC2", "placementConstraints": [_rule("distinctInstance", "a")]},
        "distinctInstance expression should not be specified",
    ),
    ({"launchType": "EC2", "placementConstraints": [_rule("memberOf")]}, "memberOf expression should be specified"),
    ({"launchType": "EC2", "placementConstraints": [_rule("memberOf", "a")]}, "Invalid expression: At character 1"),
    (
        {"launchType": "EC2", "placementConstraints": [_rule("distinctInstance")] * 11},
        "Maximum number of constraints is 10",
    ),
    (
        {"launchType": "FARGATE", "placementStrategy": [{"type": "random"}]},
        "Placement strategies are not supported with FARGATE launch type",
    ),
]


@pytest.mark.parametrize(("parameters", "message"), MISTAKES)
def test_invalid_placement_is_refused(shop, parameters, message):
    instances(shop, 1)
    same = {"taskDefinition": "web", "networkConfiguration": NETWORK}
    shop.fails("RunTask", "InvalidParameterException", message, **same, **parameters)
    shop.fails(
        "CreateService", "InvalidParameterException", message, serviceName="x", desiredCount=1, **same, **parameters
    )


@pytest.mark.parametrize("operation", ["RunTask", "CreateService"])
def test_records_are_looked_up_before_rules_of_placement(shop, operation):
    service = {"serviceName": "x", "desiredCount": 1} if operation == "CreateService" else {}
    wrong = {"launchType": "EC2", "placementConstraints": [_rule("memberOf")], "networkConfiguration": NETWORK}
    shop.fails(operation, "ClientException", "TaskDefinition not found.", taskDefinition="none", **service, **wrong)
    strategy = [{"capacityProvider": "mine", "weight": 0}]
    message = "is not associated with the cluster."
    parameters = {"taskDefinition": "web", "networkConfiguration": NETWORK, "capacityProviderStrategy": strategy}
    shop.fails(operation, "InvalidParameterException", message, **service, **parameters)


def test_a_subnet_in_another_zone_cannot_be_used(shop):
    arns = instances(shop, 1)
    elsewhere = {"awsvpcConfiguration": {"subnets": SUBNETS[2:]}}
    assert run(shop, networkConfiguration=elsewhere)["failures"] == [{"arn": arns[0], "reason": "LOCATION"}]


def _revision(shop: EcsClient, name: str, **launched: object) -> dict[str, Any]:
    params = {
        "serviceName": name,
        "taskDefinition": "web",
        "desiredCount": 0,
        "networkConfiguration": NETWORK,
    } | launched
    [current_service_revision] = shop.call("CreateService", **params)["service"]["currentServiceRevisions"]
    [service_revision] = shop.call("DescribeServiceRevisions", serviceRevisionArns=[current_service_revision["arn"]])[
        "serviceRevisions"
    ]
    return dict(service_revision)


def test_a_revision_shows_the_strategy_or_the_launch_type_that_it_was_made_with(shop):
    revision = _revision(shop, "shared", capacityProviderStrategy=[SPOT])
    assert revision["capacityProviderStrategy"] == [{"base": 0} | SPOT]
    assert "launchType" not in revision
    assert revision["platformVersion"] == "1.4.0"
    placed_revision = _revision(shop, "placed", launchType="EC2")
    assert placed_revision["launchType"] == "EC2"
    assert not {"capacityProviderStrategy", "platformVersion", "platformFamily"} & placed_revision.keys()
