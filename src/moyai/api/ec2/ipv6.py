"""IPv6 ranges of VPCs and subnets: allocation, and their form in answers.

Promise: an Amazon-provided range is a random one of the unique local addresses, because this machine has no range of
public addresses to give. A subnet's range is a /64 of its VPC's and overlaps no other.
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
from moyai.domain.vpc.security_group import SecurityGroup, default_egress_rule, default_ipv6_egress_rule
from moyai.domain.vpc.vpc import DRAWN_DIGITS, SUBNET_PREFIX, Ipv6Range, Subnet, Vpc, vpc_range
from moyai.domain.world import Put

VPC_ASSOCIATION: Final = "vpc-cidr-assoc"
SUBNET_ASSOCIATION: Final = "subnet-cidr-assoc"

_SOURCE: Mapping[str, str] = MappingProxyType({"ipv6_address_attribute": "private", "ip_source": "amazon"})


def new_vpc_range(ctx: Context) -> Ipv6Range:
    """A new range for a VPC."""
    return Ipv6Range(new_id(ctx, VPC_ASSOCIATION), vpc_range(int(ctx.ids.hex(DRAWN_DIGITS), 16)))


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
            f"The CIDR '{subnet_range}' is invalid: it is no /{SUBNET_PREFIX} of the VPC's, {vpc_cidr}."
        )
    clash = next((s for s in subnets if s.ipv6 is not None and s.ipv6.cidr == str(subnet_range)), None)
    if clash is not None:
        raise InvalidSubnetConflict(f"The CIDR '{subnet_range}' conflicts with another subnet: {clash.id}.")
    return Ipv6Range(new_id(ctx, SUBNET_ASSOCIATION), str(subnet_range))


def groups_with_ipv6_egress(ctx: Context, groups: Iterable[SecurityGroup]) -> Iterator[Put]:
    """The changed groups of a VPC that gets IPv6: groups with the default egress rule get one for IPv6."""
    for group in groups:
        rules = group.way(egress=True)
        if [rule.traffic for rule in rules] == [default_egress_rule("").traffic]:
            yield Put(replace(group, rules=(*group.rules, default_ipv6_egress_rule(new_id(ctx, "sgr")))))


def ranges_of_vpc(range_: Ipv6Range | None, state: str = "associated") -> list[dict[str, object]]:
    """A VPC's IPv6 ranges, as Ipv6CidrBlockAssociationSet."""
    return [] if range_ is None else [of_vpc(range_, state)]


def of_vpc(range_: Ipv6Range, state: str) -> dict[str, object]:
    """The range of a VPC as answers have it."""
    return _range(range_, state) | {"ipv6_pool": "Amazon", "network_border_group": None}


def ranges_of_subnet(range_: Ipv6Range | None, state: str = "associated") -> list[dict[str, object]]:
    """A subnet's IPv6 ranges, as Ipv6CidrBlockAssociationSet."""
    return [] if range_ is None else [of_subnet(range_, state)]


def of_subnet(range_: Ipv6Range, state: str) -> dict[str, object]:
    """The range of a subnet as answers have it."""
    return _range(range_, state)


def _range(range_: Ipv6Range, state: str) -> dict[str, object]:
    return {
        "association_id": range_.id,
        "ipv6_cidr_block": range_.cidr,
        "ipv6_cidr_block_state": {"state": state},
        **_SOURCE,
    }
