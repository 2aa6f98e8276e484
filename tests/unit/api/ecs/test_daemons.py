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
def with_agent(shop: EcsClient) -> EcsClient:
    shop.call("RegisterTaskDefinition", family="agent", containerDefinitions=[container(memory=64, portMappings=[])])
    return shop


def test_a_daemon_service_has_ec2_and_daemon_defaults(with_agent):
    service = with_agent.call("CreateService", **AGENT)["service"]
    assert (service["schedulingStrategy"], service["launchType"], service["desiredCount"]) == ("DAEMON", "EC2", 0)
    bounds = service["deploymentConfiguration"]
    assert (bounds["maximumPercent"], bounds["minimumHealthyPercent"]) == (100, 0)
    assert service["availabilityZoneRebalancing"] == "DISABLED"
    [described_service] = with_agent.call("DescribeServices", services=["logs"])["services"]
    assert described_service["schedulingStrategy"] == "DAEMON"


def test_lists_filter_by_scheduling_strategy(with_agent):
    logs = with_agent.call("CreateService", **AGENT)["service"]["serviceArn"]
    web = with_agent.service()["serviceArn"]
    assert with_agent.call("ListServices", schedulingStrategy="DAEMON")["serviceArns"] == [logs]
    assert with_agent.call("ListServices", schedulingStrategy="REPLICA")["serviceArns"] == [web]
    assert with_agent.call("ListServices")["serviceArns"] == sorted([logs, web])


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
def test_invalid_daemon_services_are_refused(with_agent, changes, message):
    with_agent.fails("CreateService", "InvalidParameterException", message, **(AGENT | changes))


@pytest.mark.parametrize(
    ("changes", "message"), [*BOTH, ({"capacityProviderStrategy": [PROVIDER]}, PROVIDERS.format("update"))]
)
def test_invalid_daemon_updates_are_refused(with_agent, changes, message):
    with_agent.call("CreateService", **AGENT)
    with_agent.fails("UpdateService", "InvalidParameterException", message, service="logs", **changes)


def test_an_unknown_scheduling_strategy_is_refused(with_agent):
    with_agent.fails(
        "CreateService",
        "InvalidParameterException",
        "scheduling strategy should be one of [REPLICA,DAEMON]",
        **(AGENT | {"schedulingStrategy": "CRON"}),
    )


def test_a_daemon_needs_a_launch_type_where_the_cluster_has_a_default_strategy(with_agent):
    default = {"defaultCapacityProviderStrategy": [PROVIDER], "capacityProviders": ["FARGATE"]}
    with_agent.call("PutClusterCapacityProviders", cluster="default", **default)
    with_agent.fails("CreateService", "InvalidParameterException", PROVIDERS.format("create"), **AGENT)
    assert with_agent.call("CreateService", launchType="EC2", **AGENT)["service"]["launchType"] == "EC2"


def test_constraints_and_bounds_change_in_place_and_a_definition_is_a_deployment(with_agent):
    with_agent.call("CreateService", **AGENT)
    constraint = {"type": "memberOf", "expression": "attribute:stack == prod"}
    half = {"minimumHealthyPercent": 50}
    response = with_agent.call(
        "UpdateService", service="logs", placementConstraints=[constraint], deploymentConfiguration=half
    )
    assert response["service"]["placementConstraints"] == [constraint]
    assert len(response["service"]["deployments"]) == 1
    with_agent.call(
        "RegisterTaskDefinition", family="agent", containerDefinitions=[container(memory=96, portMappings=[])]
    )
    service = with_agent.call("UpdateService", service="logs", taskDefinition="agent")["service"]
    assert [d["status"] for d in service["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert service["deploymentConfiguration"]["minimumHealthyPercent"] == 50


def test_a_daemon_service_is_deleted_without_scaling_down(with_agent):
    with_agent.call("CreateService", **AGENT)
    assert with_agent.call("DeleteService", service="logs")["service"]["status"] == "DRAINING"
