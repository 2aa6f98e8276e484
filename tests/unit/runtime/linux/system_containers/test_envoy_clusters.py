"""Endpoints in the words of Envoy's admin interface."""

from __future__ import annotations

import json

import pytest

from moyai.domain.sandbox.state import EndpointHealth, ProxyEndpoint
from moyai.runtime.linux.network.open_connections import count_in_table
from moyai.runtime.linux.system_containers.envoy_clusters import endpoints_of_task, parse_endpoints, with_older_versions


def host(port: int = 80, **health: object) -> dict[str, object]:
    return {
        "address": {"socket_address": {"address": "10.0.0.1", "port_value": port}},
        "stats": [{"name": "cx_total"}, {"value": "2", "name": "rq_active", "type": "GAUGE"}],
        "health_status": {"eds_health_status": "HEALTHY", **health},
        "weight": 1,
    }


def parse(*hosts: dict[str, object], **statuses: int) -> tuple[ProxyEndpoint, ...]:
    clusters = {"cluster_statuses": [{"name": "empty"}, {"name": "web", "host_statuses": hosts}]}
    known = {("web", "10.0.0.1", int(port.removeprefix("p"))): status for port, status in statuses.items()}
    return parse_endpoints(json.dumps(clusters).encode(), known)


def test_connections_of_older_versions_count_at_endpoints_that_drain():
    listed = (
        ProxyEndpoint("web", "10.0.0.1", 80, draining=True, connections=2),
        ProxyEndpoint("web@a", "10.0.0.1", 80, draining=True, connections=1),
        ProxyEndpoint("web", "10.0.0.2", 80, connections=1),
    )
    assert with_older_versions(listed, {("10.0.0.1", 80): 3, ("10.0.0.2", 80): 2}) == listed
    older = with_older_versions(listed, {("10.0.0.1", 80): 4})
    assert [endpoint.active for endpoint in older] == [1, 1, 0]
    assert with_older_versions(listed, {}) == listed


def test_open_connections_are_counted_by_their_remote_ends():
    table = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100000A:9C40 0200000A:1F90 01 00000000:00000000 00:00000000 00000000  1337        0 1 1
   1: 0100000A:9C41 0200000A:1F90 06 00000000:00000000 03:00000000 00000000     0        0 0 3
   2: 0100000A:9C42 0200000A:1F90 08 00000000:00000000 00:00000000 00000000  1337        0 2 1
   3: 0200000A:1F90 0100000A:9C40 01 00000000:00000000 00:00000000 00000000     0        0 3 1
"""
    assert count_in_table(table, [("10.0.0.2", 8080), ("10.0.0.2", 80)]) == {("10.0.0.2", 8080): 2}


def test_open_connections_of_ipv6_are_counted_too():
    table = (
        "sl local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode\n"
        "0: 000000FD000000000000000001000000:9C40 000000FD000000000000000014000000:1F90 01"
        " 00000000:00000000 00:00000000 00000000 0 0 1\n"
    )
    assert count_in_table(table, [("fd00::14", 8080), ("10.0.0.2", 8080)]) == {("fd00::14", 8080): 1}


def test_a_member_of_the_same_machine_is_at_the_address_that_it_has_for_others():
    internal = {"server_listener_name": "task/pass:80", "endpoint_id": "10.0.0.9:80"}
    (endpoint,) = parse({**host(), "address": {"envoy_internal_address": internal}})
    assert (endpoint.address, endpoint.port) == ("10.0.0.9", 80)
    assert parse({**host(), "address": {"envoy_internal_address": {"server_listener_name": "task/pass:80"}}}) == ()


def test_a_task_that_shares_its_proxy_has_its_own_clusters_only():
    own, other = (ProxyEndpoint(f"arn:aws:ecs:::task/c/{task}/egress/web", "10.0.0.1", 80) for task in ("one", "two"))
    assert endpoints_of_task((own, other), "one") == (own,)
    assert endpoints_of_task((own, other), "") == (own, other)


def test_an_endpoint_has_what_is_under_way():
    assert parse(host()) == (ProxyEndpoint("web", "10.0.0.1", 80, active=2),)


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        ({"pending_active_hc": True, "failed_active_health_check": True}, EndpointHealth.PENDING),
        ({"failed_active_health_check": True}, EndpointHealth.UNHEALTHY),
        ({"failed_outlier_check": True}, EndpointHealth.HEALTHY),
    ],
)
def test_the_active_check_decides_about_health(health, expected):
    assert parse(host(**health))[0].health is expected


def test_a_failed_check_has_its_reason():
    slow, refusing = parse(
        host(80, failed_active_health_check=True, active_hc_timeout=True),
        host(81, failed_active_health_check=True),
        p81=500,
    )
    assert (slow.timed_out, slow.status) == (True, None)
    assert (refusing.timed_out, refusing.status) == (False, 500)
    assert parse(host(81), p81=500)[0].status is None


def test_a_draining_endpoint():
    assert parse(host(eds_health_status="DRAINING"))[0].draining


def test_an_endpoint_without_an_address_is_left_out():
    assert parse({"address": {"pipe": {"path": "/run/app.sock"}}}) == ()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"cluster_statuses": 1}', b"\xff"])
def test_another_answer_is_refused(body):
    with pytest.raises(ValueError, match=r"."):
        parse_endpoints(body, {})
