"""howto-ipv6, retold: which of six servers answer at each preference, depending on the addresses under which they are
found and on those at which their applications listen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from ipaddress import ip_address
from typing import Any, NamedTuple

import pytest

from tests.e2e.appmesh.own_vpc import OwnVpc
from tests.e2e.appmesh.stage import Bastion, listener
from tests.e2e.installation import Installation
from tests.e2e.stack import app
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

PORT = 9080
FOUR, DUAL = ("A",), ("A", "AAAA")
SERVERS = {
    "red": (FOUR, "4"),
    "orange": (FOUR, "both"),
    "yellow": (FOUR, "6"),
    "green": (DUAL, "4"),
    "blue": (DUAL, "both"),
    "purple": (DUAL, "6"),
}
"""Records of the Cloud Map service, and the families that the application listens at."""
BY_FOUR = {"red", "orange", "green", "blue"}
ANSWER = {
    "IPv4_ONLY": BY_FOUR,
    "IPv4_PREFERRED": BY_FOUR,
    "IPv6_ONLY": {"blue", "purple"},
    "IPv6_PREFERRED": {"orange", "yellow", "blue", "purple"},
}
LOOKUP = {
    "IPv4_ONLY": "V4_ONLY",
    "IPv4_PREFERRED": "V4_PREFERRED",
    "IPv6_ONLY": "V6_ONLY",
    "IPv6_PREFERRED": "AUTO",
}
CHECKED = {
    "healthCheck": {
        "protocol": "http",
        "path": "/ping",
        "healthyThreshold": 2,
        "unhealthyThreshold": 2,
        "intervalMillis": 5000,
        "timeoutMillis": 2000,
    }
}


class Servers(OwnVpc):
    """The mesh, whose Cloud Map services have the records that SERVERS says."""

    def registry(self, name: str) -> list[dict[str, str]]:
        records, _ = SERVERS.get(name, (FOUR, ""))
        self.cloudmap.create_service(
            Name=name,
            NamespaceId=self.namespace,
            DnsConfig={"DnsRecords": [{"Type": record, "TTL": 1} for record in records]},
            HealthCheckCustomConfig={"FailureThreshold": 1},
        )
        return super().registry(name)

    def prefer(self, preference: str) -> None:
        """Have the mesh prefer this."""
        spec = {"serviceDiscovery": {"ipPreference": preference}}
        self.appmesh.update_mesh(meshName=self.name, spec=spec)

    def find(self, name: str, *, by_dns: bool = False, preference: str | None = None, **more: Any) -> None:
        """How a node is found, and whether it has a preference of its own; ``more``: of its listener."""
        discovery = {"dns": {"hostname": self.fqdn(name)}} if by_dns else self.cloud_map_discovery(name)
        for how in discovery.values():
            how.update({} if preference is None else {"ipPreference": preference})
        spec = {"listeners": [listener(PORT, **more)], "serviceDiscovery": discovery}
        self.appmesh.update_virtual_node(meshName=self.name, virtualNodeName=name, spec=spec)


class Gateway(NamedTuple):
    stage: Servers
    bastion: Bastion

    def answering(self, host: str = "") -> set[str]:
        """The servers that answer through the gateway."""
        at = host or f"gateway.{self.stage.domain}"
        return {name for name in SERVERS if self.bastion.colour(f"http://{at}:{PORT}/{name}") == name}

    def become(self, expected: set[str]) -> None:
        """Wait until these answer."""
        eventually(lambda: self.answering() == expected, f"those that answer are {expected}")

    def admin(self, proxy: str, path: str) -> Any:
        """The answer of a proxy's admin port, as JSON."""
        return json.loads(self.bastion.get(f"http://{self.stage.fqdn(proxy)}:9901/{path}")["text"])

    def cluster(self, name: str) -> str:
        """The gateway's, of a server."""
        return f"cds_egress_{self.stage.name}_{name}_http_{PORT}"

    def called_at(self, name: str) -> int:
        """The version of IP at which the gateway calls a server; 0 while it has none or both."""
        statuses = self.admin("gateway", "clusters?format=json")["cluster_statuses"]
        hosts = [host for one in statuses if one["name"] == self.cluster(name) for host in one.get("host_statuses", [])]
        versions = {ip_address(host["address"]["socket_address"]["address"]).version for host in hosts}
        return versions.pop() if len(versions) == 1 else 0

    def looked_up(self, name: str) -> str:
        """The families that the gateway asks DNS for."""
        configs = self.admin("gateway", "config_dump?resource=dynamic_active_clusters")["configs"]
        families = [
            one["cluster"].get("dns_lookup_family", "AUTO")
            for one in configs
            if one["cluster"]["name"] == self.cluster(name) and "dns" in one["cluster"].get("type", "").lower()
        ]
        return "".join(families)

    def listens(self, proxy: str) -> Mapping[str, tuple[str, bool]]:
        """The addresses of a proxy's listeners, and whether IPv4 is let in at IPv6's."""
        configs = self.admin(proxy, "config_dump?resource=dynamic_listeners")["configs"]
        each = [
            one["active_state"]["listener"]["address"]["socket_address"] for one in configs if "active_state" in one
        ]
        return {f"{one['port_value']}": (one["address"], one.get("ipv4_compat", False)) for one in each}

    def listens_at_both(self, proxy: str, port: str) -> bool:
        """Whether a proxy takes connections of IPv6, and of IPv4 with it."""
        return self.listens(proxy).get(port) == ("::", True)


@pytest.fixture(scope="module")
def gateway(server: Installation) -> Gateway:
    stage = Servers(server, "howto-ipv6", 63)
    stage.gateway("gateway", listener(PORT))
    for name, (_, family) in SERVERS.items():
        stage.node(name, listener(PORT))
        stage.service(name, node=name)
        stage.gateway_route("gateway", name, name, prefix=f"/{name}")
        variables = {"COLOUR": name, "FAMILY": family}
        environment = [{"name": key, "value": value} for key, value in variables.items()]
        stage.deploy(name, app("colour", PORT, environment=environment), PORT)
    stage.deploy_gateway("gateway", PORT)
    new_gateway = Gateway(stage, stage.bastion())
    stage.cluster.steady("gateway", *SERVERS)
    new_gateway.become(BY_FOUR)
    return new_gateway


@pytest.mark.heavy
def test_without_an_ip_preference_listeners_use_ipv4_only(gateway):
    assert gateway.listens("gateway")[f"{PORT}"] == ("0.0.0.0", False)  # noqa: S104 (what a proxy says)
    assert gateway.listens("blue")["15000"] == ("0.0.0.0", False)  # noqa: S104
    assert gateway.called_at("blue") == 4


@pytest.mark.parametrize("by_dns", [False, True], ids=["cloudmap", "dns"])
@pytest.mark.parametrize("preference", ANSWER)
def test_the_meshs_ip_preference_chooses_the_servers(gateway, preference, by_dns):
    stage = gateway.stage
    stage.prefer(preference)
    for name in SERVERS:
        stage.find(name, by_dns=by_dns)
    version = 4 if preference.startswith("IPv4") else 6
    # The same servers may have answered before; each proxy learns of the change by itself.
    eventually(lambda: gateway.called_at("blue") == version, f"blue is called at IPv{version}")
    if by_dns:
        eventually(lambda: gateway.looked_up("blue") == LOOKUP[preference], f"DNS is asked for {LOOKUP[preference]}")
    for proxy, port in (("gateway", f"{PORT}"), ("blue", "15000")):
        eventually(partial(gateway.listens_at_both, proxy, port), f"{proxy} listens at both")
    gateway.become(ANSWER[preference])


def test_a_nodes_ip_preference_overrides_the_meshs(gateway):
    stage = gateway.stage
    stage.prefer("IPv6_ONLY")
    for name in SERVERS:
        stage.find(name)
    gateway.become(ANSWER["IPv6_ONLY"])
    for name, preference in (("red", "IPv4_PREFERRED"), ("orange", "IPv4_PREFERRED"), ("yellow", "IPv6_PREFERRED")):
        stage.find(name, preference=preference)
    gateway.become({"red", "orange", "yellow", "blue", "purple"})


def test_the_gateway_accepts_ipv6(gateway):
    gateway.stage.prefer("IPv6_PREFERRED")
    for name in SERVERS:
        gateway.stage.find(name)
    gateway.become(ANSWER["IPv6_PREFERRED"])
    (task,) = gateway.stage.cluster.tasks("gateway")
    (interface,) = task["containers"][0]["networkInterfaces"]
    eventually(partial(gateway.listens_at_both, "gateway", f"{PORT}"), "the gateway listens at both")
    assert gateway.answering(f"[{interface['ipv6Address']}]") == ANSWER["IPv6_PREFERRED"]


def test_servers_that_answer_health_checks_are_healthy(gateway):
    gateway.stage.prefer("IPv4_ONLY")
    for name in SERVERS:
        gateway.stage.find(name, **CHECKED)
    gateway.become(BY_FOUR)

    def healthy() -> set[str]:
        statistics = gateway.bastion.statistics(gateway.stage.fqdn("gateway"), "health_check.healthy")
        counts = {name: f"cluster.{gateway.cluster(name)}.health_check.healthy" for name in SERVERS}
        return {name for name, count in counts.items() if statistics.get(count) == 1}

    eventually(lambda: healthy() == BY_FOUR, "health checks see the same")
