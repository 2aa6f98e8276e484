"""howto-servicediscovery-cloudmap and howto-alb, retold: one Cloud Map service that nodes share by attributes, and a
node that is found by DNS.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.e2e.appmesh.stage import Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.fixture(scope="module")
def stage(server: Installation) -> Stage:
    stage = Stage(server, "howto-cloudmap")
    stage.colour("v1", 8080)
    for name in ("blue", "green"):
        stage.node(
            name,
            listener(),
            serviceDiscovery=stage.cloud_map_discovery("color", ECS_TASK_DEFINITION_FAMILY=f"{stage.name}-{name}"),
        )
        stage.colour(name, 8080, found_as="color")
    stage.node("v1", listener(), serviceDiscovery={"dns": {"hostname": stage.fqdn("v1"), "responseType": "ENDPOINTS"}})
    stage.router("color", {"port": 8080, "protocol": "http"})
    stage.route("color", "color", httpRoute={"match": {"prefix": "/"}, "action": to("blue", "green")})
    stage.service("color", router="color")
    stage.cluster.steady("v1", "blue", "green")
    return stage


def test_nodes_share_a_cloud_map_service_and_one_is_found_by_dns(stage):
    front = stage.client("front", "color")
    url = f"http://color.{stage.domain}:8080/"
    eventually(lambda: front.get(url).get("status") == 200, "the colours are called")
    seen = Counter(front.colour(url) for _ in range(60))
    assert seen.keys() == {"blue", "green"}
    assert min(seen.values()) >= 12
    stage.route("color", "color", httpRoute={"match": {"prefix": "/"}, "action": to("blue", "v1")})
    eventually(lambda: {front.colour(url) for _ in range(20)} == {"blue", "v1"}, "the one found by DNS has a share")
