"""Tasks that share the proxy of their host: what they have, and what the end of that one process means for them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.proxies import envoys
from tests.e2e.stack import Cluster, Probe, app, offer, processes, shell, task_id
from tests.e2e.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


# Opens connections until one is refused, and prints how many stay open: where the proxy closes a connection while
# others are opened, another takes its place.
OPEN_MANY = """
import resource, select, socket, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
connections = {}
poll = select.poll()
try:
    while len(connections) < 2300:
        connection = socket.create_connection(("web", 80), 5)
        connections[connection.fileno()] = connection
        poll.register(connection, select.POLLIN)
except OSError:
    pass
deadline = time.monotonic() + 60
while True:
    for descriptor, _ in poll.poll(1000 if len(connections) > 2000 else 0):
        poll.unregister(descriptor)
        connections.pop(descriptor).close()
    if len(connections) <= 2000 or time.monotonic() > deadline:
        break
print(len(connections))
"""

RESET_AT_ONCE = """
import json, socket

def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

GET = bytes([0x82, 0x86, 0x84, 0x41, 3]) + b"web"
streams = []
for _ in range(20):
    with socket.create_connection(("web", 80), 30) as connection:
        connection.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + frame(4, 0, 0))
        streams.append(0)
        try:
            while streams[-1] < 20_000:
                number = 2 * streams[-1] + 1
                connection.sendall(frame(1, 5, number, GET) + frame(3, 0, number, bytes([0, 0, 0, 8])))
                streams[-1] += 1
        except OSError:
            pass
print(json.dumps(streams))
"""
"""Opens HTTP/2 streams and resets them at once; prints how many each connection could have."""
READ_STATISTICS = """
import os, urllib.request
with urllib.request.urlopen(os.environ["ECS_CONTAINER_METADATA_URI_V4"] + "/task/stats") as answer:
    print(answer.read().decode())
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


def web_answers(probe: Probe) -> bool:
    return bool(probe.ask("http", url="http://web/").get("status") == 200)


def test_tasks_share_the_proxy_without_being_asked_to(tmp_path):
    installation = Installation(tmp_path / "state")
    installation.up()
    try:
        clients = Cluster(installation, "clients", "clients")
        clients.serve("client", clients.define("client", shell("exec sleep 600")))
        clients.steady("client")
        assert len(envoys(installation)) == 1
        assert json.loads(installation.own("GET", "doctor"))["examined"]["shared proxy"] == 1
    finally:
        assert installation.leave() == []


def test_one_envoy_serves_all_tasks_and_each_shows_its_proxy(cluster, probe):
    tasks = cluster.tasks("web") + cluster.tasks("caller")
    for task in tasks:
        proxies = [c for c in task["containers"] if c["name"].startswith("ecs-service-connect-")]
        assert [c["lastStatus"] for c in proxies] == ["RUNNING"]
        assert list(processes(task["taskArn"], "/envoy")) == []
    assert envoys(cluster.installation)
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
    explained = printed_json("explain", task, "web:80")
    assert explained["verdict"] == "reachable"
    assert any(route["retries"].startswith("2 on ") for route in explained["routes"])


def test_the_proxy_has_next_to_no_privileges(cluster, probe):
    for pid in envoys(cluster.installation):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert fields["Uid"].split()[0] != "0"
        assert int(fields["CapBnd"], 16) == 1 << 10 | 1 << 21
        assert (fields["NoNewPrivs"].strip(), fields["Seccomp"].strip()) == ("1", "2")


def test_a_task_has_so_many_connections_at_the_proxy(cluster, probe):
    opened = probe.run("python3", "-c", OPEN_MANY)
    assert int(opened["out"]) == 2000, opened
    assert web_answers(probe)


def test_an_attack_of_one_task_leaves_its_neighbours_served(cluster, probe):
    attacker = cluster.probe("attacker")
    probe.begin(*[{"kind": "http", "url": "http://web/"}] * 4)
    streams = json.loads(attacker.run("python3", "-c", RESET_AT_ONCE)["out"])
    idle = attacker.run("python3", "-c", OPEN_MANY)
    assert probe.end()["failures"] == []
    assert max(streams) < 20_000, "the proxy ends connections whose streams are reset at once"
    assert int(idle["out"]) == 2000, idle


def test_a_task_shows_its_part_of_what_the_proxy_uses(cluster, probe):
    def of_proxy() -> Any:
        assert web_answers(probe)
        containers = json.loads(probe.run("python3", "-c", READ_STATISTICS)["out"]).values()
        (statistics,) = [c for c in containers if c is None or c["name"].startswith("/ecs-service-connect-")]
        return statistics

    def has_used_processor_time() -> bool:
        statistics = of_proxy()
        return statistics is not None and statistics["cpu_stats"]["cpu_usage"]["total_usage"] > 0

    eventually(has_used_processor_time, "a part of the time is the caller's")
    (envoy,) = envoys(cluster.installation)
    whole = int(Path(f"/proc/{envoy}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    assert 0 < of_proxy()["memory_stats"]["usage"] < whole


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
    for pid in envoys(cluster.installation):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: web_answers(probe), "requests get through again")
    probe.end()
    assert {task["taskArn"] for task in cluster.tasks("web")} == before


@pytest.mark.heavy
def test_a_proxy_that_stands_still_is_replaced_and_no_task_ends(cluster, probe):
    before, (hung,) = {task["taskArn"] for task in cluster.tasks("web")}, envoys(cluster.installation)
    os.kill(hung, signal.SIGSTOP)
    eventually(lambda: web_answers(probe), "another process answers", 3 * PATIENCE)
    assert hung not in envoys(cluster.installation)
    assert {task["taskArn"] for task in cluster.tasks("web")} == before


def test_a_control_plane_that_is_killed_finds_the_proxy_again(cluster, probe):
    before = envoys(cluster.installation)
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
    assert envoys(cluster.installation) == before


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
