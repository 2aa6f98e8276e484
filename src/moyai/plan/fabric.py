"""The fabric that the world asks for: who may reach whom, as a runtime is told it.

Promise: in it are the VPCs in which tasks stand, the peerings that both sides send traffic into, and the security
groups that a task has; nothing in it names a thing that is gone. ``Fabrics`` gives what ``fabric_of`` would, and
follows the tasks that come and go one by one: a task more costs no second look at the others.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from moyai.domain.derived import Derived
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import all_in_vpc, default_security_group, find_in_scope
from moyai.domain.sandbox.fabric import Fabric, Group, Interface, Peering, Permission, VpcFabric
from moyai.domain.vpc.security_group import ALL, Rule, SecurityGroup
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import World
from moyai.kernel.ids import SecurityGroupId, SubnetId, TaskId, VpcId
from moyai.kernel.scope import Scope
from moyai.plan.routing import Ways, entered, ways

_ALL_TYPES = -1


def fabric_of(world: World) -> Fabric:
    """The fabric as the world is now."""
    tasks = [("task", task.key) for task in world.tasks.each("alive", "yes")]
    instances = [("container_instance", one.key) for one in world.container_instances.each("alive", "yes")]
    return Fabrics(world).follow((*tasks, *instances))


class Fabrics:
    """The fabric, kept in step with one world."""

    def __init__(self, world: World) -> None:
        self._standing = Derived(world, _standing, None, Task, ContainerInstance, publish=self._move)
        self._entered = Derived(world, self._peerings_from, frozenset[Peering](), publish=self._enter)
        self._networks = Derived(world, self._network, None, publish=self._route)
        self._rules = Derived(world, self._rules_of, tuple[Rule, ...](), publish=self._touch)
        self._grounds: dict[VpcId, _Ground] = {}
        self._crowds: dict[SecurityGroupId, _Crowd] = {}
        self._taken: tuple[Peering, ...] = ()
        """The peerings that both sides send traffic into."""
        self._is_taken = True
        self._is_touched = False
        self._last = Fabric()

    @property
    def derived(self) -> tuple[Derived[Any, Any], ...]:
        """What the fabric is made from."""
        return self._standing, self._entered, self._networks, self._rules

    def follow(self, keys: Iterable[tuple[str, str]]) -> Fabric:
        """The fabric after changes to the records with these ``(table, key)``: the same value when none matters."""
        keys = tuple(keys)
        self._standing.follow(keys)
        self._entered.follow(keys)
        if not self._is_taken:
            self._take()
        self._networks.follow(keys)
        self._rules.follow(keys)
        if self._is_touched:
            self._last, self._is_touched = self._woven(), False
        return self._last

    def _move(self, _key: str, before: _Standing | None, now: _Standing | None) -> None:
        """A task or container instance came, went or changed its place."""
        if before is not None:
            self._leave(before)
        if now is not None:
            self._come(now)
        self._is_touched = True

    def _come(self, here: _Standing) -> None:
        vpc = here.interface.vpc
        if vpc not in self._grounds:
            self._grounds[vpc] = _Ground(scope_of(here.arn))
            self._entered.add(vpc)
            self._networks.add(vpc)
        self._grounds[vpc].come(here)
        for group in here.groups:
            if group not in self._crowds:
                self._crowds[group] = _Crowd(scope_of(here.arn), [])
                self._rules.add(group)
            for address in _addresses(here.interface):
                insort(self._crowds[group].addresses, address)

    def _leave(self, here: _Standing) -> None:
        vpc = here.interface.vpc
        self._grounds[vpc].leave(here)
        if self._grounds[vpc].is_empty:
            del self._grounds[vpc]
            self._entered.remove(vpc)
            self._networks.remove(vpc)
            self._is_taken = False
        for group in here.groups:
            addresses = self._crowds[group].addresses
            for address in _addresses(here.interface):
                del addresses[bisect_left(addresses, address)]
            if not addresses:
                del self._crowds[group]
                self._rules.remove(group)

    def _touch(self, _key: str, _before: object, _now: object) -> None:
        self._is_touched = True

    def _enter(self, _vpc: VpcId, _before: object, _now: object) -> None:
        self._is_taken = False
        self._is_touched = True

    def _take(self) -> None:
        """See which peerings are entered from both sides; what leads into others leads nowhere."""
        sides = Counter(chain.from_iterable(self._entered.values.values()))
        taken = tuple(sorted((peering for peering, count in sides.items() if count > 1), key=lambda one: one.id))
        if taken != self._taken:
            self._taken = taken
            for vpc in self._grounds:
                self._networks.add(vpc)
        self._is_taken = True

    def _route(self, vpc: VpcId, _before: object, _now: object) -> None:
        self._grounds[vpc].forget_interfaces()
        self._is_touched = True

    def _peerings_from(self, world: World, vpc: VpcId) -> frozenset[Peering]:
        """Those that the routes of the VPC send traffic into. That they are active, ``entered`` has seen."""
        scope = self._grounds[vpc].scope
        found = find_in_scope(world, Vpc, scope, vpc)
        into = () if found is None else entered(world, found, all_in_vpc(world, Subnet, scope, vpc))
        peerings = (world.vpc_peerings[identity] for identity in into)
        return frozenset(Peering(one.id, (one.requester.vpc, one.accepter.vpc)) for one in peerings)

    def _network(self, world: World, vpc: VpcId) -> _Network | None:
        scope = self._grounds[vpc].scope
        found = find_in_scope(world, Vpc, scope, vpc)
        if found is None:
            return None
        taken = frozenset(peering.id for peering in self._taken)
        subnets = sorted(all_in_vpc(world, Subnet, scope, vpc), key=lambda subnet: subnet.id)
        return _Network(found.cidr, found.ipv6 is not None, {s.id: ways(world, found, s, taken) for s in subnets})

    def _rules_of(self, world: World, group: SecurityGroupId) -> tuple[Rule, ...]:
        found = find_in_scope(world, SecurityGroup, self._crowds[group].scope, group)
        return () if found is None else found.rules

    def _woven(self) -> Fabric:
        networks = sorted(self._networks.values.items())
        vpcs = tuple(self._grounds[vpc].fabric(vpc, network) for vpc, network in networks if network is not None)
        return Fabric(vpcs, self._taken, tuple(self._groups()))

    def _groups(self) -> Iterator[Group]:
        for identity, crowd in sorted(self._crowds.items()):
            rules = self._rules.values.get(identity, ())
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


class _Standing(NamedTuple):
    """A task or container instance in its place."""

    task: TaskId
    arn: str
    interface: NetworkInterface
    groups: tuple[SecurityGroupId, ...]


class _Crowd(NamedTuple):
    """The members of a security group, by their addresses in order."""

    scope: Scope
    addresses: list[str]


class _Network(NamedTuple):
    """A VPC's range, whether it has one of IPv6, and the ways out of its subnets."""

    cidr: str
    ipv6: bool
    ways: Mapping[SubnetId, Ways]


class _Ground:
    """What stands in one VPC."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._here: dict[TaskId, _Standing] = {}
        self._order: list[TaskId] = []
        self._made: dict[TaskId, Interface] = {}

    @property
    def is_empty(self) -> bool:
        return not self._order

    def come(self, here: _Standing) -> None:
        self._here[here.task] = here
        insort(self._order, here.task)

    def leave(self, here: _Standing) -> None:
        del self._here[here.task]
        del self._order[bisect_left(self._order, here.task)]
        self._made.pop(here.task, None)

    def forget_interfaces(self) -> None:
        """The ways out are others now."""
        self._made.clear()

    def fabric(self, vpc: VpcId, network: _Network) -> VpcFabric:
        for task in self._order:
            if task not in self._made:
                self._made[task] = _interface(self._here[task], network)
        routes = tuple(route for found in network.ways.values() for route in found.routes)
        return VpcFabric(vpc, network.cidr, routes, tuple(map(self._made.__getitem__, self._order)), network.ipv6)


def _standing(world: World, key: str) -> _Standing | None:
    """Where a task or container instance stands, as long as it is there and has an interface for itself."""
    one = world.tasks.get(key) or world.container_instances.get(key)
    interface = None if one is None else _interface_of(one)
    if one is None or interface is None:
        return None
    groups = interface.security_groups or _default(world, scope_of(one.arn), interface.vpc)
    return _Standing(one.id, one.arn, interface, groups)


def _interface_of(one: Task | ContainerInstance) -> NetworkInterface | None:
    """What it has for itself, as long as it is there."""
    if isinstance(one, Task):
        return None if one.stopped else one.own_interface
    return None if one.gone else one.interface


def _interface(here: _Standing, network: _Network) -> Interface:
    way = network.ways.get(here.interface.subnet, Ways())
    outside = way.nat or (way.internet and here.interface.public_address is not None)
    return Interface(here.task, here.interface.address, here.groups, outside, here.interface.ipv6_address)


def _addresses(interface: NetworkInterface) -> tuple[str, ...]:
    """Both, where it has two."""
    return (interface.address,) if interface.ipv6_address is None else (interface.address, interface.ipv6_address)


def _default(world: World, scope: Scope, vpc: VpcId) -> tuple[SecurityGroupId, ...]:
    group = default_security_group(world, scope, vpc)
    return () if group is None else (group.id,)


def _port(rule: Rule, port: int | None) -> int | None:
    """A port, or of ICMP a type or code; None = all."""
    return None if rule.protocol == ALL or port == _ALL_TYPES else port
