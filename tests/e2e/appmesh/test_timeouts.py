"""howto-timeout-policy, retold: a time-out is a chain of which each link cuts, the route's, the server's listener's and
the caller's own. The walkthrough's 15 and 20 seconds are in the nightly run, here they are shorter.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.e2e.appmesh.stage import Bastion, Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


class Teller(NamedTuple):
    stage: Stage
    front: Bastion

    def status(self, seconds: float) -> int:
        """The status of a request that takes so long."""
        return int(self.front.get(f"http://teller.{self.stage.domain}:8080/delay/{seconds}").get("status", 0))

    def route(self, seconds: float | None) -> None:
        """Make this the route's time-out; None = its default."""
        timeout = {} if seconds is None else {"timeout": http_timeout(seconds)}
        http = {"match": {"prefix": "/"}, "action": to("white")} | timeout
        self.stage.route("teller", "teller", httpRoute=http)

    def listener(self, seconds: float | None) -> None:
        """Make this the time-out of the server's listener."""
        timeout: dict[str, Any] = {} if seconds is None else {"timeout": {"http": http_timeout(seconds)}}
        self.stage.appmesh.update_virtual_node(
            meshName=self.stage.name,
            virtualNodeName="white",
            spec={"listeners": [listener(**timeout)], "serviceDiscovery": self.stage.cloud_map_discovery("white")},
        )


def http_timeout(seconds: float) -> dict[str, Any]:
    return {"perRequest": {"value": int(seconds * 1000), "unit": "ms"}}


@pytest.fixture(scope="module")
def teller(server: Installation) -> Teller:
    stage = Stage(server, "howto-timeout-policy")
    stage.node("white", listener())
    stage.router("teller", {"port": 8080, "protocol": "http"})
    stage.service("teller", router="teller")
    new_teller = Teller(stage, stage.client("front", "teller"))
    new_teller.route(None)
    stage.colour("white", 8080)
    stage.cluster.steady("white")
    eventually(lambda: new_teller.status(0) == 200, "the teller is called")
    return new_teller


def test_the_shorter_of_route_and_listener_timeout_applies(teller):
    assert teller.status(1) == 200
    teller.route(0.5)
    eventually(lambda: teller.status(1) == 504, "the route cuts")
    teller.route(4)
    eventually(lambda: teller.status(1) == 200, "the route lets it through")
    teller.listener(0.5)
    eventually(lambda: teller.status(1) == 504, "the server's listener cuts")
    teller.listener(4)
    eventually(lambda: teller.status(1) == 200, "the listener lets it through")


@pytest.mark.heavy
def test_requests_over_fifteen_seconds_need_both_timeouts(teller):
    teller.route(None)
    teller.listener(None)
    eventually(lambda: teller.status(7) == 200, "the defaults are back")
    assert teller.status(17) == 504
    teller.route(20)
    assert teller.status(17) == 504
    teller.listener(20)
    eventually(lambda: teller.status(17) == 200, "both let it through")
