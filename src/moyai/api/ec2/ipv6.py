"""IPv6 ranges of VPCs and subnets: their allocation, and their form in responses.

Promise: an Amazon-provided range is a random one of the unique local addresses, because moyai has no public addresses.
A subnet's range is a /64 of its VPC's range and overlaps no other subnet's.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcIpv6CidrBlockAssociation.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv6Network
from types import MappingProxyType
from typing import Final, Protocol

from msgspec.structs import replace

from moyai.api.ec2.change import new_id
from moyai.api.ec2.ranges import network_of_ipv6
from moyai.api.operation import Context
from moyai.domain.vpc.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidSubnetConflict,
    InvalidSubnetRange,
    MissingParameter,
)
from moyai.domain.vpc.security_group import SecurityGroup, default_egress_rule, default_ipv6_egress_rule
from moyai.domain.vpc.vpc import AMAZON_POOL, DRAWN_DIGITS, SUBNET_PREFIX, VPC_PREFIX, Ipv6Range, Subnet, Vpc, vpc_range
from moyai.domain.world import Put

VPC_ASSOCIATION: Final = "vpc-cidr-assoc"
SUBNET_ASSOCIATION: Final = "subnet-cidr-assoc"

_LONGEST_POOL: Final = 100
_UNUSABLE: Final = tuple(map(IPv6Network, ("::/8", "fe80::/10", "ff00::/8")))
"""Ranges of loopback, mapped, link-local and multicast addresses, which no VPC can have."""

_SOURCE: Mapping[str, str] = MappingProxyType({"ipv6_address_attribute": "private", "ip_source": "amazon"})


class Ipv6Request(Protocol):
    """The members of a request that ask for an IPv6 range of a VPC."""

    @property
    def amazon_provided_ipv6_cidr_block(self) -> bool:
        """Whether moyai chooses the range at random."""

    @property
    def ipv6_cidr_block(self) -> str | None:
        """The range, if the caller chooses it."""

    @property
    def ipv6_pool(self) -> str | None:
        """The caller's pool for the range, which is only recorded."""


def requested_range(ctx: Context, request: Ipv6Request) -> Ipv6Range | None:
    """The range that a request asks for: a random one or the caller's; None when it asks for none. Raises EC2's errors.

    Two VPCs may have the same range, because IPv6 stays within its VPC.
    """
    identity, is_random = new_id(ctx, VPC_ASSOCIATION), request.amazon_provided_ipv6_cidr_block
    pool = request.ipv6_pool
    if is_random and (request.ipv6_cidr_block or pool):
        raise InvalidParameterCombination("AmazonProvidedIpv6CidrBlock can't be used with Ipv6CidrBlock or Ipv6Pool.")
    if is_random:
        return Ipv6Range(identity, vpc_range(int(ctx.ids.hex(DRAWN_DIGITS), 16)))
    if request.ipv6_cidr_block is None:
        if pool is not None:
            raise MissingParameter("The request must contain the parameter Ipv6CidrBlock.")
        return None
    if pool is not None and len(pool) > _LONGEST_POOL:
        raise InvalidParameterValue(f"Ipv6Pool has more than {_LONGEST_POOL} characters.")
    cidr = network_of_ipv6(request.ipv6_cidr_block, "ipv6CidrBlock")
    if cidr.prefixlen != VPC_PREFIX or not (cidr.is_global or cidr.is_private) or any(map(cidr.overlaps, _UNUSABLE)):
        raise InvalidParameterValue(
            f"Value ({cidr}) for parameter ipv6CidrBlock is invalid. A VPC has a /{VPC_PREFIX} of unicast addresses."
        )
    return Ipv6Range(identity, str(cidr), pool or AMAZON_POOL)


def new_subnet_range(ctx: Context, vpc: Vpc, text: str, subnets: Iterable[Subnet]) -> Ipv6Range:
    """The requested range for a subnet. Raises EC2's errors."""
    subnet_range = network_of_ipv6(text, "ipv6CidrBlock")
    if (
        vpc.ipv6 is None
        or subnet_range.prefixlen != SUBNET_PREFIX
        or not subnet_range.subnet_of(IPv6Network(vpc.ipv6.cidr))
    ):
        vpc_cidr = "none" if vpc.ipv6 is None else vpc.ipv6.cidr
        raise InvalidSubnetRange(
            f"The CIDR '{subnet_range}' is invalid: it is no /{SUBNET_PREFIX} of the VPC's range, {vpc_cidr}."
        )
    clash = next((s for s in subnets if s.ipv6 is not None and s.ipv6.cidr == str(subnet_range)), None)
    if clash is not None:
        raise InvalidSubnetConflict(f"The CIDR '{subnet_range}' conflicts with another subnet: {clash.id}.")
    return Ipv6Range(new_id(ctx, SUBNET_ASSOCIATION), str(subnet_range))


def groups_with_ipv6_egress(ctx: Context, groups: Iterable[SecurityGroup]) -> Iterator[Put]:
    """The changes to the groups of a VPC that gets an IPv6 range: those with only the default egress rule get it for
    IPv6, too.
    """
    for group in groups:
        rules = group.way(egress=True)
        if [rule.traffic for rule in rules] == [default_egress_rule("").traffic]:
            yield Put(replace(group, rules=(*group.rules, default_ipv6_egress_rule(new_id(ctx, "sgr")))))


def ranges_of_vpc(range_: Ipv6Range | None) -> list[dict[str, object]]:
    """A VPC's IPv6 ranges, as Ipv6CidrBlockAssociationSet."""
    return [] if range_ is None else [vpc_range_association(range_, "associated")]


def vpc_range_association(range_: Ipv6Range, state: str) -> dict[str, object]:
    """The association of an IPv6 range with a VPC, as responses have it."""
    return subnet_range_association(range_, state) | {"ipv6_pool": range_.pool, "network_border_group": None}


def ranges_of_subnet(range_: Ipv6Range | None) -> list[dict[str, object]]:
    """A subnet's IPv6 ranges, as Ipv6CidrBlockAssociationSet."""
    return [] if range_ is None else [subnet_range_association(range_, "associated")]


def subnet_range_association(range_: Ipv6Range, state: str) -> dict[str, object]:
    """The association of an IPv6 range with a subnet, as responses have it."""
    return {
        "association_id": range_.id,
        "ipv6_cidr_block": range_.cidr,
        "ipv6_cidr_block_state": {"state": state},
        **_SOURCE,
    }
