"""Which calls between tasks of a host are made by address, because a rule of their networks may forbid them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.network_acl import AclEntry, default_acl, with_entry
from moyai.domain.vpc.security_group import GroupReference, SecurityGroup, SecurityGroupRule
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Put, World
from moyai.kernel.ids import SecurityGroupId, SubnetId, TaskArn
from moyai.mesh.ir import SeparatedNetworks
from moyai.mesh.service_connect.networks import networks_of, separated_networks
from moyai.mesh.service_connect.projections import ConnectTask, connect_tasks
from moyai.testing.world import SCOPE, Builder, container
from tests.unit.plan.tasks import schedule

OUT = SecurityGroupRule("sgr-out", egress=True, protocol="-1", cidr="0.0.0.0/0")


def entry_rule(**members: object) -> SecurityGroupRule:
    return SecurityGroupRule("sgr-in", **{"egress": False, "protocol": "tcp"} | members)  # type: ignore[arg-type]


class Rig:
    """Two tasks with the default security group, of which the second offers port 9000, in two subnets."""

    def __init__(self) -> None:
        self.build = build = Builder()
        schedule(build, build.service("back", build.definition("back", container("api", port=9000)), 2, offers=["api"]))

    @property
    def world(self) -> World:
        return self.build.world

    @property
    def tasks(self) -> list[ConnectTask]:
        return [projected for task in self.world.tasks if (projected := connect_tasks(self.world).get(task.arn))]

    def set_rules(self, *rules: SecurityGroupRule) -> None:
        (group,) = {group for task in self.tasks for group in task.security_groups}
        record = find_in_scope(self.world, SecurityGroup, SCOPE, group)
        assert record is not None
        self.build.book.apply([Put(replace(record, rules=rules))])

    def group(self) -> GroupReference:
        return GroupReference(
            self.tasks[0].security_groups[0], SCOPE.account, self.world.tasks[self.tasks[0].arn].interface.vpc
        )

    def separated_networks(self) -> frozenset[SeparatedNetworks]:
        return separated_networks(self.world, self.tasks)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_by_the_default_groups_tasks_call_each_other_inside(rig):
    assert rig.separated_networks() == frozenset()
    assert networks_of(rig.tasks, rig.separated_networks()) == {}


@pytest.mark.parametrize(
    "rule",
    [
        entry_rule(from_port=9000, to_port=9000, cidr="0.0.0.0/0"),
        entry_rule(from_port=0, to_port=65535, cidr="172.31.0.0/16"),
        entry_rule(protocol="-1", cidr="0.0.0.0/0"),
    ],
)
def test_a_rule_for_all_of_a_subnet_is_certain(rig, rule):
    rig.set_rules(OUT, rule)
    assert rig.separated_networks() == frozenset()


@pytest.mark.parametrize(
    "rules",
    [
        (),
        (OUT,),
        (entry_rule(protocol="-1", cidr="0.0.0.0/0"),),
        (OUT, entry_rule(from_port=80, to_port=80, cidr="0.0.0.0/0")),
        (OUT, entry_rule(protocol="udp", from_port=9000, to_port=9000, cidr="0.0.0.0/0")),
        (OUT, entry_rule(from_port=9000, to_port=9000, cidr="172.31.0.4/32")),
    ],
)
def test_without_a_rule_that_lets_all_through_calls_are_made_by_address(rig, rules):
    rig.set_rules(*rules)
    separated = rig.separated_networks()
    assert {pair.port for pair in separated} == {9000}
    assert set(networks_of(rig.tasks, separated)) == {task.arn for task in rig.tasks}


def test_a_group_that_another_rule_names_is_known(rig):
    rig.set_rules(OUT, entry_rule(from_port=9000, to_port=9000, group=rig.group()))
    assert rig.separated_networks() == frozenset()


def test_a_network_acl_that_denies_anything_separates_subnets(rig):
    subnets = sorted({task.subnet for task in rig.tasks})
    assert len(subnets) == 2
    subnet = find_in_scope(rig.world, Subnet, SCOPE, SubnetId(subnets[0]))
    assert subnet is not None
    denial = AclEntry(50, egress=False, allow=False, protocol="tcp", cidr="10.0.0.0/8")
    rig.build.book.apply([Put(with_entry(default_acl(subnet.vpc, SCOPE, ipv6=False), denial))])
    pairs = {(pair.caller.split()[0], pair.target.split()[0]) for pair in rig.separated_networks()}
    assert pairs == {(subnets[0], subnets[1]), (subnets[1], subnets[0])}


def test_the_rules_of_each_account_are_its_own(rig):
    own, *_ = rig.tasks
    foreign = own._replace(
        arn=TaskArn(own.arn.replace(SCOPE.account, "210987654321")),
        subnet=SubnetId("subnet-foreign"),
        security_groups=(SecurityGroupId("sg-foreign"),),
    )
    names = networks_of([own, foreign], separated_networks(rig.world, [own, foreign]))
    separated = separated_networks(rig.world, [*rig.tasks, foreign])
    assert {pair.port for pair in separated} == {9000}
    assert all(names[foreign.arn] in {pair.caller, pair.target} for pair in separated)


def test_tasks_of_one_subnet_differ_by_their_groups_and_by_the_ports_that_they_offer(rig):
    rig.set_rules(OUT, entry_rule(from_port=9000, to_port=9000, cidr="0.0.0.0/0"))
    open_task = rig.tasks[0]
    assert separated_networks(rig.world, [open_task]) == frozenset()
    without_rules = open_task._replace(
        arn=TaskArn(f"{open_task.arn}0"), security_groups=(SecurityGroupId("sg-unknown"),)
    )
    for tasks in ([open_task, without_rules], [without_rules, open_task]):
        assert {pair.port for pair in separated_networks(rig.world, tasks)} == {9000}
    (offer,) = open_task.offers
    view = replace(open_task.view, offers=(replace(offer, container_port=9001),))
    elsewhere = open_task._replace(arn=TaskArn(f"{open_task.arn}1"), view=view)
    for tasks in ([open_task, elsewhere], [elsewhere, open_task]):
        assert {pair.port for pair in separated_networks(rig.world, tasks)} == {9001}


def test_with_many_networks_all_calls_are_made_by_address(rig):
    first, *_ = rig.tasks
    tasks = [first._replace(security_groups=(SecurityGroupId(f"sg-{number}"),)) for number in range(25)]
    separated = separated_networks(rig.world, tasks)
    assert {pair.port for pair in separated} == {9000}
    assert set(networks_of(tasks, separated).values()) == {pair.caller for pair in separated}
