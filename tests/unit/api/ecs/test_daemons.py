"""Services with the DAEMON scheduling strategy over the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.ecs.client import EcsClient, container

PROVIDER = {"capacityProvider": "FARGATE", "weight": 1}
AGENT: dict[str, Any] = {"serviceName": "logs", "taskDefinition": "agent", "schedulingStrategy": "DAEMON"}
DESIRED = "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value"
PLACED = "The daemon scheduling strategy does not support placement strategies. Remove the placement strategy"
MOST = "The daemon scheduling strategy does not support values above 100 for maximumPercent"
BALANCED = "Availability Zone Rebalancing does not support DAEMON services"
PROVIDERS = "Specifying a capacity provider strategy is not supported when you {} a service using the DAEMON"


@pytest.fixture
def house(shop: EcsClient) -> EcsClient:
    shop.call("RegisterTaskDefinition", family="agent", containerDefinitions=[container(memory=64, portMappings=[])])
    return shop


def test_a_service_that_names_nothing_more_is_one_of_ec2_with_the_bounds_of_daemons(house):
    made = house.call("CreateService", **AGENT)["service"]
    assert (made["schedulingStrategy"], made["launchType"], made["desiredCount"]) == ("DAEMON", "EC2", 0)
    bounds = made["deploymentConfiguration"]
    assert (bounds["maximumPercent"], bounds["minimumHealthyPercent"]) == (100, 0)
    assert made["availabilityZoneRebalancing"] == "DISABLED"
    [shown] = house.call("DescribeServices", services=["logs"])["services"]
    assert shown["schedulingStrategy"] == "DAEMON"


def test_lists_tell_them_apart(house):
    logs = house.call("CreateService", **AGENT)["service"]["serviceArn"]
    web = house.service()["serviceArn"]
    assert house.call("ListServices", schedulingStrategy="DAEMON")["serviceArns"] == [logs]
    assert house.call("ListServices", schedulingStrategy="REPLICA")["serviceArns"] == [web]
    assert house.call("ListServices")["serviceArns"] == sorted([logs, web])


BOTH: list[tuple[dict[str, Any], str]] = [
    ({"desiredCount": 1}, DESIRED),
    ({"desiredCount": 0}, DESIRED),
    ({"placementStrategy": [{"type": "spread", "field": "instanceId"}]}, PLACED),
    ({"deploymentConfiguration": {"maximumPercent": 200}}, MOST),
    ({"deploymentConfiguration": {"minimumHealthyPercent": 100}}, "cannot be 100 as this will block deployments"),
    (
        {"deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}},
        "deploymentConfiguration.strategy: BLUE_GREEN",
    ),
    ({"availabilityZoneRebalancing": "ENABLED"}, BALANCED),
]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *BOTH,
        ({"launchType": "FARGATE"}, "The daemon scheduling strategy does not support the FARGATE launch type. Change"),
        ({"capacityProviderStrategy": [PROVIDER]}, PROVIDERS.format("create")),
        ({"deploymentController": {"type": "EXTERNAL"}}, "does not support the EXTERNAL deployment controller"),
    ],
)
def test_what_it_may_not_be(house, changes, message):
    house.fails("CreateService", "InvalidParameterException", message, **(AGENT | changes))


@pytest.mark.parametrize(
    ("changes", "message"), [*BOTH, ({"capacityProviderStrategy": [PROVIDER]}, PROVIDERS.format("update"))]
)
def test_what_it_may_not_become(house, changes, message):
    house.call("CreateService", **AGENT)
    house.fails("UpdateService", "InvalidParameterException", message, service="logs", **changes)


def test_another_scheduling_strategy_is_not_in_the_model(house):
    house.fails("CreateService", "InvalidParameterException", "enum", **(AGENT | {"schedulingStrategy": "CRON"}))


def test_a_default_strategy_of_the_cluster_has_to_be_stepped_around(house):
    default = {"defaultCapacityProviderStrategy": [PROVIDER], "capacityProviders": ["FARGATE"]}
    house.call("PutClusterCapacityProviders", cluster="default", **default)
    house.fails("CreateService", "InvalidParameterException", PROVIDERS.format("create"), **AGENT)
    assert house.call("CreateService", launchType="EC2", **AGENT)["service"]["launchType"] == "EC2"


def test_constraints_and_bounds_change_in_place_and_a_definition_is_a_deployment(house):
    house.call("CreateService", **AGENT)
    constraint = {"type": "memberOf", "expression": "attribute:stack == prod"}
    half = {"minimumHealthyPercent": 50}
    changed = house.call(
        "UpdateService", service="logs", placementConstraints=[constraint], deploymentConfiguration=half
    )
    assert changed["service"]["placementConstraints"] == [constraint]
    assert len(changed["service"]["deployments"]) == 1
    house.call("RegisterTaskDefinition", family="agent", containerDefinitions=[container(memory=96, portMappings=[])])
    deployed = house.call("UpdateService", service="logs", taskDefinition="agent")["service"]
    assert [d["status"] for d in deployed["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert deployed["deploymentConfiguration"]["minimumHealthyPercent"] == 50


def test_it_is_deleted_without_being_scaled_down_first(house):
    house.call("CreateService", **AGENT)
    assert house.call("DeleteService", service="logs")["service"]["status"] == "DRAINING"
