"""The default VPC that every account has in every region.

It is a pure function of the scope, so it needs no record: 172.31.0.0/16 with a /20 subnet in each of
three zones and one default security group. The VPCs of two scopes may overlap; each has a router of
its own.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
"""

from __future__ import annotations

from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network

import msgspec

from moyai.kernel.ids import SecurityGroupId, SubnetId, VpcId
from moyai.kernel.scope import Scope

VPC_CIDR = IPv4Network("172.31.0.0/16")
_ZONE_LETTERS = ("a", "b", "c")
_SUBNET_PREFIX = 20
_RESOLVER = 2


class Subnet(msgspec.Struct, frozen=True):
    """A subnet in one availability zone."""

    id: SubnetId
    cidr: str
    zone: str
    zone_id: str


class SecurityGroup(msgspec.Struct, frozen=True):
    """A security group. Its rules are not enforced."""

    id: SecurityGroupId
    name: str
    description: str


class Vpc(msgspec.Struct, frozen=True):
    """A virtual private cloud with what belongs to it."""

    id: VpcId
    scope: Scope
    cidr: str
    subnets: tuple[Subnet, ...]
    security_groups: tuple[SecurityGroup, ...]

    def subnet(self, subnet: SubnetId) -> Subnet | None:
        """The subnet of that id."""
        return next((s for s in self.subnets if s.id == subnet), None)

    def security_group(self, group: SecurityGroupId) -> SecurityGroup | None:
        """The security group of that id."""
        return next((g for g in self.security_groups if g.id == group), None)


def default_vpc(scope: Scope) -> Vpc:
    """The scope's default VPC; the same ids every time it is asked."""
    blocks = VPC_CIDR.subnets(new_prefix=_SUBNET_PREFIX)
    subnets = tuple(
        Subnet(
            id=SubnetId(f"subnet-{_digest(scope, 'subnet', letter)}"),
            cidr=str(block),
            zone=f"{scope.region}{letter}",
            zone_id=f"{_zone_prefix(scope)}-az{number}",
        )
        for number, (letter, block) in enumerate(zip(_ZONE_LETTERS, blocks, strict=False), start=1)
    )
    group = SecurityGroup(
        id=SecurityGroupId(f"sg-{_digest(scope, 'group', 'default')}"),
        name="default",
        description="default VPC security group",
    )
    vpc = VpcId(f"vpc-{_digest(scope, 'vpc', 'default')}")
    return Vpc(id=vpc, scope=scope, cidr=str(VPC_CIDR), subnets=subnets, security_groups=(group,))


def resolver_address(vpc: IPv4Network) -> IPv4Address:
    """Where a VPC's tasks find their resolver: the base of its range plus two.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
    """
    return vpc.network_address + _RESOLVER


def _digest(scope: Scope, kind: str, name: str) -> str:
    """Seventeen hex digits, as EC2's ids have."""
    return sha256(f"{scope.account}/{scope.region}/{kind}/{name}".encode()).hexdigest()[:17]


def _zone_prefix(scope: Scope) -> str:
    """``use1`` for us-east-1: the region's letters and number as zone ids begin with."""
    area, *middle, number = scope.region.split("-")
    return area + "".join(word[0] for word in middle) + number
