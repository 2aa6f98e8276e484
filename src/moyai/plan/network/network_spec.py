"""The network specification of the world: which task may reach which, as a runtime applies it.

Promise: the specification has the VPCs in which tasks, container instances or nodes of load balancers are, the peerings
into which both sides route traffic, and the security groups that have members; it names no deleted resource.
``NetworkSpecTracker`` gives the same value as ``network_spec`` and follows tasks as they come and go, one by one: a
change of one task does not read the others again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple

from moyai.domain.derived import Derived
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import all_in_vpc, find_in_scope
from moyai.domain.sandbox.network_spec import (
    GroupRules,
    Interface,
    NetworkSpec,
    Peering,
    SubnetAcl,
    TrafficPermission,
    VpcSpec,
)
from moyai.domain.vpc.security_group import ALL, SecurityGroup, SecurityGroupRule
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import World, table_name
from moyai.kernel.ids import SecurityGroupId, SubnetId, TaskId, VpcId
from moyai.kernel.scope import Scope
from moyai.plan.network.acl_rules import subnet_acl
from moyai.plan.network.attachments import UNFILTERED, Attachment, attachments
from moyai.plan.network.routing import SubnetRoutes, peerings_used_by, subnet_routes

_ALL_TYPES = -1
_EVERYTHING: Final = TrafficPermission("-1", ranges=("0.0.0.0/0",))


def network_spec(world: World) -> NetworkSpec:
    """The network specification of the world as it is now."""
    tasks = [("task", task.key) for task in world.tasks.each("alive", "yes")]
    instances = [("container_instance", instance.key) for instance in world.container_instances.each("alive", "yes")]
    balancers = [(table_name(LoadBalancer), balancer.key) for balancer in world.load_balancers]
    return NetworkSpecTracker(world).follow((*tasks, *instances, *balancers))


class NetworkSpecTracker:
    """The network specification of one world, updated with its changes."""

    def __init__(self, world: World) -> None:
        self._attached = Derived(
            world,
            attachments,
            tuple[Attachment, ...](),
            *(Task, ContainerInstance, LoadBalancer),
            publish=self._on_attachments,
        )
        self._used_peerings = Derived(world, self._peerings_from, frozenset[Peering](), publish=self._on_peerings)
        self._vpcs = Derived(world, self._vpc, None, publish=self._on_vpc)
        self._rules = Derived(world, self._rules_of, tuple[SecurityGroupRule, ...](), publish=self._on_rules)
        self._interfaces: dict[VpcId, _VpcInterfaces] = {}
        self._members: dict[SecurityGroupId, _GroupMembers] = {}
        self._peerings: tuple[Peering, ...] = ()
        """The peerings into which both sides route traffic."""
        self._has_peerings = True
        """Whether ``_peerings`` is up to date."""
        self._is_changed = False
        self._spec = NetworkSpec()

    @property
    def derived(self) -> tuple[Derived[Any, Any], ...]:
        """The derived values from which the specification is computed."""
        return self._attached, self._used_peerings, self._vpcs, self._rules

    def follow(self, keys: Iterable[tuple[str, str]]) -> NetworkSpec:
        """The specification after changes of records with these ``(table, key)``; the same value if none affects it."""
        keys = tuple(keys)
        self._attached.follow(keys)
        self._used_peerings.follow(keys)
        if not self._has_peerings:
            self._update_peerings()
        self._vpcs.follow(keys)
        self._rules.follow(keys)
        if self._is_changed:
            self._spec, self._is_changed = self._computed_spec(), False
        return self._spec

    def _on_attachments(self, _key: str, before: tuple[Attachment, ...], now: tuple[Attachment, ...]) -> None:
        """A task, a container instance or a load balancer has come, gone or changed its interfaces."""
        for attachment in before:
            self._remove(attachment)
        for attachment in now:
            self._add(attachment)
        self._is_changed = True

    def _add(self, attachment: Attachment) -> None:
        vpc = attachment.interface.vpc
        if vpc not in self._interfaces:
            self._interfaces[vpc] = _VpcInterfaces(scope_of(attachment.arn))
            self._used_peerings.add(vpc)
            self._vpcs.add(vpc)
        self._interfaces[vpc].add(attachment)
        for group in attachment.groups:
            if group not in self._members:
                self._members[group] = _GroupMembers(scope_of(attachment.arn), [])
                self._rules.add(group)
            for address in _addresses(attachment.interface):
                insort(self._members[group].addresses, address)

    def _remove(self, attachment: Attachment) -> None:
        vpc = attachment.interface.vpc
        self._interfaces[vpc].remove(attachment)
        if self._interfaces[vpc].is_empty:
            del self._interfaces[vpc]
            self._used_peerings.remove(vpc)
            self._vpcs.remove(vpc)
            self._has_peerings = False
        for group in attachment.groups:
            addresses = self._members[group].addresses
            for address in _addresses(attachment.interface):
                del addresses[bisect_left(addresses, address)]
            if not addresses:
                del self._members[group]
                self._rules.remove(group)

    def _on_rules(self, _key: str, _before: object, _now: object) -> None:
        self._is_changed = True

    def _on_peerings(self, _vpc: VpcId, _before: object, _now: object) -> None:
        self._has_peerings = False
        self._is_changed = True

    def _on_vpc(self, vpc: VpcId, _before: object, _now: object) -> None:
        self._interfaces[vpc].forget_interfaces()
        self._is_changed = True

    def _update_peerings(self) -> None:
        """Keep the peerings that the routes of both sides use; a route into any other has no effect."""
        sides = Counter(chain.from_iterable(self._used_peerings.values.values()))
        peerings = tuple(sorted((peering for peering, count in sides.items() if count > 1), key=lambda p: p.id))
        if peerings != self._peerings:
            self._peerings = peerings
            for vpc in self._interfaces:
                self._vpcs.add(vpc)
        self._has_peerings = True

    def _peerings_from(self, world: World, vpc: VpcId) -> frozenset[Peering]:
        """The active peerings into which the routes of the VPC send traffic."""
        scope = self._interfaces[vpc].scope
        record = find_in_scope(world, Vpc, scope, vpc)
        used = () if record is None else peerings_used_by(world, record, all_in_vpc(world, Subnet, scope, vpc))
        peerings = (world.vpc_peerings[identity] for identity in used)
        return frozenset(Peering(p.id, (p.requester.vpc, p.accepter.vpc)) for p in peerings)

    def _vpc(self, world: World, vpc: VpcId) -> _Vpc | None:
        scope = self._interfaces[vpc].scope
        record = find_in_scope(world, Vpc, scope, vpc)
        if record is None:
            return None
        peerings = frozenset(peering.id for peering in self._peerings)
        subnets = sorted(all_in_vpc(world, Subnet, scope, vpc), key=lambda subnet: subnet.id)
        routes = {subnet.id: subnet_routes(world, record, subnet, peerings) for subnet in subnets}
        acls = tuple(acl for subnet in subnets if (acl := subnet_acl(world, record, subnet)) is not None)
        return _Vpc(record.cidr, record.ipv6 is not None, routes, acls)

    def _rules_of(self, world: World, group: SecurityGroupId) -> tuple[SecurityGroupRule, ...]:
        record = find_in_scope(world, SecurityGroup, self._members[group].scope, group)
        return () if record is None else record.rules

    def _computed_spec(self) -> NetworkSpec:
        vpcs = sorted(self._vpcs.values.items())
        specs = tuple(self._interfaces[identity].spec(identity, vpc) for identity, vpc in vpcs if vpc is not None)
        return NetworkSpec(specs, self._peerings, tuple(self._groups()))

    def _groups(self) -> Iterator[GroupRules]:
        for identity, members in sorted(self._members.items()):
            rules = self._rules.values.get(identity, ())
            ingress = tuple(permissions((rule for rule in rules if not rule.egress), self._members))
            egress = tuple(permissions((rule for rule in rules if rule.egress), self._members))
            if identity == UNFILTERED:
                ingress = egress = (_EVERYTHING,)
            yield GroupRules(identity, ingress, egress, tuple(members.addresses))


def permissions(rules: Iterable[SecurityGroupRule], groups: Container[SecurityGroupId]) -> Iterator[TrafficPermission]:
    """Rules of one direction as a runtime applies them: one permission for each protocol and range of ports.

    A rule for a group that is not in ``groups``, which has no members, allows nothing.
    """
    by_ports: dict[tuple[str, int | None, int | None], list[SecurityGroupRule]] = {}
    for rule in rules:
        if rule.group is None or rule.group.id in groups:
            ports = (rule.protocol, _port(rule, rule.from_port), _port(rule, rule.to_port))
            by_ports.setdefault(ports, []).append(rule)
    ordered = sorted(by_ports.items(), key=lambda item: (item[0][0], item[0][1] or 0, item[0][2] or 0))
    for (protocol, first, last), same in ordered:
        ranges = tuple(sorted({rule.cidr for rule in same if rule.cidr is not None}))
        yield TrafficPermission(
            protocol, first, last, ranges, tuple(sorted({rule.group.id for rule in same if rule.group}))
        )


class _GroupMembers(NamedTuple):
    """The addresses of a security group's members, in order."""

    scope: Scope
    addresses: list[str]


class _Vpc(NamedTuple):
    """A VPC's primary range, whether it has one of IPv6, and the routes and ACLs of its subnets."""

    cidr: str
    ipv6: bool
    routes: Mapping[SubnetId, SubnetRoutes]
    acls: tuple[SubnetAcl, ...]


_Place = tuple[TaskId, str]
"""A sandbox, and one of its addresses."""


def _place(attachment: Attachment) -> _Place:
    return attachment.task, attachment.interface.address


class _VpcInterfaces:
    """The interfaces in one VPC."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._attachments: dict[_Place, Attachment] = {}
        self._order: list[_Place] = []
        self._computed: dict[_Place, Interface] = {}

    @property
    def is_empty(self) -> bool:
        return not self._order

    def add(self, attachment: Attachment) -> None:
        place = _place(attachment)
        self._attachments[place] = attachment
        insort(self._order, place)

    def remove(self, attachment: Attachment) -> None:
        place = _place(attachment)
        del self._attachments[place]
        del self._order[bisect_left(self._order, place)]
        self._computed.pop(place, None)

    def forget_interfaces(self) -> None:
        """Compute all interfaces again, because routes have changed."""
        self._computed.clear()

    def spec(self, identity: VpcId, vpc: _Vpc) -> VpcSpec:
        for place in self._order:
            if place not in self._computed:
                self._computed[place] = _interface(self._attachments[place], vpc)
        routes = tuple(route for of_subnet in vpc.routes.values() for route in of_subnet.routes)
        interfaces = tuple(map(self._computed.__getitem__, self._order))
        return VpcSpec(identity, vpc.cidr, routes, interfaces, vpc.ipv6, vpc.acls)


def _interface(attachment: Attachment, vpc: _Vpc) -> Interface:
    interface = attachment.interface
    routes = vpc.routes.get(interface.subnet, SubnetRoutes())
    outside = not attachment.is_node and (routes.nat or (routes.internet and interface.public_address is not None))
    return Interface(attachment.task, interface.address, attachment.groups, outside, interface.ipv6_address)


def _addresses(interface: NetworkInterface) -> tuple[str, ...]:
    """The interface's IPv4 address, and its IPv6 address if it has one."""
    return (interface.address,) if interface.ipv6_address is None else (interface.address, interface.ipv6_address)


def _port(rule: SecurityGroupRule, port: int | None) -> int | None:
    """A port, or for ICMP a type or code; None = all."""
    return None if rule.protocol == ALL or port == _ALL_TYPES else port
