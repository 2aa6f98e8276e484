"""Each exception that the model lists for an operation of ECS is raised as the table says, or has a reason why not."""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.api.ecs.client import NETWORK, EcsClient, dispatcher, ecs_service, fargate, service

TABLE = tomllib.loads(Path(__file__).with_name("ecs_exceptions.toml").read_text())
ROOT = Path(__file__).parents[3]
NOWHERE = "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-nowhere"
ATTRIBUTE = {"name": "stack", "value": "a", "targetType": "container-instance", "targetId": "{instance}"}
OWN = {"cluster": "default", "service": "own", "taskSet": "{set}"}
RUN = {"taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": NETWORK}
DAEMON = {"daemonTaskDefinitionArn": "{agent}", "capacityProviderArns": ["{provider}"]}
LEAST: dict[str, dict[str, Any]] = {
    "ContinueServiceDeployment": {"serviceDeploymentArn": "{deployment}", "hookId": "none"},
    "CreateCapacityProvider": {"name": "mine", "autoScalingGroupProvider": {"autoScalingGroupArn": "arn:aws:a:b:c:d"}},
    "CreateDaemon": DAEMON | {"daemonName": "new", "clusterArn": "fleet"},
    "CreateService": service("new"),
    "CreateTaskSet": {"cluster": "default", "service": "own", "taskDefinition": "web", "networkConfiguration": NETWORK}
    | {"scale": {"value": 10.0, "unit": "PERCENT"}},
    "DeleteAttributes": {"attributes": [ATTRIBUTE]},
    "DeleteCluster": {"cluster": "default"},
    "DeleteDaemon": {"daemonArn": "{daemon}"},
    "DeleteDaemonTaskDefinition": {"daemonTaskDefinition": "{agent}"},
    "DeleteService": {"service": "web"},
    "DeleteTaskSet": OWN,
    "DeregisterContainerInstance": {"containerInstance": "{instance}"},
    "DescribeContainerInstances": {"containerInstances": ["{instance}"]},
    "DescribeDaemon": {"daemonArn": "{daemon}"},
    "DescribeDaemonDeployments": {"daemonDeploymentArns": ["{rollout}"]},
    "DescribeDaemonRevisions": {"daemonRevisionArns": ["none"]},
    "DescribeDaemonTaskDefinition": {"daemonTaskDefinition": "{agent}"},
    "DescribeServices": {"services": ["web"]},
    "DescribeTaskSets": {"cluster": "default", "service": "own"},
    "DescribeTasks": {"tasks": ["{task}"]},
    "ExecuteCommand": {"command": "sh", "interactive": True, "task": "{task}"},
    "ListAttributes": {"targetType": "container-instance"},
    "ListDaemonDeployments": {"daemonArn": "{daemon}"},
    "ListServiceDeployments": {"service": "web"},
    "ListServicesByNamespace": {"namespace": "shop.local"},
    "PutAccountSetting": {"value": "enabled"},
    "PutAccountSettingDefault": {"value": "enabled"},
    "PutAttributes": {"attributes": [ATTRIBUTE]},
    "PutClusterCapacityProviders": {
        "cluster": "default",
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    },
    "RegisterContainerInstance": {
        "totalResources": [
            {"name": "CPU", "type": "INTEGER", "integerValue": 4096},
            {"name": "MEMORY", "type": "INTEGER", "integerValue": 4096},
        ]
    },
    "RegisterDaemonTaskDefinition": {"family": "new", "containerDefinitions": [{"name": "a", "image": "a"}]},
    "RegisterTaskDefinition": fargate("new"),
    "RunTask": RUN,
    "StartTask": {"containerInstances": ["{instance}"], "taskDefinition": "web"},
    "StopTask": {"task": "{task}"},
    "SubmitAttachmentStateChanges": {"attachments": [{"attachmentArn": "a", "status": "ATTACHED"}]},
    "TagResource": {"tags": [{"key": "a", "value": "b"}]},
    "UntagResource": {"tagKeys": ["a"]},
    "UpdateCapacityProvider": {"autoScalingGroupProvider": {}},
    "UpdateCluster": {"cluster": "default"},
    "UpdateClusterSettings": {"cluster": "default", "settings": [{"name": "containerInsights", "value": "disabled"}]},
    "UpdateContainerAgent": {"containerInstance": "{instance}"},
    "UpdateContainerInstancesState": {"containerInstances": ["{instance}"], "status": "ACTIVE"},
    "UpdateDaemon": DAEMON | {"daemonArn": "{daemon}"},
    "UpdateService": {"service": "web"},
    "UpdateServicePrimaryTaskSet": {"cluster": "default", "service": "own", "primaryTaskSet": "{set}"},
    "UpdateTaskProtection": {"cluster": "default", "tasks": ["{task}"], "protectionEnabled": True},
    "GetTaskProtection": {"cluster": "default", "tasks": ["{task}"]},
    "UpdateTaskSet": OWN | {"scale": {"value": 20.0, "unit": "PERCENT"}},
}
"""The least that each operation is content with, where it is not nothing at all."""
Row = dict[str, Any]


@cache
def pairs() -> frozenset[tuple[str, str]]:
    """Operation and exception, of all operations that are there."""
    model = dispatcher().model
    return frozenset((o, e.name) for o in ecs_service().operations for e in model.operation_model(o).error_shapes)


def rows() -> list[Row]:
    return [*TABLE["raised"], *TABLE["elsewhere"], *TABLE["never"]]


@cache
def table() -> dict[tuple[str, str], Row]:
    """Each pair's row; a row that names the operation goes before one that means the rest."""
    named = {(o, row["exception"]): row for row in rows() for o in row["operations"] if o != "*"}
    rest = {row["exception"]: row for row in rows() if "*" in row["operations"]}
    return {(o, e): row for o, e in pairs() if (row := named.get((o, e), rest.get(e))) is not None}


def covered_exceptions() -> list[tuple[str, str]]:
    return sorted(pair for pair, row in table().items() if "call" in row)


class Account(EcsClient):
    """An account in which everything is that the table's calls speak of; ``names`` is what they call it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, Any] = {"nowhere": NOWHERE, "many": ["a" * 32] * 101}
        for cluster in ("default", "busy", "fleet", "spot"):
            self.call("CreateCluster", clusterName=cluster)
        self.definition()
        self.namespace()
        self._services()
        self._task_sets()
        self._instance()
        self._daemons()
        tasks = self.call("RunTask", taskDefinition="web", launchType="FARGATE", networkConfiguration=NETWORK)
        self.names["task"] = tasks["tasks"][0]["taskArn"]
        self.call("RunTask", **LEAST["RunTask"], cluster="busy")
        self.call("RunTask", **LEAST["RunTask"], clientToken="once")

    def _services(self) -> None:
        self.names["deployment"] = self.service()["currentServiceDeployment"]
        self.names["service"] = self.call("DescribeServices", services=["web"])["services"][0]["serviceArn"]
        self.names["ended"] = self._stop_deployment()
        provider = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}
        both = {"capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": []}
        self.call("PutClusterCapacityProviders", cluster="spot", **both)
        asked = {k: v for k, v in service("web").items() if k != "launchType"}
        self.call("CreateService", cluster="spot", **asked, **provider)
        self.service("gone", desiredCount=0)
        self.call("DeleteService", service="gone")

    def _stop_deployment(self) -> str:
        """A service deployment that another one has stopped."""
        arn = str(self.service("twice", desiredCount=0)["currentServiceDeployment"])
        self.call("UpdateService", service="twice", forceNewDeployment=True)
        return arn

    def _task_sets(self) -> None:
        for name, count in (("own", 1), ("full", 5), ("draining", 1)):
            self.call("CreateService", serviceName=name, desiredCount=1, deploymentController={"type": "EXTERNAL"})
            params = {**LEAST["CreateTaskSet"], "service": name}
            sets = [self.call("CreateTaskSet", **params)["taskSet"]["id"] for _ in range(count)]
            self.names["set" if name == "own" else name] = sets[0]
        self.call("DeleteTaskSet", cluster="default", service="draining", taskSet=self.names["draining"], force=True)

    def _instance(self) -> None:
        container_instance = self.call(
            "RegisterContainerInstance", **LEAST["RegisterContainerInstance"], cluster="fleet"
        )["containerInstance"]
        self.names["instance"] = container_instance["containerInstanceArn"]
        own = [ATTRIBUTE | {"name": f"own{n}", "targetId": self.names["instance"]} for n in range(10)]
        self.call("PutAttributes", cluster="fleet", attributes=own)

    def _daemons(self) -> None:
        self.call("RegisterDaemonTaskDefinition", **LEAST["RegisterDaemonTaskDefinition"] | {"family": "agent"})
        agent = self.call("DescribeDaemonTaskDefinition", daemonTaskDefinition="agent")["daemonTaskDefinition"]
        group = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:a:autoScalingGroupName/a"
        provider = self.call(
            "CreateCapacityProvider", name="machines", autoScalingGroupProvider={"autoScalingGroupArn": group}
        )["capacityProvider"]
        both = {"capacityProviders": ["machines"], "defaultCapacityProviderStrategy": []}
        self.call("PutClusterCapacityProviders", cluster="fleet", **both)
        self.names |= {"agent": agent["daemonTaskDefinitionArn"], "provider": provider["capacityProviderArn"]}
        self.call("CreateCluster", clusterName="watched", capacityProviders=["machines"])
        for name, cluster in (("watched", "watched"), ("watch", "fleet"), ("deleted", "fleet")):
            request = self.substitute(LEAST["CreateDaemon"] | {"daemonName": name, "clusterArn": cluster})
            self.names |= {"daemon": (daemon := self.call("CreateDaemon", **request))["daemonArn"]}
            self.names |= {name: daemon["daemonArn"], "rollout": daemon["deploymentArn"]}
        self.call("DeleteDaemon", daemonArn=self.names["deleted"])
        self.names["daemon"] = self.names["watch"]

    def substitute(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: self.substitute(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.substitute(v) for v in value]
        is_name = isinstance(value, str) and value.startswith("{") and value.endswith("}")
        return self.names[value[1:-1]] if is_name else value


@pytest.fixture(scope="module")
def account() -> Account:
    """One for all: what is refused changes nothing, which ``fails`` asserts."""
    return Account()


def test_every_exception_of_every_operation_has_a_row():
    assert sorted(pairs() - table().keys()) == []


def test_rows_are_unique_and_in_the_model():
    raised = [(o, row["exception"]) for row in rows() for o in row["operations"] if o != "*"]
    rest = [("*", row["exception"]) for row in rows() if "*" in row["operations"]]
    assert set(raised) <= pairs()
    assert [pair for pair, count in Counter([*raised, *rest]).items() if count > 1] == []
    assert {row["exception"] for row in rows()} <= {e for _, e in pairs()}


@pytest.mark.parametrize("row", TABLE["elsewhere"], ids=lambda row: row["operations"][0])
def test_tests_named_in_rows_raise_their_exceptions(row):
    assert row["exception"] in (ROOT / row["shown"]).read_text()


@pytest.mark.parametrize(("operation", "exception"), covered_exceptions())
def test_each_exception_is_raised_as_its_row_describes(account, operation, exception):
    row = table()[operation, exception]
    shape = dispatcher().model.operation_model(operation).input_shape
    members = () if shape is None else shape.members
    asked = {k: v for k, v in {**LEAST.get(operation, {}), **row["call"]}.items() if k in members}
    account.fails(operation, exception, row["message"], **account.substitute(asked))
