"""The specification of the networks of sandboxes: which of them may reach which, and which routes lead outside.

A runtime is given the whole specification each time, and removes what is not in it. Addresses mean the same throughout
a set of peered VPCs, because EC2 refuses to peer overlapping ranges.
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.kernel.ids import SecurityGroupId, TaskId, VpcId

OUTSIDE: Final = "outside"
"""A route's target: everything that this machine reaches."""
NOWHERE: Final = "nowhere"
"""A route's target: packets are dropped, even if a wider route has another target."""


class TrafficPermission(msgspec.Struct, frozen=True):
    """Traffic that a security group allows in one direction; responses to it are always allowed.

    ``protocol``: ``tcp``, ``udp``, ``icmp``, ``icmpv6`` or ``-1`` for all. The ports are inclusive, None = all (of
    the ICMPs: type and code). ``ranges`` are of IPv4 and of IPv6; ``groups`` stand for their members' addresses.
    """

    protocol: str
    from_port: int | None = None
    to_port: int | None = None
    ranges: tuple[str, ...] = ()
    groups: tuple[SecurityGroupId, ...] = ()


class GroupRules(msgspec.Struct, frozen=True):
    """A security group: the traffic that it allows to and from its members, and their present addresses, IPv6 too."""

    id: SecurityGroupId
    ingress: tuple[TrafficPermission, ...] = ()
    egress: tuple[TrafficPermission, ...] = ()
    members: tuple[str, ...] = ()


class Interface(msgspec.Struct, frozen=True):
    """An interface of a sandbox. ``outside``: whether it reaches OUTSIDE, by a public address or a route to a NAT
    gateway.
    """

    task: TaskId
    address: str
    groups: tuple[SecurityGroupId, ...] = ()
    outside: bool = False
    ipv6_address: str | None = None


class NetworkRoute(msgspec.Struct, frozen=True):
    """A route from the range ``subnet`` to the range ``destination``, by a peering's id, or OUTSIDE or NOWHERE."""

    subnet: str
    destination: str
    target: str


class AclRule(msgspec.Struct, frozen=True):
    """A rule of a subnet's network ACL. ``protocol``: a number, or ``-1`` for all. The ports are inclusive, None = all;
    of the ICMPs they are type and code. ``cidr``: the other side, of IPv4 or IPv6.
    """

    allow: bool
    protocol: str
    cidr: str
    from_port: int | None = None
    to_port: int | None = None


class SubnetAcl(msgspec.Struct, frozen=True):
    """The rules at the border of one subnet, in each direction: the first rule that matches a packet decides, and a
    packet that none matches is dropped. Responses are packets like any other. ``ranges``: the subnet's own.
    """

    ranges: tuple[str, ...]
    ingress: tuple[AclRule, ...] = ()
    egress: tuple[AclRule, ...] = ()


class VpcSpec(msgspec.Struct, frozen=True):
    """One VPC. Its own ranges are always reachable inside it, as far as security groups and ACLs allow. IPv6 reaches
    nothing else. ``ipv6``: whether it has such a range. ``acls``: of the subnets whose ACL stops anything.
    """

    vpc: VpcId
    cidr: str
    routes: tuple[NetworkRoute, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    ipv6: bool = False
    acls: tuple[SubnetAcl, ...] = ()


TCP: Final = "tcp"
UDP: Final = "udp"


class PublishedPort(msgspec.Struct, frozen=True):
    """A port of a public address that answers for the same port of an address in a VPC: a task's, its instance's, or a
    load balancer's node. ``proxy_header``: each connection begins with a PROXY header, which names the client.
    ``protocol``: ``tcp`` or ``udp``.
    """

    task: TaskId
    public_address: str
    vpc: VpcId
    address: str
    port: int
    service: str | None = None
    """``SERVICE.CLUSTER``, where the port is of a service's task, or the DNS name of a load balancer."""
    proxy_header: bool = False
    server_names: tuple[str, ...] = ()
    """Where connections are encrypted: the names (``*.example.com`` too) that clients ask for in their handshake."""
    protocol: str = TCP


class Peering(msgspec.Struct, frozen=True):
    """A connection between two VPCs; it carries only what the routes of both sides send into it."""

    id: str
    vpcs: tuple[VpcId, VpcId]


class NetworkSpec(msgspec.Struct, frozen=True):
    """All networks, in a fixed order."""

    vpcs: tuple[VpcSpec, ...] = ()
    peerings: tuple[Peering, ...] = ()
    groups: tuple[GroupRules, ...] = ()
