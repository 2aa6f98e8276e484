"""Deployments, scaling and sudden death while callers go on calling: none of them sees a failure."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, kill, offer, port_health_check, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

KEEPING = {"kind": "http", "url": "http://web/"}
HASTY = {"kind": "http", "url": "http://web/", "keep": False}
POSTING = {"kind": "http", "url": "http://web/", "method": "POST"}
LINES = {"kind": "lines", "host": "lines", "port": 7000}
RPC = {"kind": "rpc", "target": "rpc:50051"}
PLACE = ("--cluster", "load")
EVERYBODY = (KEEPING, KEEPING, HASTY, HASTY, POSTING, LINES, LINES, RPC)


class Stage(NamedTuple):
    cluster: Cluster
    probe: Probe

    def definition(self, version: str) -> str:
        """All three applications in one task; each leaves the moment it gets SIGTERM."""
        environment = [{"name": "VERSION", "value": version}]
        return self.cluster.define(
            "load-servers",
            app("web", 8080, "http", healthCheck=port_health_check(8080), environment=environment),
            app("lines", 7000, healthCheck=port_health_check(7000)),
            app("rpc", 50051, "grpc", healthCheck=port_health_check(50051)),
        )

    def tasks(self) -> set[str]:
        return {task["taskArn"] for task in self.cluster.tasks("servers")}

    def wait_until_called(self, tasks: set[str]) -> None:
        """Wait until each of them has answered."""
        names = {task_id(arn) for arn in tasks}
        eventually(lambda: names <= set(self.probe.results()["answered"]), "every task is called")


@pytest.fixture(scope="module")
def stage(server: Installation) -> Stage:
    cluster = Cluster(server, "load", "load")
    offers = (offer("web", "web", 80), offer("lines", "lines", 7000), offer("rpc", "rpc", 50051))
    first = Stage(cluster, Probe("", 0))
    cluster.serve("servers", first.definition("1"), *offers, count=3)
    cluster.steady("servers")
    return Stage(cluster, cluster.probe("load-caller"))


def test_a_rolling_deployment_fails_no_request(stage):
    before = stage.tasks()
    aws = stage.cluster.installation.aws
    stage.probe.begin(*EVERYBODY)
    stage.wait_until_called(before)
    aws("ecs", "update-service", *PLACE, "--service", "servers", "--task-definition", stage.definition("2"))
    aws("ecs", "wait", "services-stable", *PLACE, "--services", "servers")
    stage.cluster.steady("servers")
    stage.cluster.quiet("servers")
    after = stage.tasks()
    stage.wait_until_called(after)
    results = stage.probe.end()
    assert results["failures"] == []
    assert before.isdisjoint(after)
    assert set(results["answered"]) == {task_id(arn) for arn in before | after}


def test_a_killed_application_fails_no_retryable_request_and_its_task_is_replaced(stage):
    victim = min(stage.tasks())
    stage.probe.begin(KEEPING, KEEPING, HASTY, HASTY)
    eventually(lambda: task_id(victim) in stage.probe.results()["answered"])
    kill(victim, "apps.web")
    stage.cluster.until(victim, "STOPPED")
    stage.cluster.steady("servers")
    eventually(lambda: len(stage.tasks()) == 3)
    results = stage.probe.end()
    assert results["failures"] == []
    task = stage.cluster.task(victim)
    (web,) = [c for c in task["containers"] if c["name"] == "web"]
    assert web["exitCode"] == 137
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"


def test_scaling_in_fails_no_request_and_no_connection(stage):
    stage.cluster.steady("servers")
    stage.probe.begin(*EVERYBODY)
    eventually(lambda: len(stage.probe.results()["answered"]) >= 3)
    stage.cluster.update("servers", desiredCount=1)
    stage.cluster.steady("servers")
    stage.cluster.quiet("servers")
    (task,) = stage.tasks()
    before = stage.probe.results()["answered"]
    eventually(lambda: stage.probe.results()["answered"][task_id(task)] > before[task_id(task)] + 100)
    results = stage.probe.end()
    assert results["failures"] == []
    assert {who for who, count in results["answered"].items() if count > before[who]} == {task_id(task)}
