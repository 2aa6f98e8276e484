"""Which calls between tasks of a host have to pass their networks, because a rule may forbid them.

A call inside of the host's Envoy crosses no network, so no kernel applies security groups and network ACLs to it.

Promise: calls are made inside the Envoy only where the rules certainly allow them. All others are made by address, and
the networks on the way decide. A task's network is identified by its subnet and its security groups, so a rule about a
part of a subnet is never certain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from itertools import product
from typing import NamedTuple

from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import find_in_scope, network_acl_of, rules_for_tcp
from moyai.domain.vpc.network_acl import NetworkAcl
from moyai.domain.vpc.security_group import ALL, SecurityGroupRule
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import World
from moyai.kernel.ids import SecurityGroupId, SubnetId, TaskArn
from moyai.kernel.scope import Scope
from moyai.mesh.ir import SeparatedNetworks
from moyai.mesh.service_connect.projections import ConnectTask

_MOST_NETWORKS = 24
"""The most networks of one namespace that are distinguished, because each is compared with each when the namespace
changes. With more, all calls are made by address.
"""
_MANY = "many"
"""The name of the network of all tasks where there are more networks."""


class _TaskNetwork(NamedTuple):
    scope: Scope
    subnet: SubnetId
    groups: tuple[SecurityGroupId, ...]


def _network_name(task: ConnectTask) -> str:
    """The name of a task's network in the mesh; the same for all tasks to which the same rules apply."""
    return " ".join((task.subnet, *sorted(task.security_groups)))


def separated_networks(world: World, tasks: Iterable[ConnectTask]) -> frozenset[SeparatedNetworks]:
    """The pairs of networks of these tasks between which calls to a port may not pass."""
    networks: dict[str, _TaskNetwork] = {}
    ports: dict[str, set[int]] = defaultdict(set)
    alike = {(task.subnet, task.security_groups, task.offers): task for task in tasks}
    for task in alike.values():
        name = _network_name(task)
        networks[name] = _TaskNetwork(scope_of(task.arn), task.subnet, task.security_groups)
        ports[name] |= {offer.reachable_port for offer in task.offers}
    if len(networks) > _MOST_NETWORKS:
        return frozenset(SeparatedNetworks(_MANY, _MANY, port) for port in frozenset[int]().union(*ports.values()))
    return frozenset(
        SeparatedNetworks(caller, target, port)
        for caller, target in product(sorted(networks), repeat=2)
        for port in sorted(ports[target])
        if not _passes(world, networks[caller], networks[target], port)
    )


def networks_of(tasks: Iterable[ConnectTask], separated: frozenset[SeparatedNetworks]) -> Mapping[TaskArn, str]:
    """The network of each task that a separated pair names."""
    names = {name for pair in separated for name in (pair.caller, pair.target)}
    if _MANY in names:
        return {task.arn: _MANY for task in tasks}
    return {task.arn: name for task in tasks if (name := _network_name(task)) in names}


def _passes(world: World, caller: _TaskNetwork, target: _TaskNetwork, port: int) -> bool:
    here, there = (find_in_scope(world, Subnet, network.scope, network.subnet) for network in (caller, target))
    if here is None or there is None or here.vpc != there.vpc:
        return False
    vpc = find_in_scope(world, Vpc, caller.scope, here.vpc)
    if vpc is None:
        return False
    if here.id != there.id and not all(_is_open(network_acl_of(world, vpc, subnet.id)) for subnet in (here, there)):
        return False
    leaving = rules_for_tcp(world, caller.scope, caller.groups, port, egress=True)
    entering = rules_for_tcp(world, target.scope, target.groups, port, egress=False)
    leaves = any(_covers(rule, there, target.groups) for rule in leaving)
    return leaves and any(_covers(rule, here, caller.groups) for rule in entering)


def _covers(rule: SecurityGroupRule, subnet: Subnet, groups: tuple[SecurityGroupId, ...]) -> bool:
    """Whether a rule lets every interface with these groups in the subnet through."""
    if rule.group is not None:
        return rule.group.id in groups
    if rule.cidr_ipv4 is None:
        return False
    return ip_network(subnet.cidr).subnet_of(ip_network(rule.cidr_ipv4))  # type: ignore[arg-type]  # both are IPv4


def _is_open(acl: NetworkAcl) -> bool:
    """Whether an ACL certainly lets all IPv4 traffic through."""
    ways = {entry.egress for entry in acl.entries if entry.protocol == ALL and entry.cidr == "0.0.0.0/0"}
    return all(entry.allow for entry in acl.entries) and ways == {True, False}
