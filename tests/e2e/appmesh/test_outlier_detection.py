"""The walkthrough howto-outlier-detection: one of four hosts fails, and gets no requests after five failures."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.e2e.appmesh.stage import Stage, listener
from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

HOSTS, REQUESTS = 4, 80
OUTLIERS = {
    "maxServerErrors": 5,
    "interval": {"value": 10, "unit": "s"},
    "baseEjectionDuration": {"value": 60, "unit": "s"},
    "maxEjectionPercent": 100,
}


@pytest.fixture(scope="module")
def stage(server: Installation) -> Stage:
    stage = Stage(server, "howto-outlier-detection")
    stage.node("color", listener())
    stage.service("color", node="color")
    stage.colour("color", 8080, count=HOSTS)
    stage.cluster.steady("color")
    return stage


def test_a_host_is_ejected_after_five_failures(stage):
    front = stage.client("front", "color")
    url = f"http://color.{stage.domain}:8080"
    cluster = f"cluster.cds_egress_{stage.name}_color_http_8080"

    def statuses(number: int) -> Counter[int]:
        return Counter(front.get(url)["status"] for _ in range(number))

    def outliers_are_watched() -> bool:
        """Whether that is how the cluster in use is, and not only the one that is to replace it."""
        page = front.get("http://localhost:9901/config_dump?resource=dynamic_active_clusters")["text"]
        clusters = [config["cluster"] for config in json.loads(page).get("configs", [])]
        return any("outlier_detection" in one for one in clusters if f"cluster.{one['name']}" == cluster)

    healthy = f"{cluster}.membership_healthy"
    eventually(lambda: front.statistics(containing="membership_healthy").get(healthy) == HOSTS, "all are known")
    eventually(lambda: statuses(HOSTS) == {200: HOSTS}, "all answer")
    front.get(f"{url}/faulty/500/3600", method="POST")
    assert statuses(REQUESTS)[500] == REQUESTS / HOSTS  # each in turn, and nothing is held against anybody
    stage.appmesh.update_virtual_node(
        meshName=stage.name,
        virtualNodeName="color",
        spec={
            "listeners": [listener(outlierDetection=OUTLIERS)],
            "serviceDiscovery": stage.cloud_map_discovery("color"),
        },
    )
    eventually(outliers_are_watched, "failures are counted")
    assert statuses(REQUESTS) == {500: OUTLIERS["maxServerErrors"], 200: REQUESTS - 5}
    assert front.statistics(containing="outlier")[f"{cluster}.outlier_detection.ejections_active"] == 1
