"""boto3 starts sessions through the real gateway: what it gets, and AWS's errors in AWS's words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task import ContainerStatus
from moyai.domain.world import Put
from tests.contract.api.asking import refusal
from tests.contract.api.installation import Installation
from tests.unit.api.ecs.client import fargate

AGENT = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command"
    " agent isn\u2019t running. Wait and try again or run a new task with execute command enabled and try again."
)


class Shop:
    """A cluster with a task of two containers; ``up`` says that they run."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.installation = Installation()
        self.ecs = self.installation.client("ecs")
        self.ecs.create_cluster()
        containers = [{"name": name, "image": "image", "essential": True} for name in ("app", "side")]
        self.ecs.register_task_definition(**{**fargate(), "containerDefinitions": containers})
        subnets = [s["SubnetId"] for s in self.installation.client("ec2").describe_subnets()["Subnets"]]
        [self.task] = self.ecs.run_task(
            taskDefinition="web",
            enableExecuteCommand=enabled,
            networkConfiguration={"awsvpcConfiguration": {"subnets": subnets}},
        )["tasks"]

    def up(self) -> Shop:
        record = self.installation.store.world.tasks.get(self.task["taskArn"])
        assert record is not None
        seen = {"last_status": ContainerStatus.RUNNING, "started_at": self.installation.now}
        running = tuple(replace(container, **seen) for container in record.containers)
        self.installation.store.apply([Put(replace(record, containers=running))])
        return self

    def execute(self, **changes: object):
        params = {"task": self.task["taskArn"], "container": "app", "command": "ls -l '/a b'", "interactive": True}
        return self.ecs.execute_command(**{k: v for k, v in (params | changes).items() if v is not None})


def test_a_session_has_its_container_a_url_and_a_token():
    shop = Shop().up()
    answer = shop.execute()
    session = answer["session"]
    assert answer["containerName"] == "app"
    assert answer["interactive"] is True
    assert answer["clusterArn"].endswith(":cluster/default")
    assert session["sessionId"].startswith("ecs-execute-command-")
    assert session["streamUrl"] == (
        f"ws://127.0.0.1:4566/v1/data-channel/{session['sessionId']}?role=publish_subscribe"
    )
    opened = shop.installation.exec_sessions.open(session["sessionId"], session["tokenValue"])
    assert opened is not None
    assert opened.execution.arguments == ("ls", "-l", "/a b")
    assert opened.execution.user == "0"
    assert opened.task == shop.task["taskArn"]


def test_containers_with_an_agent_show_it():
    shop = Shop()
    [task] = shop.up().ecs.describe_tasks(tasks=[shop.task["taskArn"]])["tasks"]
    assert task["enableExecuteCommand"] is True
    [agent] = task["containers"][0]["managedAgents"]
    assert (agent["name"], agent["lastStatus"]) == ("ExecuteCommandAgent", "RUNNING")
    assert agent["lastStartedAt"]
    other = Shop(enabled=False)
    assert "managedAgents" not in other.task["containers"][0]


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"interactive": False}, "InvalidParameterException", "Interactive is the only mode supported currently."),
        ({"command": " "}, "InvalidParameterException", "command can not be blank."),
        ({"command": "sh -c 'x"}, "InvalidParameterException", "command can't be split into words"),
        ({"command": "x" * 70_000}, "InvalidParameterException", "command can have at most"),
        ({"task": "0" * 32}, "InvalidParameterException", "The referenced task was not found."),
        ({"task": "x"}, "InvalidParameterException", "taskId length should be one of [32,36]"),
        ({"container": None}, "InvalidParameterException", "The container name is required"),
        ({"container": "none"}, "InvalidParameterException", "The container name none is not valid"),
        ({"cluster": "none"}, "ClusterNotFoundException", "Cluster not found."),
    ],
)
def test_invalid_sessions_are_refused(changes, code, message):
    refused, reason = refusal(Shop().up().execute, **changes)
    assert refused == code
    assert message in reason


@pytest.mark.parametrize("shop", [Shop(enabled=False).up(), Shop()], ids=["not enabled", "not running"])
def test_a_container_without_an_agent_refuses_sessions(shop):
    assert refusal(shop.execute) == ("InvalidParameterException", AGENT)


def test_a_container_accepts_two_sessions():
    shop = Shop().up()
    shop.execute(), shop.execute(), shop.execute(container="side")
    assert refusal(shop.execute) == (
        "ClientException",
        "Unable to start new execute sessions because the maximum session limit of 2 has been reached.",
    )


def test_describe_shows_the_exec_settings_of_services_and_clusters():
    ecs = Shop().ecs
    subnets = [s["SubnetId"] for s in Shop().installation.client("ec2").describe_subnets()["Subnets"]]
    network = {"awsvpcConfiguration": {"subnets": subnets}}
    members = {"serviceName": "web", "taskDefinition": "web", "desiredCount": 0, "networkConfiguration": network}
    assert ecs.create_service(**members, enableExecuteCommand=True)["service"]["enableExecuteCommand"] is True
    assert ecs.update_service(service="web", desiredCount=1)["service"]["enableExecuteCommand"] is True
    assert ecs.update_service(service="web", enableExecuteCommand=False)["service"]["enableExecuteCommand"] is False
    assert len(ecs.describe_services(services=["web"])["services"][0]["deployments"]) == 1
    configuration = {"executeCommandConfiguration": {"logging": "NONE"}}
    ecs.update_cluster(cluster="default", configuration=configuration)
    [cluster] = ecs.describe_clusters(include=["CONFIGURATIONS"])["clusters"]
    assert cluster["configuration"] == configuration
