"""The fabric that the world asks for: who may reach whom, as a runtime is told it.

Promise: in it are the VPCs in which tasks stand, the peerings that both sides send traffic into, and the security
groups that a task has; nothing in it names a thing that is gone. ``Fabrics`` gives what ``fabric_of`` would, and
follows the tasks that come and go one by one: a task more costs no second look at the others.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Container, Iterable, Iterator
from typing import Final, NamedTuple

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.keys import scope_of
from moyai.domain.sandbox.fabric import Fabric, Group, Interface, Peering, Permission, VpcFabric
from moyai.domain.vpc.lookup import default_group, find, inside
from moyai.domain.vpc.security_group import ALL, Rule, SecurityGroup
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import World
from moyai.kernel.ids import SecurityGroupId, SubnetId, TaskId, VpcId
from moyai.kernel.scope import Scope
from moyai.plan.routing import Ways, entered, ways

_NETWORK: Final = frozenset(
    {
        "vpc",
        "default_vpc",
        "subnet",
        "security_group",
        "vpc_peering",
        "route_table",
        "internet_gateway",
        "nat_gateway",
    }
)
"""The tables of what tasks stand in."""
_STANDING: Final = frozenset({"task", "container_instance"})
"""The tables of what stands in a network."""
_ALL_TYPES = -1


def fabric_of(world: World) -> Fabric:
    """The fabric as the world is now."""
    tasks = [("task", task.key) for task in world.tasks.each("alive", "yes")]
    instances = [("container_instance", one.key) for one in world.container_instances.each("alive", "yes")]
    return Fabrics().follow(world, (*tasks, *instances))


class Fabrics:
    """The fabric, kept in step with one world."""

    def __init__(self) -> None:
        self._standing: dict[str, _Standing] = {}
        self._grounds: dict[VpcId, _Ground] = {}
        self._crowds: dict[SecurityGroupId, _Crowd] = {}
        self._last = Fabric()

    def follow(self, world: World, keys: Iterable[tuple[str, str]]) -> Fabric:
        """The fabric after changes to the records with these ``(table, key)``: the same value when none matters."""
        networks = moved = False
        for table, key in keys:
            networks |= table in _NETWORK
            moved |= table in _STANDING and self._move(world, table, key)
        if networks:
            for ground in self._grounds.values():
                ground.unseen = True
        if networks or moved:
            self._last = self._woven(world)
        return self._last

    def _move(self, world: World, table: str, key: str) -> bool:
        """Follow one task or container instance; whether it came, went or changed its place."""
        one = (world.tasks if table == "task" else world.container_instances).get(key)
        before = self._standing.get(key)
        now = None if one is None else _interface_of(one)
        if now == (None if before is None else before.interface):
            return False
        if before is not None:
            self._leave(key, before)
        if one is not None and now is not None:
            self._come(world, one, now)
        return True

    def _come(self, world: World, one: Task | ContainerInstance, interface: NetworkInterface) -> None:
        scope = scope_of(one.arn)
        groups = interface.security_groups or _default(world, scope, interface.vpc)
        here = self._standing[one.key] = _Standing(one.id, interface, groups)
        self._grounds.setdefault(interface.vpc, _Ground(interface.vpc, scope)).come(here)
        for group in groups:
            crowd = self._crowds.setdefault(group, _Crowd(scope, []))
            for address in _addresses(interface):
                insort(crowd.addresses, address)

    def _leave(self, key: str, here: _Standing) -> None:
        del self._standing[key]
        ground = self._grounds[here.interface.vpc]
        ground.leave(here)
        if ground.empty:
            del self._grounds[here.interface.vpc]
        for group in here.groups:
            addresses = self._crowds[group].addresses
            for address in _addresses(here.interface):
                del addresses[bisect_left(addresses, address)]
            if not addresses:
                del self._crowds[group]

    def _woven(self, world: World) -> Fabric:
        for ground in self._grounds.values():
            if ground.unseen:
                ground.survey(world)
        peerings = tuple(self._peerings(world))
        taken = frozenset(peering.id for peering in peerings)
        vpcs = (self._grounds[vpc].fabric(world, taken) for vpc in sorted(self._grounds))
        return Fabric(tuple(one for one in vpcs if one.cidr), peerings, tuple(self._groups(world)))

    def _peerings(self, world: World) -> Iterator[Peering]:
        """Those that both sides send traffic into. That they are active, ``entered`` has seen."""
        into = [peering for ground in self._grounds.values() for peering in ground.entered]
        for identity in sorted({one for one in into if into.count(one) > 1}):
            requester, accepter = world.vpc_peerings[identity].sides
            yield Peering(identity, (requester.vpc, accepter.vpc))

    def _groups(self, world: World) -> Iterator[Group]:
        for identity, crowd in sorted(self._crowds.items()):
            group = find(world, SecurityGroup, crowd.scope, identity)
            rules = () if group is None else group.rules
            ingress = tuple(permissions((rule for rule in rules if not rule.egress), self._crowds))
            egress = tuple(permissions((rule for rule in rules if rule.egress), self._crowds))
            yield Group(identity, ingress, egress, tuple(crowd.addresses))


def permissions(rules: Iterable[Rule], groups: Container[SecurityGroupId]) -> Iterator[Permission]:
    """Rules of one way as a runtime takes them: one permission for each protocol and ports. A rule for a group that is
    not among ``groups``, which nobody is a member of then, lets nothing through.
    """
    others: dict[tuple[str, int | None, int | None], list[Rule]] = {}
    for rule in rules:
        if rule.group is None or rule.group.id in groups:
            others.setdefault((rule.protocol, _port(rule, rule.from_port), _port(rule, rule.to_port)), []).append(rule)
    for (protocol, first, last), same in sorted(
        others.items(), key=lambda one: (one[0][0], one[0][1] or 0, one[0][2] or 0)
    ):
        ranges = tuple(sorted({rule.cidr for rule in same if rule.cidr is not None}))
        yield Permission(protocol, first, last, ranges, tuple(sorted({rule.group.id for rule in same if rule.group})))


def _interface_of(one: Task | ContainerInstance) -> NetworkInterface | None:
    """What it has for itself, as long as it is there."""
    if isinstance(one, Task):
        return None if one.stopped else one.own_interface
    return None if one.gone else one.interface


def _addresses(interface: NetworkInterface) -> tuple[str, ...]:
    """Both, where it has two."""
    return (interface.address,) if interface.ipv6_address is None else (interface.address, interface.ipv6_address)


class _Standing(NamedTuple):
    """A task or container instance in its place."""

    task: TaskId
    interface: NetworkInterface
    groups: tuple[SecurityGroupId, ...]


class _Crowd(NamedTuple):
    """The members of a security group, by their addresses in order."""

    scope: Scope
    addresses: list[str]


class _Ground:
    """One VPC in which tasks stand."""

    def __init__(self, vpc: VpcId, scope: Scope) -> None:
        self.unseen = True
        """Whether its networks have to be looked at again."""
        self.entered: frozenset[str] = frozenset()
        """The active peerings that its routes send traffic into."""
        self._vpc = vpc
        self._scope = scope
        self._here: dict[TaskId, _Standing] = {}
        self._order: list[TaskId] = []
        self._made: dict[TaskId, Interface] = {}
        self._taken: frozenset[str] | None = None
        self._cidr = ""
        self._ipv6 = False
        self._ways: dict[SubnetId, Ways] = {}

    @property
    def empty(self) -> bool:
        return not self._order

    def come(self, here: _Standing) -> None:
        self._here[here.task] = here
        insort(self._order, here.task)

    def leave(self, here: _Standing) -> None:
        del self._here[here.task]
        del self._order[bisect_left(self._order, here.task)]
        self._made.pop(here.task, None)

    def survey(self, world: World) -> None:
        """See which peerings are entered from here."""
        vpc = find(world, Vpc, self._scope, self._vpc)
        self.entered = frozenset() if vpc is None else entered(world, vpc, self._subnets(world))
        self.unseen, self._taken = False, None

    def fabric(self, world: World, taken: frozenset[str]) -> VpcFabric:
        """The VPC, of whose routes into peerings those into ``taken`` count; without a range when it isn't there."""
        if taken != self._taken:
            self._look(world, taken)
        for task in self._order:
            if task not in self._made:
                self._made[task] = self._interface(self._here[task])
        routes = tuple(route for found in self._ways.values() for route in found.routes)
        interfaces = tuple(map(self._made.__getitem__, self._order))
        return VpcFabric(self._vpc, self._cidr, routes, interfaces, self._ipv6)

    def _look(self, world: World, taken: frozenset[str]) -> None:
        vpc = find(world, Vpc, self._scope, self._vpc)
        found = [] if vpc is None else [(s.id, ways(world, vpc, s, taken)) for s in self._subnets(world)]
        self._cidr = "" if vpc is None else vpc.cidr
        self._ipv6 = vpc is not None and vpc.ipv6 is not None
        self._ways, self._taken = dict(found), taken
        self._made.clear()

    def _subnets(self, world: World) -> list[Subnet]:
        return sorted(inside(world, Subnet, self._scope, self._vpc), key=lambda subnet: subnet.id)

    def _interface(self, here: _Standing) -> Interface:
        way = self._ways.get(here.interface.subnet, Ways())
        outside = way.nat or (way.internet and here.interface.public_address is not None)
        return Interface(here.task, here.interface.address, here.groups, outside, here.interface.ipv6_address)


def _default(world: World, scope: Scope, vpc: VpcId) -> tuple[SecurityGroupId, ...]:
    group = default_group(world, scope, vpc)
    return () if group is None else (group.id,)


def _port(rule: Rule, port: int | None) -> int | None:
    """A port, or of ICMP a type or code; None = all."""
    return None if rule.protocol == ALL or port == _ALL_TYPES else port
