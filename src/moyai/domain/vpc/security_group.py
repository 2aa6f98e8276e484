"""Security groups and their rules.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.record import IdRecord
from moyai.domain.vpc.ipv6 import EVERYWHERE
from moyai.kernel.ids import AccountId, SecurityGroupId, VpcId
from moyai.kernel.scope import Scope

ALL = "-1"
"""The protocol of a rule for every protocol."""
DEFAULT_NAME = "default"
"""The name of the group that each VPC has from the start and can't lose."""


class GroupReference(msgspec.Struct, frozen=True):
    """A group as the other side of a rule: of the same VPC, or of one that is peered with it."""

    id: SecurityGroupId
    account: AccountId
    vpc: VpcId


class SecurityGroupRule(msgspec.Struct, frozen=True):
    """One rule: a protocol, ports, and one other side, which is a range or a group.

    ``protocol``: ``tcp``, ``udp``, ``icmp``, ``icmpv6`` or ``-1``. Of the ICMPs the ports are type and code, -1 = all;
    None where there are no ports to name. ``cidr``: of IPv4 or IPv6.
    """

    id: str
    egress: bool
    protocol: str
    from_port: int | None = None
    to_port: int | None = None
    cidr: str | None = None
    group: GroupReference | None = None
    description: str | None = None
    tags: Mapping[str, str] = {}

    @property
    def cidr_ipv4(self) -> str | None:
        """The range on the other side, where it is one of IPv4."""
        return None if self.cidr is None or ":" in self.cidr else self.cidr

    @property
    def cidr_ipv6(self) -> str | None:
        """The range on the other side, where it is one of IPv6."""
        return self.cidr if self.cidr is not None and ":" in self.cidr else None

    @property
    def traffic(self) -> tuple[object, ...]:
        """What it lets through; no two rules of a group let the same through."""
        other = self.cidr if self.group is None else self.group.id
        return (self.egress, self.protocol, self.from_port, self.to_port, other)


class SecurityGroup(IdRecord, frozen=True, tag="security_group"):
    """A security group: what may come to its members and what may leave them."""

    id: SecurityGroupId
    vpc: VpcId
    scope: Scope
    name: str
    description: str
    rules: tuple[SecurityGroupRule, ...] = ()
    tags: Mapping[str, str] = {}

    def way(self, *, egress: bool) -> tuple[SecurityGroupRule, ...]:
        """The rules of one way."""
        return tuple(rule for rule in self.rules if rule.egress is egress)


def leaving(identity: str) -> SecurityGroupRule:
    """What every new group lets out: everything."""
    return SecurityGroupRule(identity, egress=True, protocol=ALL, cidr="0.0.0.0/0")


def leaving_by_ipv6(identity: str) -> SecurityGroupRule:
    """What every new group of a VPC with IPv6 lets out besides."""
    return SecurityGroupRule(identity, egress=True, protocol=ALL, cidr=EVERYWHERE)


def among_members(identity: str, group: GroupReference) -> SecurityGroupRule:
    """What a VPC's default group lets in: its own members."""
    return SecurityGroupRule(identity, egress=False, protocol=ALL, group=group)
