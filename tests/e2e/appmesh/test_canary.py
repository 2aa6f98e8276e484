"""A canary by the weights of a route, under load: the shares are as the weights say, and no request fails.

Also what the colour application on Fargate and howto-http2 tell their readers to see of weights.
"""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import NamedTuple

import pytest

from tests.e2e.appmesh.stage import Bastion, Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.stack import app, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

REQUESTS = 400
SIGMAS = 5
"""How far off a share may be: by chance it is further once in two million."""


class Canary(NamedTuple):
    stage: Stage
    front: Bastion
    nodes: dict[str, str]
    """The node that a task is, by the task's id."""

    def weigh(self, old: int, new: int) -> None:
        """Give the two nodes these weights."""
        http = {"match": {"prefix": "/"}, "action": to(("old", old), ("new", new))}
        self.stage.route("color", "color", httpRoute=http)

    def answers_by_node(self) -> Counter[str]:
        """How many requests each node has answered so far."""
        answers: Counter[str] = Counter()
        for task, count in self.front.results()["answered"].items():
            answers[self.nodes[task]] += count
        return answers

    def shares(self) -> Counter[str]:
        """How many of the next requests each node answers."""
        before = self.answers_by_node()
        eventually(lambda: (self.answers_by_node() - before).total() >= REQUESTS, "enough requests are answered")
        return self.answers_by_node() - before


@pytest.fixture(scope="module")
def canary(server: Installation) -> Canary:
    stage = Stage(server, "canary")
    for name in ("old", "new"):
        stage.node(name, listener())
        stage.deploy(name, app("web", 8080), 8080)
    stage.router("color", {"port": 8080, "protocol": "http"})
    stage.service("color", router="color")
    front = stage.client("front", "color")
    stage.cluster.steady("old", "new")
    nodes = {task_id(task["taskArn"]): name for name in ("old", "new") for task in stage.cluster.tasks(name)}
    new_canary = Canary(stage, front, nodes)
    new_canary.weigh(100, 0)
    url = f"http://color.{stage.domain}:8080/"
    eventually(lambda: front.get(url).get("status") == 200, "the old one is called")
    caller = {"kind": "http", "url": url}
    front.begin(caller, caller, caller, rate=60)
    return new_canary


def test_shares_follow_the_weights_and_no_request_fails(canary):
    assert canary.shares().keys() == {"old"}
    canary.weigh(90, 10)
    eventually(lambda: canary.answers_by_node()["new"], "the new one has a share")
    shares = canary.shares()
    share = shares["new"] / shares.total()
    assert abs(share - 0.1) < SIGMAS * sqrt(0.1 * 0.9 / shares.total())
    canary.weigh(0, 100)
    eventually(lambda: canary.shares().keys() == {"new"}, "the new one has it all")
    results = canary.front.end()
    assert results["failed"] == 0, results
