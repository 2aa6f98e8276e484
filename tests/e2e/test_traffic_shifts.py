"""Blue/green, canary and linear deployments under load, with the AWS CLI: no failure, traffic where the weights say,
and a way back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer, port_health_check, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

HASTY = {"kind": "http", "url": "http://web/", "keep": False}
KEEPING = {"kind": "http", "url": "http://web/"}
POSTING = {"kind": "http", "url": "http://web/", "method": "POST"}
LINES = {"kind": "lines", "host": "lines", "port": 7000}
EVERYBODY = (KEEPING, KEEPING, HASTY, POSTING, LINES, LINES)
PLACE = ("--cluster", "shift", "--service", "servers")
ENOUGH = 300
"""Answers from which a share is judged."""
SIGMAS = 5
"""One run in a million is further off."""


class Stage(NamedTuple):
    cluster: Cluster
    probe: Probe

    def definition(self, version: str) -> str:
        environment = [{"name": "VERSION", "value": version}]
        return self.cluster.define(
            "shift-servers",
            app("web", 8080, "http", healthCheck=port_health_check(8080), environment=environment),
            app("lines", 7000, healthCheck=port_health_check(7000)),
        )

    def deploy(self, version: str, strategy: str, *pauses: str, **more: Any) -> str:
        """Begin to bring out a version; the service deployment's ARN."""
        hooks = [{"targetType": "PAUSE", "lifecycleStages": list(pauses)}] if pauses else []
        configuration = json.dumps({"strategy": strategy, "lifecycleHooks": hooks, **more})
        how = ("--task-definition", self.definition(version), "--deployment-configuration", configuration)
        return str(self.aws("update-service", *PLACE, *how)["service"]["currentServiceDeployment"])

    def aws(self, *command: str) -> Any:
        return self.cluster.installation.aws("ecs", *command)

    def deployment(self, arn: str) -> Any:
        (service_deployment,) = self.cluster.ecs.describe_service_deployments(serviceDeploymentArns=[arn])[
            "serviceDeployments"
        ]
        return service_deployment

    def wait_for_pause(self, arn: str) -> str:
        """Wait for a hook that waits; its id."""

        def waiting() -> str:
            hooks = self.deployment(arn).get("lifecycleHookDetails", [])
            return next((h["hookId"] for h in hooks if h["status"] == "AWAITING_ACTION"), "")

        return eventually(waiting, "a hook is awaiting action")

    def go_on(self, arn: str) -> None:
        self.aws("continue-service-deployment", "--service-deployment-arn", arn, "--hook-id", self.wait_for_pause(arn))

    def until(self, arn: str, status: str) -> Any:
        return eventually(
            lambda: deployment if (deployment := self.deployment(arn))["status"] == status else None, status
        )

    def revision(self, task_definition: str) -> set[str]:
        """The ids of the running tasks of this definition."""
        tasks = self.cluster.tasks("servers")
        return {task_id(t["taskArn"]) for t in tasks if t["taskDefinitionArn"] == task_definition}

    def task_ids_of(self, arn: str) -> tuple[set[str], set[str]]:
        """The ids of the tasks of a deployment's source and of its target."""
        record = self.deployment(arn)
        requests = [record["sourceServiceRevisions"][0]["arn"], record["targetServiceRevision"]["arn"]]
        service_revisions = self.cluster.ecs.describe_service_revisions(serviceRevisionArns=requests)[
            "serviceRevisions"
        ]
        definitions = {r["serviceRevisionArn"]: r["taskDefinition"] for r in service_revisions}
        blue, green = (self.revision(definitions[a]) for a in requests)
        return blue, green

    def share(self, green: set[str]) -> tuple[int, int]:
        """Of the next ENOUGH answers or more, how many are green, and how many there are."""
        before = self.probe.results()["answered"]

        def more() -> dict[str, int]:
            now = self.probe.results()["answered"]
            new = {who: count - before.get(who, 0) for who, count in now.items()}
            return new if sum(new.values()) >= ENOUGH else {}

        new = eventually(more, f"{ENOUGH} more answers")
        return sum(count for who, count in new.items() if who in green), sum(new.values())


@pytest.fixture(scope="module")
def stage(server: Installation) -> Stage:
    cluster = Cluster(server, "shift", "shift")
    offers = (offer("web", "web", 80), offer("lines", "lines", 7000))
    cluster.serve("servers", Stage(cluster, Probe("", 0)).definition("1"), *offers, count=2)
    cluster.steady("servers")
    return Stage(cluster, cluster.probe("shift-caller"))


@contextmanager
def load(stage: Stage) -> Iterator[None]:
    """Calls of every kind during the block, of which none may fail."""
    stage.probe.begin(*EVERYBODY)
    yield
    results = stage.probe.end()
    assert results["failures"] == []
    assert results["failed"] == 0


def version(stage: Stage, **headers: str) -> str:
    return str(json.loads(stage.probe.ask("http", url="http://web/", headers=headers)["text"])["version"])


def test_blue_green_serves_test_traffic_by_header_before_the_shift(stage):
    with load(stage):
        arn = stage.deploy("2", "BLUE_GREEN", "POST_TEST_TRAFFIC_SHIFT", bakeTimeInMinutes=0)
        stage.wait_for_pause(arn)
        blue, green = stage.task_ids_of(arn)
        assert {version(stage, **{"x-amzn-ecs-blue-green-test": "yes"}) for _ in range(10)} == {"2"}
        assert {version(stage) for _ in range(10)} == {"1"}
        assert stage.share(green)[0] == 0
        stage.go_on(arn)
        record = stage.until(arn, "SUCCESSFUL")
        assert record["targetServiceRevision"]["requestedProductionTrafficWeight"] == 100
        moved, answers = stage.share(green)
        assert moved == answers
        stage.cluster.quiet("servers")
        assert stage.revision(stage.cluster.service("servers")["taskDefinition"]) == green
        assert green.isdisjoint(blue)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("strategy", "settings", "percents"),
    [
        ("CANARY", {"canaryConfiguration": {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": 0}}, (20,)),
        ("LINEAR", {"linearConfiguration": {"stepPercent": 40.0, "stepBakeTimeInMinutes": 0}}, (40, 80)),
    ],
)
def test_each_step_shifts_its_percentage(stage, strategy, settings, percents):
    with load(stage):
        arn = stage.deploy(strategy, strategy, "PRE_PRODUCTION_TRAFFIC_SHIFT", **settings)
        for percent in percents:
            stage.go_on(arn)
            stage.wait_for_pause(arn)
            reached = stage.deployment(arn)["targetServiceRevision"]["requestedProductionTrafficWeight"]
            assert reached == percent
            _, green = stage.task_ids_of(arn)
            moved, answers = stage.share(green)
            part = percent / 100
            assert abs(moved - part * answers) <= SIGMAS * (answers * part * (1 - part)) ** 0.5
        stage.go_on(arn)
        stage.until(arn, "SUCCESSFUL")
        _, green = stage.task_ids_of(arn)
        moved, answers = stage.share(green)
        assert moved == answers


def test_a_rollback_during_the_bake_time_restores_all_traffic(stage):
    with load(stage):
        arn = stage.deploy("bad", "BLUE_GREEN", bakeTimeInMinutes=1)
        eventually(lambda: stage.deployment(arn).get("lifecycleStage") == "BAKE_TIME", "it bakes")
        blue, green = stage.task_ids_of(arn)
        moved, answers = stage.share(green)
        assert moved == answers
        stage.aws("stop-service-deployment", "--service-deployment-arn", arn, "--stop-type", "ROLLBACK")
        record = stage.until(arn, "ROLLBACK_SUCCESSFUL")
        assert record["rollback"]["serviceRevisionArn"] == record["sourceServiceRevisions"][0]["arn"]
        moved, answers = stage.share(blue)
        assert moved == answers
        (deployment,) = stage.cluster.service("servers")["deployments"]
        assert deployment["rolloutState"] == "COMPLETED"
