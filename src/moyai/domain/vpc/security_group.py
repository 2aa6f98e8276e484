"""Security groups and their rules.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.record import IdRecord
from moyai.domain.vpc.vpc import EVERYWHERE, Vpc
from moyai.kernel.ids import AccountId, Ids, SecurityGroupId, VpcId
from moyai.kernel.scope import Scope

ALL = "-1"
"""The protocol of a rule that applies to every protocol."""
DEFAULT_NAME = "default"
"""The name of the group that each VPC always has."""
_ID_DIGITS = 17


class GroupReference(msgspec.Struct, frozen=True):
    """A group as the source or destination of a rule, in the same VPC or in a peered one."""

    id: SecurityGroupId
    account: AccountId
    vpc: VpcId


class SecurityGroupRule(msgspec.Struct, frozen=True):
    """One rule: a protocol, ports, and the other side, which is a range or a group.

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
        """The IPv4 range on the other side; None if it is something else."""
        return None if self.cidr is None or ":" in self.cidr else self.cidr

    @property
    def cidr_ipv6(self) -> str | None:
        """The IPv6 range on the other side; None if it is something else."""
        return self.cidr if self.cidr is not None and ":" in self.cidr else None

    @property
    def traffic(self) -> tuple[object, ...]:
        """The key of the traffic that the rule allows; no two rules of a group have the same."""
        peer = self.cidr if self.group is None else self.group.id
        return (self.egress, self.protocol, self.from_port, self.to_port, peer)


class SecurityGroup(IdRecord, frozen=True, tag="security_group"):
    """A security group, with the rules of traffic to its members and from them."""

    id: SecurityGroupId
    vpc: VpcId
    scope: Scope
    name: str
    description: str
    rules: tuple[SecurityGroupRule, ...] = ()
    tags: Mapping[str, str] = {}

    def way(self, *, egress: bool) -> tuple[SecurityGroupRule, ...]:
        """The rules of one direction."""
        return tuple(rule for rule in self.rules if rule.egress is egress)


def default_egress_rule(identity: str) -> SecurityGroupRule:
    """The rule of every new group that allows all IPv4 traffic from its members."""
    return SecurityGroupRule(identity, egress=True, protocol=ALL, cidr="0.0.0.0/0")


def default_ipv6_egress_rule(identity: str) -> SecurityGroupRule:
    """The rule of every new group in a VPC with IPv6 that allows all IPv6 traffic from its members."""
    return SecurityGroupRule(identity, egress=True, protocol=ALL, cidr=EVERYWHERE)


def default_egress_rules(vpc: Vpc, ids: Ids) -> tuple[SecurityGroupRule, ...]:
    """The rules of a new group of the VPC, which allow all traffic from its members."""
    rules = (default_egress_rule(new_rule_id(ids)),)
    return rules if vpc.ipv6 is None else (*rules, default_ipv6_egress_rule(new_rule_id(ids)))


def new_rule_id(ids: Ids) -> str:
    """The id of a new rule."""
    return f"sgr-{ids.hex(_ID_DIGITS)}"


def new_group_id(ids: Ids) -> SecurityGroupId:
    """The id of a new group."""
    return SecurityGroupId(f"sg-{ids.hex(_ID_DIGITS)}")


def group_ingress_rule(identity: str, group: GroupReference) -> SecurityGroupRule:
    """The rule of a VPC's default group that allows traffic among its members."""
    return SecurityGroupRule(identity, egress=False, protocol=ALL, group=group)
