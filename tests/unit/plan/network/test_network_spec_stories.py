"""The network specification against drawn stories: what is followed change by change is what a fresh look gives, and
nothing in it names a thing that is gone.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from moyai.domain.sandbox.network_spec import NOWHERE, OUTSIDE, NetworkSpec
from moyai.domain.vpc.peering import PeeringStatus
from moyai.domain.vpc.security_group import GroupReference, SecurityGroupRule
from moyai.domain.world import Delete, Put, World
from moyai.plan.network.network_spec import NetworkSpecTracker, network_spec
from moyai.testing.world import SCOPE
from tests.unit.plan.nets import ANYWHERE, Nets

NAMES = "abc"
Key = tuple[str, str]


def a_task_comes(nets: Nets, where: int, choice: int) -> Key:
    name = NAMES[where]
    public = f"127.83.0.{1 + choice}" if choice % 2 else None
    return ("task", nets.task(name, *(() if choice % 3 else (f"{name}-web",)), public=public).arn)


def a_task_goes(nets: Nets, where: int, choice: int) -> Key:
    alive = [task for task in nets.world.tasks if not task.stopped]
    if not alive:
        return ("task", "none")
    task = alive[choice % len(alive)]
    nets.stop(task)
    return ("task", task.arn)


def a_task_record_goes(nets: Nets, where: int, choice: int) -> Key:
    tasks = list(nets.world.tasks)
    if not tasks:
        return ("task", "none")
    task = tasks[choice % len(tasks)]
    nets.build.book.apply([Delete(type(task), task.arn)])
    return ("task", task.arn)


def a_peering_changes(nets: Nets, where: int, choice: int) -> Key:
    first_name, other = NAMES[where], NAMES[(where + 1) % 3]
    name = "".join(sorted(first_name + other))
    nets.peer(name, first_name, other, list(PeeringStatus)[choice % len(PeeringStatus)])
    return ("vpc_peering", f"pcx-{name}")


def a_route_comes_or_goes(nets: Nets, where: int, choice: int) -> Key:
    name, to = NAMES[where], NAMES[(where + 1 + choice % 2) % 3]
    table = nets.world.route_tables[f"rtb-{name}"]
    if choice % 4 == 3:
        nets.put(Put(replace(table, routes=table.routes[1:])))
    elif choice % 5 == 4:
        nets.route(name, ANYWHERE, f"igw-{name}")
    else:
        nets.route(name, f"10.{1 + NAMES.index(to)}.0.0/16", f"pcx-{''.join(sorted(name + to))}")
    return ("route_table", table.id)


def a_gateway_is_attached_or_not(nets: Nets, where: int, choice: int) -> Key:
    nets.gateway(NAMES[where], NAMES[where] if choice % 2 else None)
    return ("internet_gateway", f"igw-{NAMES[where]}")


def rules_change(nets: Nets, where: int, choice: int) -> Key:
    other = NAMES[(where + choice) % 3]
    vpc: Any = f"vpc-{other}"
    group: Any = f"sg-{other}-web" if choice % 2 else f"sg-{other}"
    rule = SecurityGroupRule(
        f"sgr-{choice}", choice % 7 == 6, "tcp", 80, 80, group=GroupReference(group, SCOPE.account, vpc)
    )
    nets.group(f"{NAMES[where]}-web", NAMES[where], rule)
    return ("security_group", f"sg-{NAMES[where]}-web")


CHANGES = (
    a_task_comes,
    a_task_comes,
    a_task_goes,
    a_task_record_goes,
    a_peering_changes,
    a_route_comes_or_goes,
    a_gateway_is_attached_or_not,
    rules_change,
)
stories = st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 2), st.integers(0, 19)), max_size=25)


@given(stories)
def test_incremental_specifications_equal_fresh_ones(story):
    nets = Nets()
    for number, name in enumerate(NAMES, start=1):
        nets.vpc(name, number, ipv6=name != "c")
        nets.group(f"{name}-web", name)
    network_spec_tracker = NetworkSpecTracker(nets.world)
    for change, where, choice in story:
        key = change(nets, where, choice)
        spec = network_spec_tracker.follow([key])
        assert spec == network_spec(nets.world)
        nothing_is_gone(spec, nets.world)


def nothing_is_gone(spec: NetworkSpec, world: World) -> None:
    alive = {task.id: task.interface for task in world.tasks if not task.stopped}
    vpcs = {vpc.vpc for vpc in spec.vpcs}
    groups = {group.id for group in spec.groups}
    assert {interface.task: interface.address for vpc in spec.vpcs for interface in vpc.interfaces} == {
        task: interface.address for task, interface in alive.items()
    }
    assert vpcs == {interface.vpc for interface in alive.values()}
    assert {interface.task: interface.ipv6_address for vpc in spec.vpcs for interface in vpc.interfaces} == {
        task: interface.ipv6_address for task, interface in alive.items()
    }
    assert {vpc.vpc for vpc in spec.vpcs if vpc.ipv6} == vpcs - {"vpc-c"}
    for vpc in spec.vpcs:
        assert all(set(interface.groups) <= groups for interface in vpc.interfaces)
        assert all(interface.groups for interface in vpc.interfaces)
        assert {route.target for route in vpc.routes} <= {peering.id for peering in spec.peerings} | {
            NOWHERE,
            OUTSIDE,
        }
    for peering in spec.peerings:
        assert set(peering.vpcs) <= vpcs
        assert world.vpc_peerings[peering.id].status is PeeringStatus.ACTIVE
        both = [vpc for vpc in spec.vpcs if any(route.target == peering.id for route in vpc.routes)]
        assert {vpc.vpc for vpc in both} == set(peering.vpcs)
    for group in spec.groups:
        those = [interface for vpc in spec.vpcs for interface in vpc.interfaces if group.id in interface.groups]
        members = [one.address for one in those] + [one.ipv6_address for one in those if one.ipv6_address]
        assert sorted(group.members) == sorted(members) != []
        for permission in (*group.ingress, *group.egress):
            assert permission.ranges or permission.groups
            assert set(permission.groups) <= groups
