"""ECS tasks with App Mesh proxies: they talk through the mesh, and their proxies are what AWS's were to people."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.e2e.app_mesh import AFTER_ENVOY, Meshes, envoy, http, led
from tests.e2e.installation import Installation
from tests.e2e.stack import Probe, app, checked, shell, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

BACK = "back.virtual.test"
"""Nobody but the mesh knows this name."""


class Stage(NamedTuple):
    mesh: Meshes
    probe: Probe

    def version(self, number: str) -> str:
        """A backend's task definition."""
        more: dict[str, Any] = {"environment": [{"name": "VERSION", "value": number}], "healthCheck": checked(8080)}
        back = app("web", 8080, **AFTER_ENVOY, **more)
        proxy = envoy(f"mesh/{self.mesh.name}/virtualNode/back")
        return self.mesh.cluster.define("back", back, proxy, proxyConfiguration=led(8080))

    def ask(self, path: str = "/") -> Any:
        return self.probe.ask("http", url=f"http://{BACK}:8080{path}")

    def stats(self, pattern: str) -> dict[str, int]:
        """The caller's proxy's own, as anybody in the task reads them."""
        said = self.probe.ask("http", url=f"http://localhost:9901/stats?filter={pattern}")["text"]
        pairs = (line.rpartition(": ") for line in said.splitlines())
        return {name: int(count) for name, _, count in pairs if count.isdecimal()}


@pytest.fixture(scope="module")
def installation(installed: Callable[..., Installation]) -> Installation:
    made = installed()
    made.up()
    return made


@pytest.fixture(scope="module")
def stage(installation: Installation) -> Stage:
    mesh = Meshes(installation, "tasks")
    mesh.node("back", http(8080))
    mesh.service(BACK, "back")
    front = mesh.node("front", http(8080), backends=(BACK,))
    settings = {"environment": {"ENABLE_ENVOY_STATS_TAGS": "1"}}
    caller = app("probe", 8080, **AFTER_ENVOY)
    family = mesh.cluster.define("front", caller, envoy(front, **settings), proxyConfiguration=led(8080))
    mesh.cluster.serve("front", family, connect=False, public=True, serviceRegistries=mesh.registry("front"))
    made = Stage(mesh, Probe("", 8080))
    mesh.cluster.serve("back", made.version("1"), count=2, connect=False, serviceRegistries=mesh.registry("back"))
    mesh.cluster.steady("front", "back")
    made.probe.host = mesh.cluster.public_address("front")
    eventually(made.probe.answers, "the caller answers")
    return made


def test_two_services_talk_through_the_mesh(stage):
    eventually(lambda: stage.ask().get("status") == 200, "the backend is there")
    answer = stage.ask()
    assert "x-envoy-upstream-service-time" in answer["headers"]
    assert '"peer": "127.0.0.1"' in answer["text"], "the backend's own proxy called it"
    tasks = {task_id(task["taskArn"]) for task in stage.mesh.cluster.tasks("back")}
    seen: set[str] = set()

    def all_seen() -> bool:
        seen.add(json.loads(stage.ask()["text"])["task"])
        return seen == tasks

    eventually(all_seen, "both answer")


def test_what_the_mesh_does_not_model_is_reset(stage):
    (back, *_) = stage.mesh.cluster.tasks("back")
    address = next(d["value"] for a in back["attachments"] for d in a["details"] if d["name"] == "privateIPv4Address")
    before = stage.stats("no_filter_chain_match")
    assert stage.ask("/status/404")["status"] == 404
    other = stage.probe.ask("http", url=f"http://{address}:8080/")
    assert other["status"] == 404, "a host that is no backend, on a port that is one's"
    reset = stage.probe.ask("lines", host=address, port=7000, line="who")
    assert reset.get("text", "") == "", reset
    assert sum(stage.stats("no_filter_chain_match").values()) > sum(before.values())


def test_its_statistics_have_the_names_that_people_know(stage):
    stage.ask()
    found = stage.stats("cds_egress_tasks_back_http_8080.upstream_rq_total")
    assert found["cluster.cds_egress_tasks_back_http_8080.upstream_rq_total"] > 0
    prometheus = stage.probe.ask("http", url="http://localhost:9901/stats/prometheus?usedonly&filter=cds_egress")[
        "text"
    ]
    assert 'appmesh_mesh="tasks"' in prometheus
    assert 'appmesh_virtual_node="front"' in prometheus


def test_the_proxy_is_shown_as_the_container_that_it_is_in_the_definition(stage):
    (task,) = stage.mesh.cluster.tasks("front")
    shown = {container["name"]: container for container in task["containers"]}
    assert set(shown) == {"probe", "envoy"}
    assert (shown["envoy"]["healthStatus"], shown["envoy"]["image"]) == ("HEALTHY", envoy("")["image"])
    assert task["healthStatus"] == "HEALTHY"
    said = stage.mesh.cluster.said(task["taskArn"], "envoy")
    assert any("starting main dispatch loop" in line for line in said)
    with pytest.raises(ClientError, match="container name envoy is not valid"):
        stage.mesh.cluster.ecs.execute_command(
            cluster=stage.mesh.name, task=task["taskArn"], container="envoy", command="sh", interactive=True
        )


def test_a_virtual_service_that_comes_later_is_called_without_a_restart(stage):
    backends = [{"virtualService": {"virtualServiceName": name}} for name in (BACK, "later.virtual.test")]
    found = {"awsCloudMap": {"namespaceName": "tasks.local", "serviceName": "front"}}
    spec = {"listeners": [http(8080)], "backends": backends, "serviceDiscovery": found}
    stage.mesh.appmesh.update_virtual_node(meshName="tasks", virtualNodeName="front", spec=spec)
    stage.mesh.service("later.virtual.test", "back")

    def called() -> bool:
        try:
            return bool(stage.probe.ask("http", url="http://later.virtual.test:8080/")["status"] == 200)
        except OSError:
            return False

    eventually(called, "the new service is called")


def test_a_deployment_under_load_fails_no_request(stage):
    caller = {"kind": "http", "url": f"http://{BACK}:8080/"}
    stage.probe.begin(*[caller] * 4, rate=50)
    stage.mesh.cluster.update("back", taskDefinition=stage.version("2"))
    stage.mesh.cluster.steady("back")
    stage.mesh.cluster.quiet("back")
    tally = stage.probe.end()
    assert tally["failed"] == 0, tally
    assert len(tally["answered"]) == 4, "the old ones and the new ones"


def test_proxies_go_on_without_the_control_plane_and_are_led_again_after_it(stage, installation):
    installation.kill()
    unnamed = {"url": "http://10.10.10.10:8080/", "headers": {"host": BACK}}  # names are the control plane's to know
    answer = stage.probe.ask("http", **unnamed)
    assert answer["status"] == 200, answer
    installation.up()
    stage.mesh.service("again.virtual.test", "back")
    eventually(lambda: stage.ask().get("status") == 200, "names are known again")
    stage.mesh.cluster.update("back", desiredCount=1)
    stage.mesh.cluster.steady("back")
    stage.mesh.cluster.quiet("back")
    assert stage.ask()["status"] == 200


def test_a_sidecar_that_runs_as_the_ignored_user_passes_the_proxy_by(stage):
    (back, *_) = stage.mesh.cluster.tasks("back")
    address = next(d["value"] for a in back["attachments"] for d in a["details"] if d["name"] == "privateIPv4Address")
    line = f"python3 -c \"import urllib.request as u; print(u.urlopen('http://{address}:8080/').status)\""
    mine = shell(line, user="1337", **AFTER_ENVOY)
    proxy = envoy("mesh/tasks/virtualNode/front")
    family = stage.mesh.cluster.define("sidecar", mine, proxy, proxyConfiguration=led())
    task = stage.mesh.cluster.finished(family)
    assert stage.mesh.cluster.said(task["taskArn"]) == ["200"]
