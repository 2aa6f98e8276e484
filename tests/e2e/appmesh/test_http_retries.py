"""AWS's example howto-http-retries: which failures a route's retry policy hides, and which the default policy hides."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.e2e.appmesh.stage import Bastion, Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


class Blue(NamedTuple):
    stage: Stage
    front: Bastion

    @property
    def url(self) -> str:
        return f"http://color.{self.stage.domain}:8080"

    def route(self, **policy: object) -> None:
        """Make this the retry policy of the only route, and wait until the front's proxy has it."""
        retries = {"retryPolicy": policy} if policy else {}
        http = {"match": {"prefix": "/"}, "action": to("blue")} | retries
        self.stage.route("color-router", "blue", httpRoute=http)

    def status_after(self, faults: int) -> int:
        """The status of a request whose first attempts, as many as ``faults``, the application answers with 503."""
        self.front.get(f"{self.url}/fault/503/{faults}", method="POST")
        status = int(self.front.get(self.url)["status"])
        self.front.get(f"{self.url}/fault/503/0", method="POST")
        return status


@pytest.fixture(scope="module")
def blue(server: Installation) -> Blue:
    stage = Stage(server, "howto-http-retries")
    stage.node("blue", listener())
    stage.router("color-router", {"port": 8080, "protocol": "http"})
    stage.service("color", router="color-router")
    new_blue = Blue(stage, stage.client("front", "color"))
    new_blue.route()
    stage.colour("blue", 8080)
    stage.cluster.steady("blue")
    eventually(lambda: new_blue.front.colour(new_blue.url) == "blue", "blue is called")
    return new_blue


def test_a_route_can_retry_more_often_than_the_default(blue):
    assert blue.status_after(faults=2) == 200
    assert blue.status_after(faults=3) == 503
    blue.route(
        maxRetries=10, perRetryTimeout={"value": 2, "unit": "s"}, httpRetryEvents=["server-error", "gateway-error"]
    )
    eventually(lambda: blue.status_after(faults=9) == 200, "nine failures are retried")


def test_a_retry_policy_of_zero_disables_retries(blue):
    blue.route(maxRetries=0, perRetryTimeout={"value": 2, "unit": "s"}, httpRetryEvents=["server-error"])
    eventually(lambda: blue.status_after(faults=1) == 503, "one failure is not retried")


def test_only_the_policys_events_are_retried(blue):
    blue.route(maxRetries=10, perRetryTimeout={"value": 2, "unit": "s"}, tcpRetryEvents=["connection-error"])
    eventually(lambda: blue.status_after(faults=1) == 503, "a 503 is no connection-error")
