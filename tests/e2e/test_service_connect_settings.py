"""Settings of a service for its proxies: access logs, log level, and the tags that tune how it is called, live."""

from __future__ import annotations

import json
from itertools import count
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

LOGS = {
    "logDriver": "awslogs",
    "options": {"awslogs-region": "us-east-1", "awslogs-group": "proxies", "awslogs-create-group": "true"},
}
BRIEF = {"timeout": {"perRequestTimeoutSeconds": 5}}


class Mesh(NamedTuple):
    cluster: Cluster
    probe: Probe

    def get(self, path: str, name: str = "web", **headers: str) -> Any:
        return self.probe.ask("http", url=f"http://{name}{path}", headers=headers)

    def answering(self, name: str, **headers: str) -> set[str]:
        """The tasks that answered ten requests."""
        answers = [self.get("/", name, **headers) for _ in range(10)]
        return {json.loads(a["text"])["task"] for a in answers if a["status"] == 200}

    def tag(self, service: str, **tags: str) -> None:
        listed = [{"key": f"moyai:{key.replace('_', '-')}", "value": value} for key, value in tags.items()]
        self.cluster.ecs.tag_resource(resourceArn=self.arn(service), tags=listed)

    def untag(self, service: str, *keys: str) -> None:
        self.cluster.ecs.untag_resource(resourceArn=self.arn(service), tagKeys=[f"moyai:{key}" for key in keys])

    def arn(self, service: str) -> str:
        return str(self.cluster.service(service)["serviceArn"])

    def proxies(self, service: str) -> list[list[str]]:
        """The output of the proxy of each of the service's tasks."""
        results = []
        for task in self.cluster.tasks(service):
            (name,) = [c["name"] for c in task["containers"] if c["name"].startswith("ecs-service-connect-")]
            results.append(self.cluster.output_lines(task["taskArn"], name))
        return results


@pytest.fixture(scope="module")
def mesh(server: Installation) -> Mesh:
    cluster = Cluster(server, "settings", "settings")
    web = cluster.define("settings-web", app("web", 8080, "http"))
    plain = {"enabled": True, "logConfiguration": LOGS, "accessLogConfiguration": {"format": "TEXT"}}
    offered = {"services": [offer("web", "web", 80, **BRIEF)]}
    cluster.serve("web", web, count=2, connect=False, serviceConnectConfiguration=plain | offered)
    steady = [{"key": "moyai:outlier-failures", "value": "off"}]
    cluster.serve("flaky", web, offer("web", "flaky", 80, discoveryName="flaky"), count=2, tags=steady)
    cluster.steady("web", "flaky")
    talkative = {
        "enabled": True,
        "logConfiguration": LOGS,
        "accessLogConfiguration": {"format": "JSON", "includeQueryParameters": "ENABLED"},
        "containerConfigurations": [{"logLevel": "debug"}],
    }
    front = cluster.define("settings-front", app("probe", 8080, "http"))
    cluster.serve("front", front, connect=False, public=True, serviceConnectConfiguration=talkative)
    cluster.steady("front")
    probe = Probe(cluster.public_address("front"), 8080)
    eventually(probe.answers, "the probe answers")
    return Mesh(cluster, probe)


def test_each_proxy_writes_access_logs_as_its_own_service_configures(mesh):
    assert mesh.get("/hello?token=hunter2")["status"] == 200

    def calls() -> list[dict[str, Any]]:
        (lines,) = mesh.proxies("front")
        results = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in results if line["path"] == "/hello?token=hunter2"]

    (call,) = eventually(calls, "the caller's proxy writes JSON")
    assert (call["method"], call["response_code"], call["upstream_cluster"]) == ("GET", 200, "egress.web")
    assert call["authority"] == "web"

    def access_log_lines() -> list[str]:
        return [line for lines in mesh.proxies("web") for line in lines if '"GET /hello HTTP/1.1" 200 ' in line]

    (line,) = eventually(access_log_lines, "the called task's proxy writes text")
    assert call["request_id"] in line
    assert line.endswith(" ingress.web")
    assert not any("hunter2" in line for lines in mesh.proxies("web") for line in lines)


def test_a_proxy_uses_the_log_level_of_its_service(mesh):
    for lines in mesh.proxies("front"):
        assert any("[debug]" in line for line in lines)
    for lines in (*mesh.proxies("web"), *mesh.proxies("flaky")):
        assert any("[info]" in line for line in lines)
        assert not any("[debug]" in line for line in lines)


def test_consistent_hashing_keeps_a_user_on_one_task(mesh):
    mesh.tag("web", load_balancing="consistent-hash:header=x-user")
    users = [f"user-{number}" for number in range(24)]
    eventually(lambda: all(len(mesh.answering("web", **{"x-user": user})) == 1 for user in users[:2]), "users stick")
    assert len(set.union(*(mesh.answering("web", **{"x-user": user}) for user in users))) == 2
    mesh.untag("web", "load-balancing")
    eventually(lambda: len(mesh.answering("web", **{"x-user": "user-0"})) == 2, "users move about again")


def test_a_streaming_path_has_no_deadline(mesh):
    assert mesh.get("/slow/7.5")["status"] == 504
    mesh.tag("web", streaming="/slow /events")
    eventually(lambda: mesh.get("/slow/7.5")["status"] == 200, "what is slow may take its time")
    mesh.untag("web", "streaming")
    eventually(lambda: mesh.get("/slow/7.5")["status"] == 504, "it may not any more")


def test_the_retries_tag_turns_retries_off(mesh):
    assert mesh.get("/fail", "flaky")["status"] == 200
    assert len(mesh.answering("flaky")) == 1
    mesh.tag("flaky", retries="off")
    eventually(lambda: mesh.get("/", "flaky")["status"] == 503, "nothing is tried again")
    mesh.tag("flaky", retries="1")
    eventually(lambda: {mesh.get("/", "flaky")["status"] for _ in range(10)} == {200}, "one more attempt is enough")


def test_an_attempt_over_its_timeout_is_retried(mesh):
    mesh.tag("web", per_try_timeout="200ms", outlier_failures="off")
    numbers = count(1)

    def exhausted_path() -> str | None:
        """The path of a request that was tried as often as it may be, as the caller's proxy has it."""
        path = f"/slow/7.5{next(numbers):03d}"
        assert mesh.get(path)["status"] == 504
        return path if "URX" in str(eventually(lambda: flags(path), "the caller's proxy has written")) else None

    def flags(path: str) -> str | None:
        (lines,) = mesh.proxies("front")
        calls = [json.loads(line) for line in lines if line.startswith("{") and f'"{path}"' in line]
        return str(calls[0]["response_flags"]) if calls else None

    path = eventually(exhausted_path, "attempts are given up")
    assert path is not None

    def attempts() -> int:
        return sum(f'"GET {path} HTTP/1.1"' in line for lines in mesh.proxies("web") for line in lines)

    eventually(lambda: attempts() == 3, "each attempt has met a proxy")
    mesh.untag("web", "per-try-timeout", "outlier-failures")


def test_a_misspelt_tag_is_refused(mesh):
    with pytest.raises(ClientError, match="The tag moyai:retry is no setting of moyai") as exc_info:
        mesh.tag("web", retry="1")
    assert exc_info.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_task_found_by_its_services_name_shows_its_proxys_log_on_the_command_line(mesh):
    (task,) = mesh.cluster.tasks("front")
    (name,) = [c["name"] for c in task["containers"] if c["name"].startswith("ecs-service-connect-")]
    endpoint = f"http://127.0.0.1:{mesh.cluster.installation.port}"
    output = mesh.cluster.installation.moyai(
        "logs", task_id(task["taskArn"]), "--container", name, "--endpoint", endpoint
    )
    assert '"upstream_cluster":"' in output
