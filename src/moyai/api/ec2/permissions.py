"""Parses the rules of security groups in requests: IpPermissions, or one rule in the request's own members.

Promise: the result has one rule for each peer, which is an address range or a group. The group is in the same VPC and
named by its id or its name, or in a peered VPC and named by its id.
Refuses: prefix lists, and protocols other than tcp, udp, icmp, icmpv6 and all.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.api.ec2.ranges import network, network_of_ipv6
from moyai.api.operation import Context
from moyai.domain.queries.vpc import all_in_vpc, find_in_scope
from moyai.domain.vpc.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidPermissionMalformed,
    MissingParameter,
)
from moyai.domain.vpc.not_found import GroupNotFound
from moyai.domain.vpc.peering import PeeringStatus
from moyai.domain.vpc.security_group import ALL, GroupReference, SecurityGroup, SecurityGroupRule
from moyai.kernel.ids import SecurityGroupId, VpcId

_PROTOCOLS: Final = MappingProxyType({"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": ALL, ALL: ALL})
_ICMP: Final = frozenset({"icmp", "icmpv6"})
_MAX_PORT: Final = 65535
_MAX_TYPE: Final = 255
_LONGEST: Final = 255


class IpRange(msgspec.Struct, frozen=True):
    """An IPv4 range as the peer of a rule."""

    cidr_ip: str = ""
    description: str | None = None


class Ipv6Range(msgspec.Struct, frozen=True):
    """An IPv6 range as the peer of a rule."""

    cidr_ipv6: str = ""
    description: str | None = None


class UserIdGroupPair(msgspec.Struct, frozen=True):
    """A security group as the peer of a rule."""

    group_id: str | None = None
    group_name: str | None = None
    user_id: str | None = None
    vpc_id: str | None = None
    vpc_peering_connection_id: str | None = None
    description: str | None = None


class IpPermission(msgspec.Struct, frozen=True):
    """A protocol, ports, and the peers for which there is a rule each."""

    ip_protocol: str | None = None
    from_port: int | None = None
    to_port: int | None = None
    ip_ranges: tuple[IpRange, ...] = ()
    user_id_group_pairs: tuple[UserIdGroupPair, ...] = ()
    ipv6_ranges: tuple[Ipv6Range, ...] = ()


class Ports(msgspec.Struct, frozen=True):
    """A checked protocol with its port range, or its ICMP type and code."""

    protocol: str
    from_port: int | None = None
    to_port: int | None = None


class OneRule(msgspec.Struct, frozen=True):
    """The base of requests that may have one rule in their own members, as the oldest clients send it."""

    ip_permissions: tuple[IpPermission, ...] = ()
    ip_protocol: str | None = None
    from_port: int | None = None
    to_port: int | None = None
    cidr_ip: str | None = None
    source_security_group_name: str | None = None
    dry_run: bool = False

    def permissions(self) -> tuple[IpPermission, ...]:
        """The permissions of the request, in either form. Raises InvalidParameterCombination."""
        own = (self.ip_protocol, self.from_port, self.to_port, self.cidr_ip, self.source_security_group_name)
        if not any(value is not None for value in own):
            return self.ip_permissions
        if self.ip_permissions:
            raise InvalidParameterCombination("IpPermissions can't be used together with a rule's own members.")
        ranges = () if self.cidr_ip is None else (IpRange(self.cidr_ip),)
        name = self.source_security_group_name
        pairs = () if name is None else (UserIdGroupPair(group_name=name),)
        if pairs and self.ip_protocol is None:
            return (IpPermission(ALL, ip_ranges=ranges, user_id_group_pairs=pairs),)
        return (IpPermission(self.ip_protocol, self.from_port, self.to_port, ranges, pairs),)


def requested_rules(
    ctx: Context,
    group: SecurityGroup,
    permissions: tuple[IpPermission, ...],
    *,
    egress: bool,
    existing: bool = False,
) -> list[SecurityGroupRule]:
    """The requested rules, with empty ids. ``existing``: a peer may be any group that one of the group's rules refers
    to, even if it was deleted or is not peered any more. Raises EC2's errors.
    """
    if not permissions:
        raise MissingParameter("The request must contain IpPermissions, or the members of a rule.")
    existing_groups = {rule.group.id: rule.group for rule in group.rules if rule.group is not None} if existing else {}
    return [
        rule
        for permission in permissions
        for rule in _rules(permission, egress, lambda pair: _peer(ctx, group, pair, existing_groups))
    ]


def checked_ports(protocol: str | None, first: int | None, last: int | None) -> Ports:
    """A protocol with its ports, or its ICMP type and code. Raises MissingParameter, InvalidParameterValue."""
    if not protocol:
        raise MissingParameter("The request must contain the parameter IpProtocol.")
    name = _PROTOCOLS.get(protocol.lower(), protocol.lower())
    if name == ALL:
        return Ports(ALL)
    if name in _ICMP:
        kind, code = -1 if first is None else first, -1 if last is None else last
        if not (-1 <= kind <= _MAX_TYPE and -1 <= code <= _MAX_TYPE):
            raise InvalidParameterValue(
                f"ICMP has types and codes from -1 (all) to {_MAX_TYPE}, not {kind} and {code}."
            )
        return Ports(name, kind, code)
    if name not in {"tcp", "udp"}:
        raise InvalidParameterValue(f"IpProtocol is tcp, udp, icmp, icmpv6 or -1 (all) here, not '{protocol[:40]}'.")
    if first is None or last is None:
        raise InvalidParameterValue("Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")
    if not 0 <= first <= last <= _MAX_PORT:
        raise InvalidParameterValue(f"Invalid value for portRange: {first} to {last} is no range of ports.")
    return Ports(name, first, last)


def reference(ctx: Context, group: SecurityGroup, pair: UserIdGroupPair) -> GroupReference:
    """The security group that a pair refers to. Raises GroupNotFound, MissingParameter, InvalidParameterValue."""
    if pair.group_id is None and pair.group_name is not None:
        groups = all_in_vpc(ctx.store.world, SecurityGroup, ctx.scope, group.vpc)
        by_name = next((g for g in groups if g.name == pair.group_name), None)
        if by_name is None:
            raise GroupNotFound([pair.group_name])
        return GroupReference(by_name.id, ctx.scope.account, by_name.vpc)
    if not pair.group_id:
        raise MissingParameter("The group that is the peer of a rule is named by GroupId.")
    referenced_group = find_in_scope(ctx.store.world, SecurityGroup, ctx.scope, pair.group_id) or _peer_group(
        ctx, group.vpc, pair.group_id
    )
    if referenced_group is None or (pair.user_id is not None and pair.user_id != referenced_group.scope.account):
        raise GroupNotFound([pair.group_id])
    if referenced_group.vpc != group.vpc and not _are_peered(ctx, group.vpc, referenced_group.vpc):
        raise InvalidParameterValue(
            f"You have specified two resources that belong to different networks: {pair.group_id} is in "
            f"{referenced_group.vpc}, which is not peered with {group.vpc}."
        )
    if pair.vpc_id is not None and pair.vpc_id != referenced_group.vpc:
        raise InvalidParameterValue(f"VpcId: the group {referenced_group.id} is in {referenced_group.vpc}.")
    return GroupReference(referenced_group.id, referenced_group.scope.account, referenced_group.vpc)


def checked_description(text: str | None) -> str | None:
    """A rule's description; None for an empty one. Raises InvalidParameterValue."""
    if text is not None and len(text) > _LONGEST:
        raise InvalidParameterValue(f"A rule's description has up to {_LONGEST} characters.")
    return text or None


def _peer(
    ctx: Context, group: SecurityGroup, pair: UserIdGroupPair, references: Mapping[SecurityGroupId, GroupReference]
) -> GroupReference:
    referred = None if pair.group_id is None else references.get(SecurityGroupId(pair.group_id))
    return reference(ctx, group, pair) if referred is None else referred


def _rules(
    permission: IpPermission,
    egress: bool,  # noqa: FBT001 (the rule's own member)
    peer_group: Callable[[UserIdGroupPair], GroupReference],
) -> Iterator[SecurityGroupRule]:
    protocol_and_ports = checked_ports(permission.ip_protocol, permission.from_port, permission.to_port)
    if not permission.ip_ranges and not permission.ipv6_ranges and not permission.user_id_group_pairs:
        raise InvalidPermissionMalformed("A rule needs a peer: IpRanges, Ipv6Ranges or UserIdGroupPairs.")
    rule = partial(
        SecurityGroupRule,
        "",
        egress=egress,
        protocol=protocol_and_ports.protocol,
        from_port=protocol_and_ports.from_port,
        to_port=protocol_and_ports.to_port,
    )
    for ip_range in permission.ip_ranges:
        yield rule(cidr=str(network(ip_range.cidr_ip, "CidrIp")), description=checked_description(ip_range.description))
    for ipv6_range in permission.ipv6_ranges:
        yield rule(
            cidr=str(network_of_ipv6(ipv6_range.cidr_ipv6, "CidrIpv6")),
            description=checked_description(ipv6_range.description),
        )
    for pair in permission.user_id_group_pairs:
        yield rule(group=peer_group(pair), description=checked_description(pair.description))


def _are_peered(ctx: Context, vpc: VpcId, other: VpcId) -> bool:
    peerings = ctx.store.world.vpc_peerings.by("vpc", vpc)
    return any(p.status is PeeringStatus.ACTIVE and p.other(vpc).vpc == other for p in peerings)


def _peer_group(ctx: Context, vpc: VpcId, group: str) -> SecurityGroup | None:
    """The security group with the id ``group`` in a VPC that is peered with this one; None when there is none."""
    for peering in ctx.store.world.vpc_peerings.by("vpc", vpc):
        side = peering.other(vpc)
        candidate = find_in_scope(ctx.store.world, SecurityGroup, side.scope, group)
        if peering.status is PeeringStatus.ACTIVE and candidate is not None and candidate.vpc == side.vpc:
            return candidate
    return None
