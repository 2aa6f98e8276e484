"""howto-ecs-basics and the colour application on Fargate, retold: an application moves into a mesh stage by stage, and
goes on answering through each; then traffic moves from one version to the next.
"""

from __future__ import annotations

import pytest

from tests.e2e.appmesh.stage import Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.stack import app, port_health_check, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

WEB = app("web", 8080, healthCheck=port_health_check(8080))
"""A task is RUNNING as soon as its application is begun: only its health says when that listens."""


@pytest.fixture(scope="module")
def stage(server: Installation) -> Stage:
    return Stage(server, "howto-ecs-basics")


def test_an_application_moves_into_a_mesh_and_no_request_fails(stage):
    registries = stage.registry("color")
    plain = stage.cluster.define("color-plain", WEB)
    stage.cluster.serve("color", plain, connect=False, serviceRegistries=registries)
    bastion = stage.bastion()
    url = f"http://{stage.fqdn('color')}:8080/"
    eventually(lambda: bastion.get(url).get("status") == 200, "stage 0: by Cloud Map's DNS alone")
    stage.node("color", listener())
    stage.service("color", node="color")
    front = stage.client("front", "color")
    eventually(lambda: front.get(url).get("status") == 200, "stage 1: the caller has a proxy, the application none")
    front.begin({"kind": "http", "url": url}, rate=30)
    before = {task_id(task["taskArn"]) for task in stage.cluster.tasks("color")}
    stage.cluster.update("color", taskDefinition=stage.define("color", WEB, 8080))
    stage.cluster.steady("color")
    stage.cluster.quiet("color")
    after = {task_id(task["taskArn"]) for task in stage.cluster.tasks("color")}
    eventually(lambda: after & front.results()["answered"].keys(), "stage 2: the application has a proxy, too")
    stage.node("color-v2", listener(), serviceDiscovery=stage.cloud_map_discovery("color-v2"))
    stage.deploy("color-v2", WEB, 8080)
    stage.cluster.steady("color-v2")
    stage.router("color", {"port": 8080, "protocol": "http"})
    stage.route("color", "color", httpRoute={"match": {"prefix": "/"}, "action": to("color", "color-v2")})
    router = {"provider": {"virtualRouter": {"virtualRouterName": "color"}}}
    stage.appmesh.update_virtual_service(meshName=stage.name, virtualServiceName=stage.fqdn("color"), spec=router)
    second = {task_id(task["taskArn"]) for task in stage.cluster.tasks("color-v2")}
    eventually(lambda: second & front.results()["answered"].keys(), "stage 3: a router splits")
    results = front.end()
    assert results["failed"] == 0, results
    assert before <= results["answered"].keys()
