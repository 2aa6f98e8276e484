from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.network_spec import NOWHERE, OUTSIDE, NetworkRoute, NetworkSpec, TrafficPermission
from moyai.domain.vpc.default import default_vpc
from moyai.domain.vpc.peering import PeeringStatus
from moyai.domain.vpc.route_table import RouteTable, RouteTableAssociation
from moyai.domain.vpc.security_group import GroupReference, SecurityGroupRule
from moyai.domain.world import Put
from moyai.plan.network.network_spec import NetworkSpecTracker, network_spec, permissions
from moyai.testing.world import SCOPE, Builder
from tests.unit.plan.nets import ANYWHERE, OTHER, Nets


@pytest.fixture
def nets():
    return Nets()


def the_vpc(nets, name):
    [vpc] = [first_vpc for first_vpc in network_spec(nets.world).vpcs if first_vpc.vpc == f"vpc-{name}"]
    return vpc


def test_the_default_vpc_of_an_untouched_account():
    build = Builder()
    task = build.world.tasks[build.run(build.definition("web"))]
    own = default_vpc(SCOPE)
    [vpc], [group] = network_spec(build.world).vpcs, network_spec(build.world).groups
    assert (vpc.vpc, vpc.cidr) == (own.id, "172.31.0.0/16")
    assert {route.destination for route in vpc.routes} == {ANYWHERE}
    assert [interface.groups for interface in vpc.interfaces] == [(own.security_groups[0].id,)]
    assert group.members == (task.interface.address,)
    assert group.ingress == (TrafficPermission("-1", groups=(group.id,)),)
    assert group.egress == (TrafficPermission("-1", ranges=(ANYWHERE,)),)


def test_a_vpc_without_tasks_has_no_network(nets):
    nets.vpc("a", 1)
    assert network_spec(nets.world) == NetworkSpec()


def test_a_peering_with_routes_both_ways(nets):
    nets.vpc("a", 1)
    nets.vpc("b", 2, OTHER)
    nets.peer("ab", "a", "b")
    nets.task("a")
    nets.task("b")
    assert network_spec(nets.world).peerings == ()
    nets.route("a", "10.2.0.0/16", "pcx-ab")
    assert network_spec(nets.world).peerings == ()
    assert the_vpc(nets, "a").routes == (NetworkRoute("10.1.1.0/24", "10.2.0.0/16", NOWHERE),)
    nets.route("b", "10.0.0.0/8", "pcx-ab")
    [peering] = network_spec(nets.world).peerings
    assert (peering.id, peering.vpcs) == ("pcx-ab", ("vpc-a", "vpc-b"))
    assert the_vpc(nets, "a").routes == (NetworkRoute("10.1.1.0/24", "10.2.0.0/16", "pcx-ab"),)
    assert the_vpc(nets, "b").routes == (
        NetworkRoute("10.2.1.0/24", "10.0.0.0/8", NOWHERE),
        NetworkRoute("10.2.1.0/24", "10.1.0.0/16", "pcx-ab"),
    )


@pytest.mark.parametrize("status", [status for status in PeeringStatus if status is not PeeringStatus.ACTIVE])
def test_an_inactive_peering_has_no_routes(nets, status):
    nets.vpc("a", 1)
    nets.vpc("b", 2)
    nets.peer("ab", "a", "b", status)
    nets.task("a")
    nets.task("b")
    nets.route("a", "10.2.0.0/16", "pcx-ab")
    nets.route("b", "10.1.0.0/16", "pcx-ab")
    assert network_spec(nets.world).peerings == ()
    assert the_vpc(nets, "a").routes == (NetworkRoute("10.1.1.0/24", "10.2.0.0/16", NOWHERE),)


def test_peerings_are_not_transitive(nets):
    for number, name in enumerate("abc", start=1):
        nets.vpc(name, number)
        nets.task(name)
    nets.peer("ab", "a", "b")
    nets.peer("bc", "b", "c")
    nets.route("a", "10.3.0.0/16", "pcx-ab")
    nets.route("a", "10.2.7.0/24", "pcx-ab")
    nets.route("b", "10.1.0.0/16", "pcx-ab")
    assert the_vpc(nets, "a").routes == (
        NetworkRoute("10.1.1.0/24", "10.2.7.0/24", "pcx-ab"),
        NetworkRoute("10.1.1.0/24", "10.3.0.0/16", NOWHERE),
    )


def test_egress_requires_a_public_address_and_an_internet_gateway(nets):
    nets.vpc("a", 1)
    nets.task("a", public="127.83.0.1")
    private = nets.task("a")
    assert [interface.outside for interface in the_vpc(nets, "a").interfaces] == [False, False]
    nets.gateway("a", "a")
    nets.route("a", ANYWHERE, "igw-a")
    assert {interface.task: interface.outside for interface in the_vpc(nets, "a").interfaces}[private.id] is False
    assert sorted(interface.outside for interface in the_vpc(nets, "a").interfaces) == [False, True]
    assert the_vpc(nets, "a").routes == (NetworkRoute("10.1.1.0/24", ANYWHERE, OUTSIDE),)
    nets.gateway("a", None)
    assert [interface.outside for interface in the_vpc(nets, "a").interfaces] == [False, False]
    assert the_vpc(nets, "a").routes == (NetworkRoute("10.1.1.0/24", ANYWHERE, NOWHERE),)


def test_a_nat_gateway_provides_egress_while_its_subnet_has_it(nets):
    nets.vpc("a", 1)
    private = nets.subnet("private", "a", "10.1.2.0/24")
    own: Any = "rtb-private"
    nets.put(
        Put(RouteTable(own, private.vpc, SCOPE, associations=(RouteTableAssociation("rtbassoc-private", private.id),)))
    )
    nets.nat("a", "a")
    nets.route("private", ANYWHERE, "nat-a")
    nets.task("private")
    assert the_vpc(nets, "a").interfaces[0].outside is False
    nets.gateway("a", "a")
    nets.route("a", ANYWHERE, "igw-a")
    assert the_vpc(nets, "a").interfaces[0].outside is True
    assert the_vpc(nets, "a").routes == (
        NetworkRoute("10.1.1.0/24", ANYWHERE, OUTSIDE),
        NetworkRoute("10.1.2.0/24", ANYWHERE, OUTSIDE),
    )
    nets.put(Put(replace(nets.world.nat_gateways["nat-a"], deleted_at=nets.build.clock.now())))
    assert the_vpc(nets, "a").interfaces[0].outside is False


def test_security_groups_have_their_members_addresses(nets):
    nets.vpc("a", 1)
    nobody: Any = GroupReference("sg-nobody", SCOPE.account, "vpc-a")  # type: ignore[arg-type]
    callers: Any = GroupReference("sg-callers", SCOPE.account, "vpc-a")  # type: ignore[arg-type]
    nets.group("callers", "a")
    nets.group("nobody", "a")
    nets.group(
        "web",
        "a",
        SecurityGroupRule("1", egress=False, protocol="tcp", from_port=80, to_port=80, group=callers),
        SecurityGroupRule("2", egress=False, protocol="tcp", from_port=80, to_port=80, cidr="10.9.0.0/16"),
        SecurityGroupRule("3", egress=False, protocol="udp", from_port=53, to_port=53, group=nobody),
    )
    task, two = nets.task("a", "callers"), nets.task("a", "callers", "web")
    groups: Any = {group.id: group for group in network_spec(nets.world).groups}
    assert groups["sg-callers"].members == (task.interface.address, two.interface.address)
    assert groups["sg-web"].ingress == (TrafficPermission("tcp", 80, 80, ("10.9.0.0/16",), (callers.id,)),)
    assert groups["sg-web"].egress == ()
    nets.stop(task)
    nets.stop(two)
    assert network_spec(nets.world) == NetworkSpec()


def test_icmp_rules_have_no_ports():
    rules = (
        SecurityGroupRule("1", egress=False, protocol="icmp", from_port=8, to_port=-1, cidr=ANYWHERE),
        SecurityGroupRule("2", egress=False, protocol="icmp", from_port=-1, to_port=-1, cidr=ANYWHERE),
    )
    assert [(permission.from_port, permission.to_port) for permission in permissions(rules, ())] == [
        (None, None),
        (8, None),
    ]


def test_an_irrelevant_change_keeps_the_same_value(nets):
    nets.vpc("a", 1)
    task = nets.task("a")
    tracker = NetworkSpecTracker(nets.world)
    first = tracker.follow([("task", task.arn)])
    nets.put(Put(replace(task, version=2)))
    assert tracker.follow([("task", task.arn), ("service", "x")]) is first
