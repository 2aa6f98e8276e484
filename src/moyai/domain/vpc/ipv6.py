"""IPv6 ranges of VPCs and subnets.

Promise: a VPC has at most one, of 56 bits, out of the unique local addresses (RFC 4193): nobody on the internet has
them, and no two VPCs share one unless chance has it so. A subnet has 64 bits of its VPC's.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
"""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import Final

import msgspec

VPC_PREFIX: Final = 56
SUBNET_PREFIX: Final = 64
EVERYWHERE: Final = "::/0"
DRAWN_DIGITS: Final = 12
"""The number of random hex digits of a VPC's range."""

_UNIQUE_LOCAL: Final = 0xFD << 120
_BITS: Final = 128


class Ipv6Range(msgspec.Struct, frozen=True):
    """A range, and the id of its association with a VPC or a subnet."""

    id: str
    cidr: str


def vpc_range(drawn: int) -> str:
    """The range with this number of 48 bits."""
    return str(IPv6Network((_UNIQUE_LOCAL | drawn << (_BITS - VPC_PREFIX), VPC_PREFIX)))
