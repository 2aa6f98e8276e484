"""The output of containers with the driver awslogs is in their log streams, whole, in order and once."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, shell, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

ROLE = "arn:aws:iam::123456789012:role/execution"
COUNTS = """
i=0
while [ $i -lt 3000 ]; do
  echo line $i
  i=$((i+1))
  [ $((i % 100)) -eq 0 ] && sleep 0.2
done
echo
exec sleep 600
"""


@pytest.fixture(scope="module")
def cluster(installation: Installation) -> Cluster:
    return Cluster(installation, "logged")


def awslogs(group: str, **options: str) -> dict[str, Any]:
    params = {"awslogs-region": "us-east-1", "awslogs-group": group, "awslogs-stream-prefix": "app"}
    return {
        "logDriver": "awslogs",
        "options": params | {f"awslogs-{k}".replace("_", "-"): v for k, v in options.items()},
    }


def run(cluster: Cluster, family: str, container: dict[str, Any]) -> str:
    definition = cluster.define(family, container, executionRoleArn=ROLE)
    params = {
        "taskDefinition": definition,
        "launchType": "FARGATE",
        "networkConfiguration": cluster.network(public=False),
    }
    return str(cluster.ecs.run_task(cluster=cluster.name, **params)["tasks"][0]["taskArn"])


def messages(installation: Installation, group: str) -> list[str]:
    pages = installation.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


def test_lines_are_whole_and_once_though_the_control_plane_is_killed_while_they_come(installation, cluster):
    arn = run(cluster, "counts", shell(COUNTS, logConfiguration=awslogs("/counted", create_group="true")))
    eventually(lambda: _some(installation), "lines come")
    for _ in range(2):
        installation.kill()
        installation.up()
        had = len(messages(installation, "/counted"))
        eventually(partial(_more, installation, had), "more lines come")
    eventually(lambda: len(messages(installation, "/counted")) >= 3000, "all lines are there")
    assert messages(installation, "/counted") == [f"line {n}" for n in range(3000)]
    (stream,) = installation.client("logs").describe_log_streams(logGroupName="/counted")["logStreams"]
    assert stream["logStreamName"] == f"app/main/{task_id(arn)}"
    assert installation.moyai("logs", task_id(arn)).count("line 2999") == 1
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)


def _more(installation: Installation, had: int) -> bool:
    return had == 3000 or len(messages(installation, "/counted")) > had


def _some(installation: Installation) -> bool:
    groups = installation.client("logs").describe_log_groups(logGroupNamePrefix="/counted")["logGroups"]
    return bool(groups) and len(messages(installation, "/counted")) > 0


def test_the_last_output_of_a_task_is_stored(installation, cluster):
    run(
        cluster,
        "short",
        shell("echo one; echo two >&2; printf end", logConfiguration=awslogs("/short", create_group="true")),
    )
    eventually(lambda: _stored_messages(installation, "/short") == ["end", "one", "two"], "what it said is there")


def _stored_messages(installation: Installation, group: str) -> list[str]:
    log_groups = installation.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return sorted(messages(installation, group)) if log_groups else []


def test_a_task_without_its_log_group_does_not_start(installation, cluster):
    arn = run(cluster, "nowhere", shell("sleep 600", logConfiguration=awslogs("/nowhere")))

    def stopped_reason() -> str:
        (task,) = cluster.ecs.describe_tasks(cluster=cluster.name, tasks=[arn])["tasks"]
        return str(task.get("stoppedReason", "")) if task["lastStatus"] == "STOPPED" else ""

    eventually(lambda: bool(stopped_reason()), "it has stopped")
    assert stopped_reason().startswith("ResourceInitializationError: failed to validate logger args")
    assert "The specified log group does not exist." in stopped_reason()


def test_proxies_write_to_their_streams_too(installation):
    cluster = Cluster(installation, "meshed", "meshed")
    told = awslogs("/proxies", create_group="true")
    connect = {"enabled": True, "services": [], "logConfiguration": told}
    definition = cluster.define("client", shell("exec sleep 600"))
    cluster.serve("client", definition, connect=False, serviceConnectConfiguration=connect)
    eventually(lambda: _stored_messages(installation, "/proxies"), "a proxy has said something")
    (stream,) = installation.client("logs").describe_log_streams(logGroupName="/proxies")["logStreams"]
    assert stream["logStreamName"].startswith("app/ecs-service-connect-")


def test_the_aws_cli_reads_log_events(installation, cluster):
    response = installation.aws("logs", "filter-log-events", "--log-group-name", "/short", "--filter-pattern", "one")
    assert [event["message"] for event in response["events"]] == ["one"]
