"""ECS tasks with App Mesh proxies: they talk through the mesh, and their proxies are what AWS's were to people."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.e2e.appmesh.stage import ENVOY_IMAGE, Bastion, Stage, listener
from tests.e2e.installation import Installation
from tests.e2e.stack import app, port_health_check, shell, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

BACK = "back.virtual.test"
"""Nobody but the mesh knows this name."""
UNCHANGED = {"prefix": {"defaultPrefix": "DISABLED"}}
"""A gateway route that passes a request's path on."""


class Tasks(NamedTuple):
    stage: Stage
    caller: Bastion

    def version(self, number: str) -> str:
        """A backend's task definition."""
        environment = [{"name": "VERSION", "value": number}]
        return self.stage.define(
            "back", app("web", 8080, environment=environment, healthCheck=port_health_check(8080)), 8080
        )

    def ask(self, name: str = BACK, path: str = "/") -> Any:
        return self.caller.get(f"http://{name}:8080{path}")

    def calls(self, *names: str) -> None:
        """The caller's backends."""
        spec = {"backends": [{"virtualService": {"virtualServiceName": name}} for name in names]}
        self.stage.appmesh.update_virtual_node(meshName=self.stage.name, virtualNodeName="front", spec=spec)

    def create_virtual_service(self, name: str) -> None:
        """A virtual service with a name that is in no DNS, provided by the backend."""
        spec = {"provider": {"virtualNode": {"virtualNodeName": "back"}}}
        self.stage.appmesh.create_virtual_service(meshName=self.stage.name, virtualServiceName=name, spec=spec)

    def address(self) -> str:
        """Of one of the backend's tasks."""
        task = self.stage.cluster.tasks("back")[0]
        details = (d for a in task["attachments"] for d in a["details"])
        return str(next(d["value"] for d in details if d["name"] == "privateIPv4Address"))


@pytest.fixture(scope="module")
def tasks(installation: Installation) -> Tasks:
    stage = Stage(installation, "tasks")
    stage.node("back", listener())
    new_tasks = Tasks(stage, stage.client("front"))
    new_tasks.calls(BACK)
    new_tasks.create_virtual_service(BACK)
    stage.cluster.serve(
        "back", new_tasks.version("1"), count=2, connect=False, serviceRegistries=stage.registry("back")
    )
    stage.cluster.steady("back")
    eventually(lambda: new_tasks.ask().get("status") == 200, "the backend is called")
    return new_tasks


def test_two_services_talk_through_the_mesh(tasks):
    answer = tasks.ask()
    assert "x-envoy-upstream-service-time" in answer["headers"]
    assert json.loads(answer["text"])["peer"] == "127.0.0.1", "the backend's own proxy called it"
    known = {task_id(task["taskArn"]) for task in tasks.stage.cluster.tasks("back")}
    seen: set[str] = set()

    def all_seen() -> bool:
        seen.add(json.loads(tasks.ask()["text"])["task"])
        return seen == known

    eventually(all_seen, "both answer")


def test_traffic_outside_the_mesh_model_is_reset(tasks):
    before = tasks.caller.statistics(containing="no_filter_chain_match")
    other = tasks.caller.get(f"http://{tasks.address()}:8080/")
    assert other["status"] == 404, "a host that is no backend, on a port that is one's"
    reset = tasks.caller.ask("lines", host=tasks.address(), port=7000, line="who")
    assert reset.get("text", "") == "", reset
    after = tasks.caller.statistics(containing="no_filter_chain_match")
    assert sum(after.values()) > sum(before.values())


def test_proxy_statistics_have_app_meshs_tags(tasks):
    shown = tasks.caller.get("http://localhost:9901/stats/prometheus?usedonly&filter=cds_egress")["text"]
    assert 'appmesh_mesh="tasks"' in shown
    assert 'appmesh_virtual_node="front"' in shown


def test_describe_tasks_shows_the_proxy_as_the_defined_container(tasks):
    (task,) = tasks.stage.cluster.tasks("front")
    shown = {container["name"]: container for container in task["containers"]}
    assert set(shown) == {"probe", "envoy"}
    assert (shown["envoy"]["healthStatus"], shown["envoy"]["image"]) == ("HEALTHY", ENVOY_IMAGE)
    assert (task["healthStatus"], [a["type"] for a in task["attachments"]]) == ("HEALTHY", ["ElasticNetworkInterface"])
    output_lines = tasks.stage.cluster.output_lines(task["taskArn"], "envoy")
    assert any("starting main dispatch loop" in line for line in output_lines)
    with pytest.raises(ClientError, match="container name envoy is not valid"):
        tasks.stage.cluster.ecs.execute_command(
            cluster="tasks", task=task["taskArn"], container="envoy", command="sh", interactive=True
        )


def test_a_virtual_service_created_later_is_called_without_a_restart(tasks):
    tasks.calls(BACK, "later.virtual.test")
    tasks.create_virtual_service("later.virtual.test")
    eventually(lambda: tasks.ask("later.virtual.test").get("status") == 200, "the new service is called")


def test_a_deployment_under_load_fails_no_request(tasks):
    caller = {"kind": "http", "url": f"http://{BACK}:8080/"}
    tasks.caller.begin(*[caller] * 4, rate=50)
    eventually(lambda: len(tasks.caller.results()["answered"]) == 2, "the old ones answer")
    tasks.stage.cluster.update("back", taskDefinition=tasks.version("2"))
    tasks.stage.cluster.steady("back")
    tasks.stage.cluster.quiet("back")
    eventually(lambda: len(tasks.caller.results()["answered"]) == 4, "the new ones answer")
    results = tasks.caller.end()
    assert results["failed"] == 0, results
    assert len(results["answered"]) == 4, "the old ones and the new ones"


def test_proxies_keep_serving_while_the_control_plane_is_down_and_reconnect(tasks, installation):
    installation.kill()
    unnamed = {"url": "http://10.10.10.10:8080/", "headers": {"host": BACK}}  # names are the control plane's to know
    assert tasks.caller.get(**unnamed).get("status") == 200
    installation.up()
    eventually(lambda: tasks.ask().get("status") == 200, "names are known again")
    tasks.stage.cluster.update("back", desiredCount=1)
    tasks.stage.cluster.steady("back")
    tasks.stage.cluster.quiet("back")
    assert tasks.ask()["status"] == 200


def test_a_sidecar_with_the_ignored_user_id_bypasses_the_proxy(tasks):
    url = f"http://{tasks.address()}:8080/"
    line = f"python3 -c \"import urllib.request as u; print(u.urlopen('{url}').status)\""
    task = tasks.stage.cluster.run_to_end(tasks.stage.define("front", shell(line, user="1337")))
    assert tasks.stage.cluster.output_lines(task["taskArn"]) == ["200"]


def test_a_proxy_of_a_missing_virtual_node_is_unhealthy_with_a_reason(tasks):
    """As soon as whoever waits for the proxy has no patience left."""
    definition = tasks.stage.envoy("mesh/tasks/virtualNode/gone") | {"startTimeout": 4}
    waiting = shell("true", dependsOn=[{"containerName": "envoy", "condition": "HEALTHY"}])
    task = tasks.stage.cluster.run_to_end(tasks.stage.cluster.define("gone", waiting, definition))
    mesh = "arn:aws:appmesh:us-east-1:123456789012:mesh/tasks"
    what = f"ResourceInitializationError: the virtual node gone of the mesh {mesh} does not exist"
    assert task["stoppedReason"].startswith(what), task["stoppedReason"]
    assert task["stopCode"] == "TaskFailedToStart"


def test_a_stopping_gateway_finishes_requests_and_accepts_no_new_ones(tasks):
    tasks.stage.gateway("edge", listener(9080))
    target = {"virtualService": {"virtualServiceName": BACK}}
    spec = {"httpRoute": {"match": {"prefix": "/"}, "action": {"target": target, "rewrite": UNCHANGED}}}
    tasks.stage.appmesh.create_gateway_route(
        meshName="tasks", virtualGatewayName="edge", gatewayRouteName="all", spec=spec
    )
    tasks.stage.deploy_gateway("edge", 9080)
    tasks.stage.cluster.steady("edge")
    (task,) = tasks.stage.cluster.tasks("edge")
    details = (d for a in task["attachments"] for d in a["details"])
    address = next(d["value"] for d in details if d["name"] == "privateIPv4Address")
    bastion = tasks.stage.bastion()
    with ThreadPoolExecutor(1) as others:
        slow = others.submit(bastion.get, f"http://{address}:9080/slow/8")
        under_way = "http.ingress.downstream_rq_active"
        eventually(lambda: bastion.statistics(address, under_way).get(under_way), "the request is under way")
        tasks.stage.cluster.ecs.stop_task(cluster="tasks", task=task["taskArn"])
        eventually(lambda: "error" in bastion.get(f"http://{address}:9080/"), "nobody is let in any more")
        assert tasks.stage.cluster.task(task["taskArn"])["lastStatus"] == "DEACTIVATING"
        assert slow.result()["status"] == 200
    tasks.stage.cluster.update("edge", desiredCount=0)
    tasks.stage.cluster.quiet("edge")


DAEMONS = """
import select, socket
ends = {}
for port in (2000, 8125):
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.bind(('127.0.0.1', port))
    ends[end] = port
print('up', flush=True)
seen = set()
while True:
    for end in select.select(list(ends), [], [])[0]:
        text = end.recv(65536).decode(errors='replace')
        what = 'segment' if 'AWS::AppMesh::Proxy' in text else 'tags' if 'appmesh.mesh:tasks' in text else ''
        if what and what not in seen:
            seen.add(what)
            print(ends[end], what, text.splitlines()[-1][:200], flush=True)
"""


def test_traces_and_statistics_reach_the_sidecar_daemons(tasks):
    """X-Ray's and DogStatsD's, as sidecars that the proxy is not to intercept."""
    switched = {"ENABLE_ENVOY_XRAY_TRACING": "1", "XRAY_SAMPLING_RATE": "1", "ENABLE_ENVOY_DOG_STATSD": "1"}
    envoy = tasks.stage.envoy("mesh/tasks/virtualNode/front", **switched)
    call = f"while :; do python3 -c \"import urllib.request as u; u.urlopen('http://{BACK}:8080/')\"; sleep 1; done"
    caller = shell(call, dependsOn=[{"containerName": "envoy", "condition": "HEALTHY"}])
    daemons = shell("", "daemons", user="1337") | {"command": ["python3", "-c", DAEMONS]}
    led = {"IgnoredUID": "1337", "ProxyEgressPort": "15001"}
    properties = [{"name": name, "value": value} for name, value in led.items()]
    configuration = {"type": "APPMESH", "containerName": "envoy", "properties": properties}
    family = tasks.stage.cluster.define("traced", caller, daemons, envoy, proxyConfiguration=configuration)
    task = tasks.stage.cluster.run(family)

    def printed_words() -> set[str]:
        return {" ".join(line.split()[:2]) for line in tasks.stage.cluster.output_lines(task, "daemons")}

    eventually(lambda: printed_words() >= {"2000 segment", "8125 tags"}, "both have been told")
    tasks.stage.cluster.ecs.stop_task(cluster="tasks", task=task)
    tasks.stage.cluster.until(task, "STOPPED")
