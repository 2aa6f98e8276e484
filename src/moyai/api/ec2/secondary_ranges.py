"""Which secondary IPv4 range a VPC may have.

Promise: a range overlaps no other of its VPC or of a VPC that a peering connection leads to, and no route of the VPC
leads into it, so that an address means the same for everybody who can reach it.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Final

from moyai.api.ec2.ranges import block
from moyai.api.operation import Context
from moyai.domain.queries.vpc import all_in_vpc, peered_ranges
from moyai.domain.vpc.errors import InvalidVpcRange
from moyai.domain.vpc.quotas import VPC_RANGES, VpcCidrBlockLimitExceeded
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.vpc import Vpc
from moyai.plan.network.host_ports import bridge_range

_RESERVED: Final = tuple(
    map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "198.19.0.0/16", "224.0.0.0/3"))
)
"""Ranges that no VPC can have as a secondary one."""


def secondary_range(ctx: Context, vpc: Vpc, text: str) -> IPv4Network:
    """The range that is asked for. Raises EC2's errors."""
    cidr = block(text, "CidrBlock", InvalidVpcRange)
    if len(vpc.cidrs) >= VPC_RANGES:
        raise VpcCidrBlockLimitExceeded(VPC_RANGES)
    networks_by_reason = {
        "the range is reserved": _RESERVED,
        f"{vpc.id} has it": tuple(map(IPv4Network, vpc.cidrs)),
        "container instances of the VPC have it for bridges": (bridge_range(vpc.cidr),),
        "a peered VPC has it": tuple(map(IPv4Network, peered_ranges(ctx.store.world, vpc))),
    }
    for reason, networks in networks_by_reason.items():
        clash = next((network for network in networks if cidr.overlaps(network)), None)
        if clash is not None:
            raise InvalidVpcRange(f"The CIDR '{cidr}' is invalid: it overlaps {clash}; {reason}.")
    for table in all_in_vpc(ctx.store.world, RouteTable, ctx.scope, vpc.id):
        route = next((one for one in table.routes if IPv4Network(one.destination).subnet_of(cidr)), None)
        if route is not None:
            raise InvalidVpcRange(f"The CIDR '{cidr}' is invalid: {table.id} has a route to {route.destination}.")
    return cidr
