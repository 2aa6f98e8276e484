"""How many connections the clients of one load balancer may have at its front proxy."""

from __future__ import annotations

import pytest

from moyai.domain.elb.front import front_workload
from moyai.mesh.load_balancing.compile import compile_front
from moyai.testing.load_balancers import BalancerBuilder
from moyai.testing.world import Builder


@pytest.mark.parametrize(
    ("listeners", "public", "limit"), [(1, False, 10_000), (1, True, 6_250), (2, True, 3_125), (3, True, 1_562)]
)
def test_all_addresses_of_a_load_balancer_have_half_of_the_proxys_connections(listeners, public, limit):
    balancers = BalancerBuilder(Builder())
    balancer, group = balancers.balancer(public=public), balancers.group()
    for number in range(listeners):
        balancers.listener(balancer, group, 80 + number)
    front = compile_front(balancers.world, balancer.vpc).workloads[front_workload(balancer.vpc)]
    assert {listener.max_connections for listener in front.listeners} == {limit}
    assert sum(listener.max_connections * len(listener.addresses) for listener in front.listeners) <= 25_000


@pytest.mark.parametrize(("balancers", "limit"), [(2, 6_250), (3, 3_125), (4, 3_125), (5, 1_562), (50, 195)])
def test_all_load_balancers_together_have_the_proxys_connections(balancers, limit):
    builder = BalancerBuilder(Builder())
    all_balancers = [builder.balancer(f"web-{number}", public=True) for number in range(balancers)]
    for number, balancer in enumerate(all_balancers):
        builder.listener(balancer, builder.group(f"group-{number}"), 80)
    vpc = all_balancers[0].vpc
    front = compile_front(builder.world, vpc).workloads[front_workload(vpc)]
    assert {listener.max_connections for listener in front.listeners} == {limit}
    assert sum(listener.max_connections * len(listener.addresses) for listener in front.listeners) <= 50_000
