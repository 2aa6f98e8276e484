"""Task sets, and the services that have them: creation, scales, the primary one, deletion, and what is refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.service import RecordType
from moyai.domain.ecs.service import ServiceStatus
from moyai.kernel.ids import ServiceArn
from tests.unit.api.ecs.client import ARN, NETWORK, EcsClient, connect, offer, service

EXTERNAL = {
    "serviceName": "own",
    "desiredCount": 3,
    "deploymentController": {"type": "EXTERNAL"},
    "launchType": "FARGATE",
}
OWN = {"cluster": "default", "service": "own"}
SET = OWN | {"taskDefinition": "web", "networkConfiguration": NETWORK}


@pytest.fixture
def own(shop: EcsClient) -> EcsClient:
    """A shop with the EXTERNAL service ``own`` and the ECS service ``web``."""
    shop.service()
    shop.call("CreateService", **EXTERNAL)
    return shop


def _create(bench, **changes):
    return bench.call("CreateTaskSet", **(SET | changes))["taskSet"]


def _describe_service(bench):
    return bench.call("DescribeServices", services=["own"])["services"][0]


def _sets(bench, *names, **more):
    return bench.call("DescribeTaskSets", **OWN, taskSets=names, **more)


def test_a_new_external_service_has_no_tasks(own):
    described = _describe_service(own)
    assert (described["status"], described["desiredCount"]) == ("ACTIVE", 3)
    assert described["deploymentController"] == {"type": "EXTERNAL"}
    assert described["deployments"] == described["taskSets"] == described["currentServiceRevisions"] == []
    assert described["availabilityZoneRebalancing"] == "DISABLED"
    assert {"taskDefinition", "networkConfiguration", "currentServiceDeployment"}.isdisjoint(described)
    assert "taskSets" not in own.call("DescribeServices", services=["web"])["services"][0]
    assert own.call("ListServiceDeployments", service="own")["serviceDeployments"] == []
    bounds = {"maximumPercent": 150, "minimumHealthyPercent": 50}
    other = own.call("CreateService", **(EXTERNAL | {"serviceName": "b", "deploymentConfiguration": bounds}))["service"]
    assert other["deploymentConfiguration"].items() >= bounds.items()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"taskDefinition": "web"}, "TaskDefinition must be blank"),
        ({"networkConfiguration": NETWORK}, "NetworkConfiguration must be empty or null"),
        ({"platformVersion": "LATEST"}, "PlatformVersion must be blank"),
        ({"serviceRegistries": [{"registryArn": "arn"}]}, "ServiceRegistries must be empty or null"),
        ({"serviceConnectConfiguration": connect(offer())}, "Service Connect is only supported"),
        ({"loadBalancers": [{"containerName": "app"}]}, "LoadBalancers must be empty or null"),
        ({"availabilityZoneRebalancing": "ENABLED"}, "does not support services with an EXTERNAL"),
        (
            {"deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}},
            "maximumPercent and minimumHealthyPercent only",
        ),
        (
            {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}},
            "maximumPercent and minimumHealthyPercent only",
        ),
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "CODE_DEPLOY is not supported by moyai"),
        ({"desiredCount": None}, "DesiredCount is missing"),
    ],
)
def test_invalid_external_services_are_refused(shop, changes, message):
    asked = {k: v for k, v in (EXTERNAL | changes).items() if v is not None}
    shop.fails("CreateService", "InvalidParameterException", message, **asked)


def test_an_update_changes_service_level_settings(own):
    changes = {"desiredCount": 5, "healthCheckGracePeriodSeconds": 9, "enableECSManagedTags": True}
    new_service = own.call("UpdateService", service="own", deploymentController={"type": "EXTERNAL"}, **changes)[
        "service"
    ]
    assert new_service.items() >= changes.items()
    assert new_service["deployments"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"taskDefinition": "web"}, "Unable to update task definition on services with an EXTERNAL"),
        ({"networkConfiguration": NETWORK}, "Unable to update network configuration"),
        ({"platformVersion": "1.4.0"}, "Unable to update platform version"),
        ({"serviceRegistries": []}, "Unable to update service registries"),
        ({"serviceConnectConfiguration": {"enabled": False}}, "Unable to update Service Connect configuration"),
        ({"deploymentConfiguration": {"maximumPercent": 150}}, "Unable to update deployment configuration"),
        ({"availabilityZoneRebalancing": "ENABLED"}, "Unable to update Availability Zone rebalancing"),
        ({"enableExecuteCommand": True}, "Unable to update ECS Exec"),
        ({"forceNewDeployment": True}, "Unable to force a new deployment"),
        ({"deploymentController": {"type": "ECS"}}, "the service was made with EXTERNAL, and keeps it"),
    ],
)
def test_an_update_refuses_task_set_settings(own, changes, message):
    own.fails("UpdateService", "InvalidParameterException", message, service="own", **changes)


def test_the_controller_of_a_service_cannot_change(own):
    controller = {"type": "EXTERNAL"}
    message = "the service was made with ECS, and keeps it"
    own.fails("UpdateService", "InvalidParameterException", message, service="web", deploymentController=controller)


def test_a_task_set_is_described_as_created(own):
    task_set = _create(
        own,
        externalId="v1",
        launchType="FARGATE",
        platformVersion="1.4.0",
        scale={"value": 50, "unit": "PERCENT"},
        tags=[{"key": "a", "value": "1"}],
    )
    number = task_set["id"].removeprefix("ecs-svc/")
    assert len(number) == 19
    assert task_set["taskSetArn"] == f"{ARN}task-set/default/own/ecs-svc/{number}"
    assert task_set["serviceArn"] == f"{ARN}service/default/own"
    assert task_set["clusterArn"] == f"{ARN}cluster/default"
    assert task_set["networkConfiguration"]["awsvpcConfiguration"].items() >= NETWORK["awsvpcConfiguration"].items()
    expected = {
        "externalId": "v1",
        "status": "ACTIVE",
        "taskDefinition": f"{ARN}task-definition/web:1",
        "computedDesiredCount": 2,
        "pendingCount": 0,
        "runningCount": 0,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "scale": {"value": 50.0, "unit": "PERCENT"},
        "stabilityStatus": "STABILIZING",
        "stabilityStatusAt": task_set["createdAt"],
        "loadBalancers": [],
        "serviceRegistries": [],
        "tags": [{"key": "a", "value": "1"}],
    }
    assert task_set.items() >= expected.items()
    assert _sets(own, include=["TAGS"])["taskSets"] == [task_set]
    assert _sets(own)["taskSets"] == _describe_service(own)["taskSets"] == [task_set | {"tags": []}]


def test_a_task_set_without_a_scale_has_no_tasks(own):
    task_set = _create(own)
    assert (task_set["scale"], task_set["computedDesiredCount"]) == ({"value": 0.0, "unit": "PERCENT"}, 0)
    assert (task_set["platformVersion"], "externalId" in task_set) == ("LATEST", False)


def test_a_registry_is_checked_against_the_task_definition(own):
    registry = own.registry(RecordType.A)
    assert _create(own, serviceRegistries=[{"registryArn": registry}])["serviceRegistries"] == [
        {"registryArn": registry}
    ]
    wrong = [{"registryArn": registry, "port": 80}]
    message = "do not require a value for 'port'"
    own.fails("CreateTaskSet", "InvalidParameterException", message, **SET, serviceRegistries=wrong)


def test_the_same_token_makes_one_task_set(own):
    task_set = _create(own, clientToken="t")
    assert _create(own, clientToken="t") == task_set
    assert _create(own, clientToken="u") != task_set
    message = "not idempotent"
    own.fails("CreateTaskSet", "InvalidParameterException", message, **SET, clientToken="t", externalId="other")


def test_a_service_has_at_most_five_task_sets(own):
    for _ in range(5):
        _create(own)
    own.fails("CreateTaskSet", "LimitExceededException", "at most 5 task sets", **SET)


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"cluster": "none"}, "ClusterNotFoundException", "Cluster not found."),
        ({"service": "none"}, "ServiceNotFoundException", "Service not found."),
        ({"service": "web"}, "UnsupportedFeatureException", "deployment controller EXTERNAL"),
        ({"taskDefinition": "none"}, "ClientException", "TaskDefinition not found."),
        ({"networkConfiguration": None}, "InvalidParameterException", "Network Configuration must be provided"),
        ({"launchType": "MANAGED_INSTANCES"}, "InvalidParameterException", "launch type should be one of"),
        ({"launchType": "EC2", "platformVersion": "LATEST"}, "InvalidParameterException", "must be null"),
        ({"platformVersion": "9"}, "PlatformUnknownException", "does not exist"),
        ({"scale": {"value": 100.5}}, "InvalidParameterException", "between 0 and 100"),
        ({"scale": {"value": -1}}, "InvalidParameterException", "between 0 and 100"),
        ({"externalId": "x" * 1025}, "InvalidParameterException", "at most 1024 characters"),
        ({"clientToken": "x" * 37}, "InvalidParameterException", "longer than 36"),
        ({"tags": [{"key": "aws:x"}]}, "InvalidParameterException", "reserved"),
        ({"tags": [{"key": "moyai:x"}]}, "InvalidParameterException", "There is none for a task set."),
        ({"loadBalancers": [{"containerName": "a"}]}, "InvalidParameterException", "needs a targetGroupArn"),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            "InvalidParameterException",
            "not associated with the cluster",
        ),
    ],
)
def test_invalid_task_sets_are_refused(own, changes, code, message):
    asked = {k: v for k, v in (SET | changes).items() if v is not None}
    own.fails("CreateTaskSet", code, message, **asked)


def test_placement_must_fit_the_launch_type_of_a_task_set(own):
    own.call("UpdateService", service="own", placementStrategy=[{"type": "binpack", "field": "memory"}])
    own.fails("CreateTaskSet", "InvalidParameterException", "not supported with FARGATE launch type", **SET)
    task_set = _create(own, launchType="EC2")
    assert task_set["launchType"] == "EC2"
    assert "platformVersion" not in task_set
    providers = {"capacityProviders": ["FARGATE_SPOT"], "defaultCapacityProviderStrategy": []}
    own.call("PutClusterCapacityProviders", cluster="default", **providers)
    own.call("UpdateService", service="own", placementStrategy=[])
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    provided_task_set = _create(own, capacityProviderStrategy=strategy)
    assert "launchType" not in provided_task_set
    assert provided_task_set["capacityProviderStrategy"] == strategy
    assert provided_task_set["platformVersion"] == "LATEST"


def test_a_task_set_inherits_the_services_launch_type(own):
    assert _create(own)["launchType"] == "FARGATE"
    own.call("CreateService", **(EXTERNAL | {"serviceName": "placed", "launchType": "EC2"}))
    assert _create(own, service="placed")["launchType"] == "EC2"


def test_task_sets_are_found_by_id_and_arn(own):
    first, second = _create(own), _create(own)
    sets = _sets(own, second["taskSetArn"], first["id"], "ecs-svc/0", second["id"])
    assert [s["id"] for s in sets["taskSets"]] == [second["id"], first["id"]]
    assert sets["failures"] == [{"arn": f"{ARN}task-set/default/own/ecs-svc/0", "reason": "MISSING"}]
    elsewhere = first["taskSetArn"].replace("/own/", "/web/")
    assert _sets(own, elsewhere)["failures"] == [{"arn": elsewhere, "reason": "MISSING"}]
    many = [f"ecs-svc/{n}" for n in range(11)]
    own.fails("DescribeTaskSets", "InvalidParameterException", "at most 10 items", **OWN, taskSets=many)


def test_the_scale_of_a_task_set_is_updated(own):
    task_set = _create(own)
    own.later()
    response = own.call("UpdateTaskSet", **OWN, taskSet=task_set["taskSetArn"], scale={"value": 34, "unit": "PERCENT"})
    assert (
        response["taskSet"].items() >= {"computedDesiredCount": 2, "scale": {"value": 34.0, "unit": "PERCENT"}}.items()
    )
    assert response["taskSet"]["updatedAt"] > task_set["updatedAt"]
    message = "between 0 and 100"
    wrong = OWN | {"taskSet": task_set["id"], "scale": {"value": 101}}
    own.fails("UpdateTaskSet", "InvalidParameterException", message, **wrong)


def test_the_primary_task_set_sets_the_services_task_definition(own):
    first, second = _create(own), _create(own, taskDefinition=own.definition("other")["taskDefinitionArn"])
    task_set = own.call("UpdateServicePrimaryTaskSet", **OWN, primaryTaskSet=first["id"])["taskSet"]
    assert task_set["status"] == "PRIMARY"
    assert _describe_service(own)["taskDefinition"] == first["taskDefinition"]
    own.call("UpdateServicePrimaryTaskSet", **OWN, primaryTaskSet=second["taskSetArn"])
    own.call("UpdateServicePrimaryTaskSet", **OWN, primaryTaskSet=second["taskSetArn"])
    seen = _describe_service(own)
    assert seen["taskDefinition"] == second["taskDefinition"]
    assert [(s["id"], s["status"]) for s in seen["taskSets"]] == [(second["id"], "PRIMARY"), (first["id"], "ACTIVE")]


def test_deleting_a_task_set_requires_zero_scale_or_force(own):
    task_set = _create(own, scale={"value": 1, "unit": "PERCENT"})
    params = OWN | {"taskSet": task_set["id"]}
    own.fails("DeleteTaskSet", "InvalidParameterException", "while it is scaled above 0", **params)
    removed_task_set = own.call("DeleteTaskSet", **params, force=True)["taskSet"]
    assert (removed_task_set["status"], removed_task_set["computedDesiredCount"]) == ("DRAINING", 0)
    assert own.call("DeleteTaskSet", **params)["taskSet"] == removed_task_set
    own.fails("UpdateTaskSet", "InvalidParameterException", "is DRAINING", **params, scale={"value": 1})
    primary = OWN | {"primaryTaskSet": task_set["id"]}
    own.fails("UpdateServicePrimaryTaskSet", "InvalidParameterException", "is DRAINING", **primary)
    assert own.call("DeleteTaskSet", **OWN, taskSet=_create(own)["id"])["taskSet"]["status"] == "DRAINING"


CALLS = {
    "DescribeTaskSets": {},
    "UpdateTaskSet": {"taskSet": "ecs-svc/0", "scale": {"value": 1}},
    "DeleteTaskSet": {"taskSet": "ecs-svc/0"},
    "UpdateServicePrimaryTaskSet": {"primaryTaskSet": "ecs-svc/0"},
}


@pytest.mark.parametrize(("operation", "members"), CALLS.items(), ids=CALLS)
def test_task_sets_exist_only_in_active_external_services(own, operation, members):
    if members:
        own.fails(operation, "TaskSetNotFoundException", "TaskSet not found.", **OWN, **members)
    elsewhere = {"cluster": "default", "service": "web"} | members
    own.fails(operation, "UnsupportedFeatureException", "EXTERNAL", **elsewhere)
    own.fails(operation, "ServiceNotFoundException", "Service not found.", **(elsewhere | {"service": "none"}))
    for status in (ServiceStatus.DRAINING, ServiceStatus.INACTIVE):
        own.put(replace(own.world.services[ServiceArn(f"{ARN}service/default/own")], status=status))
        own.fails(operation, "ServiceNotActiveException", "Service was not ACTIVE.", **OWN, **members)


def test_an_external_service_is_recreated_only_with_its_token(own):
    own.fails("CreateService", "InvalidParameterException", "was not idempotent", **EXTERNAL)
    own.fails("CreateService", "InvalidParameterException", "was not idempotent", **service("own"))
    own.call("DeleteService", service="own", force=True)
    assert _describe_service(own)["status"] == "DRAINING"
