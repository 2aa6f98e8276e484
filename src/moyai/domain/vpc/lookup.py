"""Finding VPCs and what is in them, whether on record or still as every account has it from the start.

Promise: a scope whose default VPC was never touched answers as if the records of ``default_vpc`` were there. The
first change to anything in the scope writes them all down (``settle``), and from then on the records alone
say what there is, so that the default VPC can be changed and deleted like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.vpc.default import default_vpc
from moyai.domain.vpc.gateway import ElasticAddress, InternetGateway, NatGateway
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import DEFAULT_NAME, SecurityGroup
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.vpc.vpc import DefaultVpc, Vpc
from moyai.domain.world import Put, World
from moyai.kernel.ids import SubnetId, VpcId
from moyai.kernel.scope import Scope

Part = Vpc | Subnet | SecurityGroup | RouteTable | InternetGateway | NatGateway | ElasticAddress
"""Everything that one scope owns; a peering has two sides."""
R = TypeVar("R", bound=Part)


def settled(world: World, scope: Scope) -> bool:
    """Whether the scope's default VPC is on record, or was and is gone."""
    return scope_key(scope) in world.default_vpcs


def settle(world: World, scope: Scope) -> list[Put]:
    """What writes the scope's default VPC down; nothing when that was done before."""
    return [] if settled(world, scope) else new_default(scope)


def new_default(scope: Scope) -> list[Put]:
    """What puts a default VPC on record."""
    own = default_vpc(scope)
    return [Put(DefaultVpc(scope, own.id)), *map(Put, own.parts)]


def find(world: World, kind: type[R], scope: Scope, identity: str) -> R | None:
    """The scope's record of this kind with this id."""
    found = world.table(kind).get(identity)
    if found is not None:
        return found if found.scope == scope else None
    return next((one for one in _unwritten(world, kind, scope) if one.id == identity), None)


def all_of(world: World, kind: type[R], scope: Scope) -> Sequence[R]:
    """The scope's records of this kind, oldest first."""
    return [*_unwritten(world, kind, scope), *world.table(kind).by("scope", scope_key(scope))]


def inside(world: World, kind: type[R], scope: Scope, vpc: VpcId) -> Sequence[R]:
    """What of this kind is in the scope's VPC."""
    own = [one for one in _unwritten(world, kind, scope) if default_vpc(scope).id == vpc]
    return own + [one for one in world.table(kind).by("vpc", vpc) if one.scope == scope]


def the_default(world: World, scope: Scope) -> Vpc | None:
    """The scope's default VPC; None when it was deleted."""
    record = world.default_vpcs.get(scope_key(scope))
    if record is None:
        return default_vpc(scope).vpc
    return world.vpcs.get(record.vpc)


def place_of(world: World, task: Task) -> tuple[Vpc, Subnet]:
    """Where a task that is not STOPPED stands; as long as it does, neither can be deleted. KeyError for others."""
    return standing_in(world, scope_of(task.arn), task.interface)


def standing_in(world: World, scope: Scope, interface: NetworkInterface) -> tuple[Vpc, Subnet]:
    """Where an interface of the scope's stands. KeyError when that isn't there."""
    vpc, subnet = find(world, Vpc, scope, interface.vpc), find(world, Subnet, scope, interface.subnet)
    if vpc is None or subnet is None:
        raise KeyError(interface.subnet)
    return vpc, subnet


def default_group(world: World, scope: Scope, vpc: VpcId) -> SecurityGroup | None:
    """The group that a VPC's interfaces have when they name none."""
    groups = inside(world, SecurityGroup, scope, vpc)
    return next((group for group in groups if group.name == DEFAULT_NAME), None)


def table_of(world: World, scope: Scope, vpc: VpcId, subnet: SubnetId) -> RouteTable | None:
    """The route table that a subnet goes by: its own, or else the VPC's main one."""
    own = world.route_tables.by("subnet", subnet)
    return own[0] if own else main_table(world, scope, vpc)


def main_table(world: World, scope: Scope, vpc: VpcId) -> RouteTable | None:
    """The VPC's main route table."""
    return next((table for table in inside(world, RouteTable, scope, vpc) if table.main), None)


def gateway_of(world: World, scope: Scope, vpc: VpcId) -> InternetGateway | None:
    """The internet gateway that is attached to the VPC."""
    return next(iter(inside(world, InternetGateway, scope, vpc)), None)


def _unwritten(world: World, kind: type[R], scope: Scope) -> list[R]:
    if settled(world, scope):
        return []
    return [one for one in default_vpc(scope).parts if isinstance(one, kind)]
