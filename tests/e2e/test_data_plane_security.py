"""A task that has turned against its neighbours: what of the mesh's machinery it can reach, and what it can pretend."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer, task_id

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SOCKETS = """
import json, os, socket
named = {line.split()[7] for line in open('/proc/net/unix').read().splitlines()[1:] if len(line.split()) > 7}
for folder, _, files in os.walk('/run'):
    named |= {os.path.join(folder, file) for file in files}
reached = []
for name in named | {'/run/proxy/admin.sock', '/run/moyai/xds.sock', %(extra)r}:
    caller = socket.socket(socket.AF_UNIX)
    try:
        caller.connect(name.replace('@', chr(0), 1) if name.startswith('@') else name)
        reached.append(name)
    except OSError:
        pass
    caller.close()
print(json.dumps({'named': sorted(named), 'reached': reached}))
"""
LISTENING = """
import json
rows = [line.split() for line in open('/proc/net/tcp').read().splitlines()[1:]]
print(json.dumps(sorted(int(row[1].split(':')[1], 16) for row in rows if row[3] == '0A')))
"""
PROCESSES = """
import json, os
running = [pid for pid in os.listdir('/proc') if pid.isdigit()]
print(json.dumps([open(f'/proc/{pid}/cmdline').read().replace(chr(0), ' ') for pid in running]))
"""


class Stage(NamedTuple):
    installation: Installation
    attacker: Probe
    victim: Cluster
    stranger: Cluster

    def inside(self, program: str) -> Any:
        """The output, as JSON, of a Python program in the attacker's container."""
        ran = self.attacker.run("python3", "-c", program)
        assert ran["code"] == 0, ran
        return json.loads(ran["out"])

    def answer_from(
        self, address: str, port: int, line: str = "GET / HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n"
    ) -> str:
        """The answer of an address to the attacker, or the error of the call."""
        answer = self.attacker.ask("raw", host=address, port=port, texts=[line])
        return str(answer["error"] if "error" in answer else answer["texts"][0])


def address_of(cluster: Cluster, service: str) -> str:
    (task,) = cluster.tasks(service)
    details = {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}
    return str(details["privateIPv4Address"])


@pytest.fixture(scope="module")
def stage(server: Installation) -> Stage:
    victim, stranger = Cluster(server, "guarded", "guarded"), Cluster(server, "elsewhere", "elsewhere")
    web = victim.define("guarded-web", app("web", 8080, "http"))
    victim.serve("web", web, offer("web", "web"))
    stranger.serve("secret", stranger.define("secret", app("web", 8080, "http")), offer("web", "secret"))
    victim.steady("web")
    stranger.steady("secret")
    return Stage(server, victim.probe("attacker"), victim, stranger)


def test_a_task_cannot_reach_proxy_or_control_plane_sockets(stage):
    state = stage.installation.state
    found = stage.inside(SOCKETS % {"extra": str(state / "run/xds.sock")})
    assert found["reached"] == []
    assert [name for name in found["named"] if name.startswith("@")] == [], "an abstract socket needs no path"


def test_a_proxy_listens_for_traffic_alone(stage):
    # 8080 is the application's own; a proxy's administration has no port. Each worker of a proxy has its own socket.
    assert sorted(set(stage.inside(LISTENING))) == [8080, 15001]
    assert "administration" not in stage.answer_from("127.0.0.1", 9901)


def test_the_state_of_the_installation_is_hidden(stage):
    listed = stage.attacker.run("ls", "-A", str(stage.installation.state))
    assert listed["out"] == "", listed


def test_proxies_and_container_monitors_cannot_be_seen_or_signalled(stage):
    commands = stage.inside(PROCESSES)
    assert [command for command in commands if "envoy" in command or "shim" in command] == []
    assert any("apps.probe" in command for command in commands)


def test_a_task_cannot_use_the_ports_of_a_neighbours_proxy(stage):
    neighbour = address_of(stage.victim, "web")
    assert stage.answer_from(neighbour, 8080).startswith("HTTP/1.1 200 OK"), "as long as the security groups let it"
    assert stage.answer_from(neighbour, 15000) == "", "the ingress port itself is no way in"
    assert stage.answer_from(neighbour, 15001) == "ConnectionRefusedError", "the egress port is for its own task"
    assert stage.answer_from("127.0.0.1", 15001) == "", "and not to be called directly"


def test_a_name_of_another_namespace_is_not_reachable(stage):
    assert stage.attacker.ask("http", url="http://secret/")["error"] == "ConnectError"
    # Each name has an address of its own; none of those that others have means anything here.
    for last in range(1, 9):
        answer = stage.answer_from(f"127.255.0.{last}", 8080)
        assert answer in {"", "ConnectionResetError", "ConnectionRefusedError"}, answer


def test_a_forged_host_header_does_not_change_the_target(stage):
    (web,) = stage.victim.tasks("web")
    for host in ("secret", "secret.elsewhere", address_of(stage.stranger, "secret")):
        answer = stage.attacker.ask(
            "raw", host="web", port=80, texts=[f"GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"]
        )
        assert json.loads(answer["texts"][0].partition("\r\n\r\n")[2])["task"] == task_id(web["taskArn"])


def test_the_metadata_of_another_task_is_not_readable(stage):
    (web,) = stage.victim.tasks("web")
    (container,) = [c for c in web["containers"] if c["name"] == "web"]
    answer = stage.attacker.ask("http", url=f"http://169.254.170.2/v4/{container['runtimeId']}/task")
    assert answer["status"] == 404, answer


@pytest.mark.parametrize(
    "command",
    [
        ["nft", "list", "ruleset"],
        ["ip", "link", "set", "eth0", "down"],
        ["ip", "address", "add", "172.31.0.99/20", "dev", "eth0"],
        ["ip", "route", "add", "default", "via", "127.0.0.1"],
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_a_task_cannot_change_its_own_network(stage, command):
    ran = stage.attacker.run(*command)
    assert "not permitted" in ran["err"], ran
