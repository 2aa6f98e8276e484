"""VPCs and their subnets, with their IPv4 and IPv6 ranges.

Promise: a VPC has at most one IPv6 range, of 56 bits, from the unique local addresses (RFC 4193), which nobody on the
internet has, and which two VPCs share only by chance. A subnet has 64 bits of its VPC's.
Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Vpc.html, API_Subnet.html,
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Network
from typing import Final

import msgspec

from moyai.domain.keys import scope_key
from moyai.domain.record import IdRecord, StoredRecord
from moyai.kernel.ids import DhcpOptionsId, SubnetId, VpcId
from moyai.kernel.scope import Scope

VPC_PREFIX: Final = 56
SUBNET_PREFIX: Final = 64
EVERYWHERE: Final = "::/0"
AMAZON_POOL: Final = "Amazon"
DRAWN_DIGITS: Final = 12
"""The number of random hex digits of a VPC's range."""

_UNIQUE_LOCAL: Final = 0xFD << 120
_BITS: Final = 128


class Ipv6Range(msgspec.Struct, frozen=True):
    """A range, and the id of its association with a VPC or a subnet. ``pool``: where a VPC's range is from."""

    id: str
    cidr: str
    pool: str = AMAZON_POOL


class Ipv4Range(msgspec.Struct, frozen=True):
    """A secondary range of a VPC, and the id of its association."""

    id: str
    cidr: str


def vpc_range(random_bits: int) -> str:
    """The range with this number of 48 bits."""
    return str(IPv6Network((_UNIQUE_LOCAL | random_bits << (_BITS - VPC_PREFIX), VPC_PREFIX)))


class Vpc(IdRecord, frozen=True, tag="vpc"):
    """A VPC. Its primary IPv4 range never changes; its subnets, groups, route tables and gateways name it.
    ``dhcp_options`` None: the region's default set.
    """

    id: VpcId
    scope: Scope
    cidr: str
    is_default: bool = False
    dns_hostnames: bool = False
    tags: Mapping[str, str] = {}
    ipv6: Ipv6Range | None = None
    secondary: tuple[Ipv4Range, ...] = ()
    dhcp_options: DhcpOptionsId | None = None

    @property
    def cidrs(self) -> tuple[str, ...]:
        """All of its IPv4 ranges, the primary one first."""
        return (self.cidr, *(one.cidr for one in self.secondary))


class DefaultVpc(StoredRecord, frozen=True, tag="default_vpc"):
    """The record that a scope's default VPC is stored, with its id (None: it was deleted).

    While a scope has no such record, its default VPC is the one that ``default.default_vpc`` gives.
    """

    scope: Scope
    vpc: VpcId | None

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return scope_key(self.scope)


class Subnet(IdRecord, frozen=True, tag="subnet"):
    """A subnet. Its IPv4 range and its zone never change."""

    id: SubnetId
    vpc: VpcId
    scope: Scope
    cidr: str
    zone: str
    zone_id: str
    default_for_az: bool = False
    map_public_ip_on_launch: bool = False
    tags: Mapping[str, str] = {}
    ipv6: Ipv6Range | None = None
    assign_ipv6_on_creation: bool = False
