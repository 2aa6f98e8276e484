"""How many connections, and flows of datagrams, the clients of one load balancer may have at its front proxy."""

from __future__ import annotations

import pytest

from moyai.domain.elb.front import front_workload
from moyai.mesh.load_balancing.compile import compile_front
from moyai.testing.load_balancers import BalancerBuilder
from moyai.testing.world import Builder
from tests.golden.load_balancing.balancers import VPC, world_of


@pytest.mark.parametrize(
    ("listeners", "public", "limit"), [(1, False, 6_250), (1, True, 3_125), (2, True, 1_562), (3, True, 1_000)]
)
def test_all_addresses_of_a_load_balancer_have_a_quarter_of_the_proxys_connections(listeners, public, limit):
    builder = BalancerBuilder(Builder())
    balancer, group = builder.balancer(public=public), builder.group()
    for number in range(listeners):
        builder.listener(balancer, group, 80 + number)
    front = compile_front(builder.world, balancer.vpc).workloads[front_workload(balancer.vpc)]
    assert {listener.max_connections for listener in front.listeners} == {limit}
    assert sum(listener.max_connections * len(listener.addresses) for listener in front.listeners) <= 12_500


def test_an_address_of_a_load_balancer_with_many_listeners_has_a_thousand_connections():
    builder = BalancerBuilder(Builder())
    balancer, group = builder.balancer(public=True), builder.group()
    for number in range(50):
        builder.listener(balancer, group, 80 + number)
    front = compile_front(builder.world, balancer.vpc).workloads[front_workload(balancer.vpc)]
    assert {listener.max_connections for listener in front.listeners} == {1_000}


def test_the_listeners_of_a_load_balancer_stay_as_they_are_when_others_are_added():
    builder = BalancerBuilder(Builder())
    balancer = builder.balancer("web-0", public=True)
    builder.listener(balancer, builder.group("group-0"), 80)
    workload = front_workload(balancer.vpc)
    alone = compile_front(builder.world, balancer.vpc).workloads[workload].listeners
    for number in range(1, 20):
        builder.listener(builder.balancer(f"web-{number}", public=True), builder.group(f"group-{number}"), 80)
    among_others = compile_front(builder.world, balancer.vpc).workloads[workload].listeners
    assert len(among_others) == 20
    assert set(alone) <= set(among_others)


@pytest.mark.parametrize(("listeners", "limit"), [(1, 16_384), (2, 8_192), (3, 4_096), (5, 2_048)])
def test_target_groups_of_all_udp_listeners_share_the_flows_of_a_proxy(listeners, limit):
    names = [f"group-{number}" for number in range(listeners)]
    balancers = {
        name: {"type": "network", "listeners": {53: forwarding(name, "TCP_UDP"), 80: forwarding("stream", "TCP")}}
        for name in names
    }
    groups = {name: {"protocol": "TCP_UDP"} for name in names} | {"stream": {"protocol": "TCP"}}
    front = compile_front(world_of({"loadBalancers": balancers, "targetGroups": groups}), VPC)
    limits = [each.limits.connections for each in front.destinations.values() if each.limits is not None]
    assert limits == [limit] * listeners
    assert len(front.destinations) == listeners + 1


@pytest.mark.parametrize(
    ("versions", "parts"),
    [
        (["HTTP1"], [49_152]),
        (["HTTP1", "HTTP1", "HTTP1"], [12_288] * 3),
        (["HTTP1", "GRPC", "HTTP2"], [24_576, 3_072, 3_072]),
        (["HTTP1", *["GRPC"] * 8], [24_576, *[3_072] * 8]),
        (["GRPC"], [6_144]),
    ],
)
def test_target_groups_share_the_connections_to_servers_by_what_a_connection_carries(versions, parts):
    groups = {f"group-{number}": {"protocol_version": version} for number, version in enumerate(versions)}
    balancers = {name: {"listeners": {80: forwarding(name, "HTTP")}} for name in groups}
    front = compile_front(world_of({"loadBalancers": balancers, "targetGroups": groups}), VPC)
    limits = {name: each.limits.connections for name, each in front.destinations.items() if each.limits}
    assert [limits[name] for name in sorted(limits)] == parts


def forwarding(group: str, protocol: str) -> dict[str, object]:
    """A listener that forwards to a target group."""
    return {"protocol": protocol, "rules": {"default": {"action": {"type": "forward", "groups": [group]}}}}
