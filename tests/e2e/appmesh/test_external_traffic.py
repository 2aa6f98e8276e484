"""howto-external-traffic, retold: from a mesh that lets nothing else out, two web sites are called, with TLS of
their own.

Both are at port 443, which can be one's alone: the other is called at a virtual router's port. And what a task's
proxyConfiguration says goes out past the proxy.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.e2e.appmesh.authority import Authority
from tests.e2e.appmesh.stage import Bastion, Stage, listener
from tests.e2e.installation import Installation
from tests.e2e.stack import app
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

HTTPS, BESIDE = 443, 444
UNKNOWN = (8443, 9443)
"""Ports at which the mesh knows nobody."""
CUT = {"ConnectionRefusedError", "ConnectionResetError", "SSLEOFError"}
"""How it looks to a caller that nothing gets out: a proxy takes the connection and ends it, or listens to nobody."""
SITES = {"github": (HTTPS,), "go": (HTTPS,), "unknown": UNKNOWN}
CALLS = """
import os, sys
from tests.e2e.apps.talk_tls import https
for url in sys.argv[1:]:
    try:
        print(https(url, os.environ["ROOTS"])["text"])
    except OSError as error:
        print(type(error).__name__)
"""


class Outside(NamedTuple):
    stage: Stage
    front: Bastion
    roots: str
    """Whom those believe who call the sites."""

    def url(self, name: str, port: int = HTTPS) -> str:
        """A site's."""
        return f"https://{self.stage.fqdn(name)}:{port}/"

    def site(self, name: str, port: int = HTTPS) -> str:
        """The answer of a site, or the error of the call."""
        answer = self.front.ask("https", url=self.url(name, port), roots=self.roots)
        return str(answer.get("text") or answer["error"])

    def connections(self, name: str) -> int:
        """How many the front has made to that site."""
        cluster = f"cluster.cds_egress_{self.stage.name}_{name}_tcp_{HTTPS}"
        return self.front.statistics(containing="upstream_cx_total")[f"{cluster}.upstream_cx_total"]


def variables(**given: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in given.items()]


@pytest.fixture(scope="module")
def outside(server: Installation) -> Outside:
    stage, authority = Stage(server, "howto-external", egressFilter={"type": "DROP_ALL"}), Authority("the web's")
    for name, ports in SITES.items():
        chain, private = authority.issue(stage.fqdn(name))
        container = app("site", environment=variables(NAME=name, CHAIN=chain, PRIVATE=private))
        container["command"] += [str(port) for port in ports]
        definition = stage.cluster.define(f"{stage.name}-{name}", container)
        stage.cluster.serve(name, definition, connect=False, serviceRegistries=stage.registry(name))
    for name in ("github", "go"):
        dns = {"hostname": stage.fqdn(name), "ipPreference": "IPv4_ONLY"}
        stage.node(name, listener(HTTPS, "tcp"), serviceDiscovery={"dns": dns})
    stage.router("external", {"port": BESIDE, "protocol": "tcp"})
    target = {"virtualNode": "go", "weight": 1, "port": HTTPS}
    stage.route("external", "go", tcpRoute={"action": {"weightedTargets": [target]}})
    stage.service("github", node="github")
    stage.service("go", router="external")
    stage.cluster.steady(*SITES)
    new_outside = Outside(stage, stage.client("front", "github", "go"), authority.root)
    eventually(lambda: new_outside.site("github") == "github", "a site is called through the mesh")
    eventually(lambda: new_outside.site("go", BESIDE) == "go", "and the other one")
    return new_outside


def test_each_external_site_is_reached_by_its_port_with_its_own_tls(outside):
    assert outside.site("github") == "github"
    assert outside.site("go", BESIDE) == "go"
    assert outside.connections("github") > 0
    assert outside.connections("go") > 0


def test_an_external_port_leads_to_its_site_for_every_host_name(outside):
    before = outside.connections("github")
    assert outside.site("go", HTTPS) == "SSLCertVerificationError"
    assert outside.connections("github") > before


def test_other_external_traffic_is_blocked_until_the_egress_filter_allows_all(outside):
    stage, port = outside.stage, UNKNOWN[0]
    assert outside.site("unknown", port) in CUT
    assert outside.front.statistics(containing="no_filter_chain_match")["listener.0.0.0.0_15001.no_filter_chain_match"]
    stage.appmesh.update_mesh(meshName=stage.name, spec={"egressFilter": {"type": "ALLOW_ALL"}})
    eventually(lambda: outside.site("unknown", port) == "unknown", "it is let through")
    stage.appmesh.update_mesh(meshName=stage.name, spec={"egressFilter": {"type": "DROP_ALL"}})
    eventually(lambda: outside.site("unknown", port) in CUT, "and is not, again")


def test_ignored_ports_and_addresses_and_the_ignored_user_go_out_past_the_proxy(outside):
    stage = outside.stage
    (go,) = stage.cluster.tasks("go")
    address = next(d["value"] for d in go["attachments"][0]["details"] if d["name"] == "privateIPv4Address")
    stage.node("past")
    definition = past(outside, EgressIgnoredPorts=f"22,{UNKNOWN[0]}", EgressIgnoredIPs=f"169.254.170.2,{address}")
    task = stage.cluster.run_to_end(definition)["taskArn"]
    assert stage.cluster.output_lines(task, "sidecar") == ["unknown"]
    ignored_port, other_port, ignored_address, neither = stage.cluster.output_lines(task, "caller")
    assert (ignored_port, ignored_address) == ("unknown", "go")
    assert {other_port, neither} <= CUT


def past(outside: Outside, **properties: str) -> str:
    """A task whose application calls everybody, and a sidecar that is the proxy's user; with these properties."""
    stage, ecs = outside.stage, outside.stage.cluster.ecs
    called = [outside.url("unknown", port) for port in UNKNOWN] + [outside.url("go"), outside.url("github")]
    caller = app("caller", environment=variables(ROOTS=outside.roots)) | {"command": ["python3", "-c", CALLS, *called]}
    sidecar = caller | {"name": "sidecar", "command": ["python3", "-c", CALLS, outside.url("unknown", UNKNOWN[1])]}
    task_definition = ecs.describe_task_definition(taskDefinition=stage.define("past", caller))["taskDefinition"]
    proxy = task_definition["proxyConfiguration"]
    stored_properties = [one for one in proxy["properties"] if one["name"] not in properties]
    containers = [*task_definition["containerDefinitions"], sidecar | {"essential": False, "user": "1337"}]
    containers[0]["dependsOn"].append({"containerName": "sidecar", "condition": "SUCCESS"})
    return stage.cluster.define(
        task_definition["family"],
        *containers,
        proxyConfiguration=proxy | {"properties": stored_properties + variables(**properties)},
    )
