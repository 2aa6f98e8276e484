"""Tasks that share the proxy of their host: what they have, and what the end of that one process means for them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from moyai.domain.sandbox.host_proxy import HOST_SANDBOX
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer, processes, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


OPEN_MANY = """
import resource, socket
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []
try:
    while len(held) < 2300:
        held.append(socket.create_connection(("web", 80), 5))
except OSError:
    pass
print(len(held))
"""


@pytest.fixture(scope="module")
def cluster(make_installation: Callable[..., Installation]) -> Cluster:
    installation = make_installation()
    installation.up()
    cluster = Cluster(installation, "shared", "shared")
    arn = cluster.ecs.describe_clusters(clusters=["shared"])["clusters"][0]["clusterArn"]
    cluster.ecs.tag_resource(resourceArn=arn, tags=[{"key": "moyai:proxy", "value": "node"}])
    cluster.serve("web", cluster.define("web", app("web", 8080, "http")), offer("web", "web", 80), count=2)
    cluster.steady("web")
    return cluster


@pytest.fixture(scope="module")
def probe(cluster: Cluster) -> Probe:
    return cluster.probe("caller")


def host_envoys() -> list[int]:
    return list(processes(HOST_SANDBOX, "/envoy --config-path"))


def web_answers(probe: Probe) -> bool:
    return bool(probe.ask("http", url="http://web/").get("status") == 200)


def test_one_envoy_serves_all_tasks_and_each_shows_its_proxy(cluster, probe):
    tasks = cluster.tasks("web") + cluster.tasks("caller")
    for task in tasks:
        proxies = [c for c in task["containers"] if c["name"].startswith("ecs-service-connect-")]
        assert [c["lastStatus"] for c in proxies] == ["RUNNING"]
        assert list(processes(task["taskArn"], "/envoy")) == []
    assert host_envoys()
    assert web_answers(probe)


def test_a_task_shows_its_own_part_of_the_proxy(cluster, probe):
    def printed_json(*arguments: str) -> Any:
        return json.loads(cluster.installation.moyai(*arguments, "--json"))

    assert web_answers(probe)
    task = task_id(cluster.tasks("caller")[0]["taskArn"])
    for rows in (printed_json("proxy", "endpoints", task), printed_json("proxy", "clusters", task)):
        assert rows
        assert all(task in row["cluster"] for row in rows), rows
    stats = json.dumps(printed_json("proxy", "stats", task, "--filter", "upstream_rq_2xx"))
    assert task in stats
    assert not [web for web in cluster.tasks("web") if task_id(web["taskArn"]) in stats]
    assert printed_json("explain", task, "web:80")["verdict"] == "reachable"


def test_the_proxy_has_next_to_no_privileges(cluster, probe):
    for pid in host_envoys():
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert fields["Uid"].split()[0] != "0"
        assert int(fields["CapBnd"], 16) == 1 << 10 | 1 << 21
        assert (fields["NoNewPrivs"].strip(), fields["Seccomp"].strip()) == ("1", "2")


def test_a_task_has_so_many_connections_at_the_proxy(cluster, probe):
    opened = probe.run("python3", "-c", OPEN_MANY)
    assert int(opened["out"]) == 2000, opened
    assert web_answers(probe)


def test_security_groups_apply_between_tasks_that_share_the_proxy(cluster, probe):
    ec2, network = cluster.installation.client("ec2"), cluster.network(public=False)
    (subnet,) = ec2.describe_subnets(SubnetIds=cluster.subnets[:1])["Subnets"]
    group = ec2.create_security_group(VpcId=subnet["VpcId"], GroupName="closed", Description="closed")["GroupId"]
    network["awsvpcConfiguration"]["securityGroups"] = [group]
    cluster.update("web", networkConfiguration=network)
    cluster.steady("web")
    eventually(lambda: probe.ask("http", url="http://web/").get("status") == 503, "no rule lets the caller in")
    anybody = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[anybody])
    eventually(lambda: web_answers(probe), "a rule lets the caller in")


def test_a_proxy_that_is_killed_under_load_comes_back_and_no_task_ends(cluster, probe):
    before = {task["taskArn"] for task in cluster.tasks("web")}
    probe.begin({"kind": "http", "url": "http://web/"})
    for pid in host_envoys():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: web_answers(probe), "requests get through again")
    probe.end()
    assert {task["taskArn"] for task in cluster.tasks("web")} == before


def test_a_control_plane_that_is_killed_finds_the_proxy_again(cluster, probe):
    envoys = host_envoys()
    cluster.installation.kill()
    assert web_answers(probe)
    cluster.installation.up()
    cluster.update("web", desiredCount=3)
    cluster.steady("web")
    answered: set[str] = set()

    def every_task_answers() -> bool:
        answered.add(probe.ask("http", url="http://web/who")["text"])
        return len({task_id(t["taskArn"]) for t in cluster.tasks("web")}) == 3 and len(answered) >= 3

    eventually(every_task_answers, "all three tasks answer")
    assert host_envoys()[:1] == envoys[:1]


def test_a_task_that_ends_fails_no_request_and_leaves_no_namespace(cluster, probe):
    probe.begin({"kind": "http", "url": "http://web/"})
    leaving = {task_id(task["taskArn"]) for task in cluster.tasks("web")}
    cluster.update("web", desiredCount=1)
    cluster.steady("web")
    cluster.quiet("web")
    result = probe.end()
    staying = {task_id(task["taskArn"]) for task in cluster.tasks("web")}
    namespaces = [path.name for path in (cluster.installation.state / "run/netns").iterdir()]
    assert not [name for task in leaving - staying for name in namespaces if task in name]
    assert result["failures"] == []
