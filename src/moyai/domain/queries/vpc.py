"""Finds VPCs and what is in them, including each account's default VPC, which is stored only once it changes.

Promise: a scope whose default VPC was never changed is read as if the records of ``default_vpc`` were stored. The first
change to anything in the scope stores them all (``store_default_vpc``); from then on only stored records count, so that
the default VPC can be changed and deleted like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.vpc.default import default_vpc
from moyai.domain.vpc.endpoint import VpcEndpoint
from moyai.domain.vpc.gateway import EgressOnlyGateway, ElasticAddress, InternetGateway, NatGateway, association_id
from moyai.domain.vpc.launch_template import LaunchTemplate
from moyai.domain.vpc.network_acl import NetworkAcl, default_acl
from moyai.domain.vpc.peering import PeeringSide
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import ALL, DEFAULT_NAME, SecurityGroup, SecurityGroupRule
from moyai.domain.vpc.vpc import DefaultVpc, Subnet, Vpc
from moyai.domain.vpc.without_effect import DhcpOptions, FlowLog
from moyai.domain.world import Put, World
from moyai.kernel.ids import SecurityGroupId, SubnetId, VpcId
from moyai.kernel.scope import Scope

VpcResource = (
    Vpc
    | Subnet
    | SecurityGroup
    | RouteTable
    | InternetGateway
    | EgressOnlyGateway
    | NatGateway
    | ElasticAddress
    | NetworkAcl
    | VpcEndpoint
    | DhcpOptions
    | FlowLog
    | LaunchTemplate
)
"""The types of resources that belong to one scope; a peering belongs to two."""
EC2_TYPES: Mapping[type[VpcResource], str] = MappingProxyType(
    {
        Vpc: "vpc",
        Subnet: "subnet",
        SecurityGroup: "security-group",
        RouteTable: "route-table",
        InternetGateway: "internet-gateway",
        EgressOnlyGateway: "egress-only-internet-gateway",
        NatGateway: "natgateway",
        ElasticAddress: "elastic-ip",
        NetworkAcl: "network-acl",
        VpcEndpoint: "vpc-endpoint",
        DhcpOptions: "dhcp-options",
        FlowLog: "vpc-flow-log",
        LaunchTemplate: "launch-template",
    }
)
"""EC2's word for each type, in ARNs and in tags."""
R = TypeVar("R", bound=VpcResource)


def is_default_vpc_stored(world: World, scope: Scope) -> bool:
    """Whether the scope's default VPC is stored, or was stored and then deleted."""
    return scope_key(scope) in world.default_vpcs


def store_default_vpc(world: World, scope: Scope) -> list[Put]:
    """The changes that store the scope's default VPC; none if that was done before."""
    return [] if is_default_vpc_stored(world, scope) else default_vpc_records(scope)


def default_vpc_records(scope: Scope) -> list[Put]:
    """The changes that store a new default VPC."""
    network = default_vpc(scope)
    return [Put(DefaultVpc(scope, network.id)), *map(Put, network.parts)]


def find_in_scope(world: World, record_type: type[R], scope: Scope, identity: str) -> R | None:
    """The scope's record of this type with this id."""
    record = world.table(record_type).get(identity)
    if record is not None:
        return record if record.scope == scope else None
    return next((one for one in _default_records(world, record_type, scope) if one.id == identity), None)


def all_in_scope(world: World, record_type: type[R], scope: Scope) -> Sequence[R]:
    """The scope's records of this type, oldest first."""
    return [*_default_records(world, record_type, scope), *world.table(record_type).by("scope", scope_key(scope))]


def all_in_vpc(world: World, record_type: type[R], scope: Scope, vpc: VpcId) -> Sequence[R]:
    """The records of this type that are in the scope's VPC."""
    default = [one for one in _default_records(world, record_type, scope) if default_vpc(scope).id == vpc]
    return default + [one for one in world.table(record_type).by("vpc", vpc) if one.scope == scope]


def default_vpc_of(world: World, scope: Scope) -> Vpc | None:
    """The scope's default VPC; None when it was deleted."""
    record = world.default_vpcs.get(scope_key(scope))
    if record is None:
        return default_vpc(scope).vpc
    return world.vpcs.get(record.vpc)


def vpc_and_subnet_of(world: World, task: Task) -> tuple[Vpc, Subnet]:
    """The VPC and the subnet of a task, neither of which can be deleted before it is STOPPED. KeyError afterwards."""
    return vpc_and_subnet(world, scope_of(task.arn), task.interface)


def vpc_and_subnet(world: World, scope: Scope, interface: NetworkInterface) -> tuple[Vpc, Subnet]:
    """The VPC and the subnet of a network interface of the scope. Raises KeyError if they do not exist."""
    vpc, subnet = find_in_scope(world, Vpc, scope, interface.vpc), find_in_scope(world, Subnet, scope, interface.subnet)
    if vpc is None or subnet is None:
        raise KeyError(interface.subnet)
    return vpc, subnet


def default_security_group(world: World, scope: Scope, vpc: VpcId) -> SecurityGroup | None:
    """The security group of a VPC's interfaces that name none."""
    groups = all_in_vpc(world, SecurityGroup, scope, vpc)
    return next((group for group in groups if group.name == DEFAULT_NAME), None)


def interfaces_in(world: World, group: SecurityGroup) -> Iterator[str]:
    """The ids of the network interfaces that have the security group."""
    for task in world.tasks.each("vpc", group.vpc):
        if group.id in task.interface.security_groups:
            yield task.interface.id
    for balancer in world.load_balancers.by("security_group", group.id):
        yield from (node.interface.id for node in balancer.nodes)
    for target in world.mount_targets.by("vpc", group.vpc):
        if group.id in target.security_groups:
            yield target.interface


def route_table_of(world: World, scope: Scope, vpc: VpcId, subnet: SubnetId) -> RouteTable | None:
    """The route table of a subnet: its own, or else the VPC's main one."""
    own = world.route_tables.by("subnet", subnet)
    return own[0] if own else main_route_table(world, scope, vpc)


def main_route_table(world: World, scope: Scope, vpc: VpcId) -> RouteTable | None:
    """The VPC's main route table."""
    return next((table for table in all_in_vpc(world, RouteTable, scope, vpc) if table.is_main), None)


def attached_internet_gateway(world: World, scope: Scope, vpc: VpcId) -> InternetGateway | None:
    """The internet gateway that is attached to the VPC."""
    return next(iter(all_in_vpc(world, InternetGateway, scope, vpc)), None)


def network_acls(world: World, vpc: Vpc) -> Sequence[NetworkAcl]:
    """The network ACLs of a VPC, the default one first, whether it is stored or not."""
    stored = sorted(world.network_acls.by("vpc", vpc.id), key=lambda acl: not acl.is_default)
    is_default_stored = any(acl.is_default for acl in stored)
    return stored if is_default_stored else [default_acl(vpc.id, vpc.scope, ipv6=vpc.ipv6 is not None), *stored]


def network_acl_of(world: World, vpc: Vpc, subnet: SubnetId) -> NetworkAcl:
    """The network ACL of a subnet: the one that it is associated with, or else the VPC's default one."""
    own = world.network_acls.by("subnet", subnet)
    return own[0] if own else network_acls(world, vpc)[0]


def ranges_of(world: World, side: PeeringSide) -> tuple[str, ...]:
    """The IPv4 ranges of a peering's side: those that the VPC has now, or the one that it had."""
    vpc = find_in_scope(world, Vpc, side.scope, side.vpc)
    if vpc is not None:
        return vpc.cidrs
    return () if side.cidr is None else (side.cidr,)


def peered_ranges(world: World, vpc: Vpc) -> Iterator[str]:
    """The IPv4 ranges of the VPCs to which the VPC has an open peering connection."""
    for peering in world.vpc_peerings.by("vpc", vpc.id):
        if peering.open:
            yield from ranges_of(world, peering.other(vpc.id))


class AddressUser(NamedTuple):
    """The interface that has an elastic address."""

    owner: str
    """The owner's name in errors."""
    interface: str
    private_address: str
    association: str
    """The id of the address's association with the interface."""


def address_user(world: World, address: ElasticAddress) -> AddressUser | None:
    """The NAT gateway or the node of a load balancer that has the address."""
    for gateway in world.nat_gateways.by("allocation", address.id):
        used = next(one for one in gateway.addresses if one.allocation == address.id)
        return AddressUser(f"the NAT gateway {gateway.id}", gateway.interface, used.address, used.association)
    for balancer in world.load_balancers.by("public_address", address.public_address):
        for node in balancer.nodes:
            if node.allocation == address.id:
                interface = node.interface
                owner = f"the load balancer {balancer.arn}"
                return AddressUser(owner, interface.id, interface.address, association_id(interface.id))
    return None


def _default_records(world: World, record_type: type[R], scope: Scope) -> list[R]:
    """The default VPC's records of this type, as long as they are not stored."""
    if is_default_vpc_stored(world, scope):
        return []
    return [one for one in default_vpc(scope).parts if isinstance(one, record_type)]


def rules_for_tcp(
    world: World, scope: Scope, groups: Iterable[SecurityGroupId], port: int, *, egress: bool
) -> Iterator[SecurityGroupRule]:
    """The rules of these groups that concern TCP connections to a port, in one direction."""
    records = (find_in_scope(world, SecurityGroup, scope, group) for group in groups)
    rules = (rule for group in records if group is not None for rule in group.way(egress=egress))
    return (rule for rule in rules if _is_for_tcp(rule, port))


def _is_for_tcp(rule: SecurityGroupRule, port: int) -> bool:
    is_port = rule.from_port is None or rule.to_port is None or rule.from_port <= port <= rule.to_port
    return rule.protocol == ALL or (rule.protocol == "tcp" and is_port)
