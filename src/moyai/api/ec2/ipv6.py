"""IPv6 ranges: how a VPC and a subnet come by them, and how they are shown.

Promise: what EC2 calls Amazon-provided is drawn here from the unique local addresses, since nobody gives this machine
addresses of the internet. A subnet's range is a /64 of its VPC's and overlaps no other.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcIpv6CidrBlockAssociation.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv6Network
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from moyai.api.ec2.change import new_id
from moyai.api.ec2.ranges import network_of_ipv6
from moyai.api.operation import Context
from moyai.domain.vpc.errors import InvalidSubnetConflict, InvalidSubnetRange
from moyai.domain.vpc.ipv6 import DRAWN_DIGITS, SUBNET_PREFIX, Ipv6Range, vpc_range
from moyai.domain.vpc.security_group import SecurityGroup, leaving, leaving_by_ipv6
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Put

VPC_ASSOCIATION: Final = "vpc-cidr-assoc"
SUBNET_ASSOCIATION: Final = "subnet-cidr-assoc"

_SOURCE: Mapping[str, str] = MappingProxyType({"ipv6_address_attribute": "private", "ip_source": "amazon"})


def new_vpc_range(ctx: Context) -> Ipv6Range:
    """A range for a VPC."""
    return Ipv6Range(new_id(ctx, VPC_ASSOCIATION), vpc_range(int(ctx.ids.hex(DRAWN_DIGITS), 16)))


def new_subnet_range(ctx: Context, vpc: Vpc, text: str, others: Iterable[Subnet]) -> Ipv6Range:
    """The range that is asked for a subnet. Raises EC2's errors."""
    asked = network_of_ipv6(text, "ipv6CidrBlock")
    if vpc.ipv6 is None or asked.prefixlen != SUBNET_PREFIX or not asked.subnet_of(IPv6Network(vpc.ipv6.cidr)):
        whole = "none" if vpc.ipv6 is None else vpc.ipv6.cidr
        raise InvalidSubnetRange(f"The CIDR '{asked}' is invalid: it is no /{SUBNET_PREFIX} of the VPC's, {whole}.")
    clash = next((one for one in others if one.ipv6 is not None and one.ipv6.cidr == str(asked)), None)
    if clash is not None:
        raise InvalidSubnetConflict(f"The CIDR '{asked}' conflicts with another subnet: {clash.id}.")
    return Ipv6Range(new_id(ctx, SUBNET_ASSOCIATION), str(asked))


def opened_groups(ctx: Context, groups: Iterable[SecurityGroup]) -> Iterator[Put]:
    """The groups of a VPC that gets IPv6, which let that out too where what they let out was never changed."""
    for group in groups:
        rules = group.way(egress=True)
        if [rule.traffic for rule in rules] == [leaving("").traffic]:
            yield Put(replace(group, rules=(*group.rules, leaving_by_ipv6(new_id(ctx, "sgr")))))


def ranges_of_vpc(held: Ipv6Range | None, state: str = "associated") -> list[dict[str, object]]:
    """A VPC's IPv6 ranges, as Ipv6CidrBlockAssociationSet."""
    return [] if held is None else [of_vpc(held, state)]


def of_vpc(held: Ipv6Range, state: str) -> dict[str, object]:
    """A VPC's range as EC2 answers it."""
    return _range(held, state) | {"ipv6_pool": "Amazon", "network_border_group": None}


def ranges_of_subnet(held: Ipv6Range | None, state: str = "associated") -> list[dict[str, object]]:
    """A subnet's IPv6 ranges, as Ipv6CidrBlockAssociationSet."""
    return [] if held is None else [of_subnet(held, state)]


def of_subnet(held: Ipv6Range, state: str) -> dict[str, object]:
    """A subnet's range as EC2 answers it."""
    return _range(held, state)


def _range(held: Ipv6Range, state: str) -> dict[str, object]:
    return {
        "association_id": held.id,
        "ipv6_cidr_block": held.cidr,
        "ipv6_cidr_block_state": {"state": state},
        **_SOURCE,
    }
