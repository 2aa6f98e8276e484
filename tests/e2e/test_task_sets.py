"""A service with the EXTERNAL controller, with the AWS CLI: its owner moves it from one revision to the next."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, shell
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

PLACE = ("--cluster", "sets", "--service", "batch")


class Owner:
    """The external deployment controller of a service."""

    def __init__(self, server: Installation) -> None:
        self.cluster = Cluster(server, "sets")
        self.network = json.dumps(self.cluster.network(public=False))
        controller = ("--deployment-controller", "type=EXTERNAL", "--desired-count", "2")
        self.aws("create-service", "--cluster", "sets", "--service-name", "batch", *controller)

    def aws(self, *command: str) -> Any:
        return self.cluster.installation.aws("ecs", *command)

    def add(self, name: str, percent: int) -> str:
        """A task set of a definition of its own; its id."""
        definition = self.cluster.define(f"batch-{name}", shell("sleep 1000"))
        scale = ("--scale", f"value={percent},unit=PERCENT", "--external-id", name)
        how = ("--task-definition", definition, "--launch-type", "FARGATE", "--network-configuration", self.network)
        return str(self.aws("create-task-set", *PLACE, *how, *scale)["taskSet"]["id"])

    def steady(self, **counts: int) -> None:
        """Wait until there are these task sets, with so many tasks each, and no others."""

        def stable_counts() -> dict[str, int]:
            sets = self.cluster.ecs.describe_task_sets(cluster="sets", service="batch")["taskSets"]
            return {s["externalId"]: s["runningCount"] for s in sets if s["stabilityStatus"] == "STEADY_STATE"}

        eventually(lambda: stable_counts() == counts, f"task sets {counts}")


@pytest.mark.heavy
def test_a_service_moves_from_one_task_set_to_the_next(server):
    owner = Owner(server)
    blue = owner.add("blue", 100)
    owner.aws("update-service-primary-task-set", *PLACE, "--primary-task-set", blue)
    owner.steady(blue=2)
    before = {t["taskArn"] for t in owner.cluster.tasks("batch")}
    green = owner.add("green", 50)
    owner.steady(blue=2, green=1)
    owner.aws("update-task-set", *PLACE, "--task-set", green, "--scale", "value=100,unit=PERCENT")
    owner.aws("update-service-primary-task-set", *PLACE, "--primary-task-set", green)
    owner.steady(blue=2, green=2)
    assert before < {t["taskArn"] for t in owner.cluster.tasks("batch")}, "blue is as it was"
    owner.aws("delete-task-set", *PLACE, "--task-set", blue, "--force")
    owner.steady(green=2)
    owner.cluster.quiet("batch")
    assert {t["startedBy"] for t in owner.cluster.tasks("batch")} == {green}
    (primary,) = owner.cluster.service("batch")["taskSets"]
    assert (primary["id"], primary["status"]) == (green, "PRIMARY")
    owner.aws("delete-service", *PLACE, "--force")
    eventually(lambda: owner.cluster.service("batch")["status"] == "INACTIVE", "the service is gone")
