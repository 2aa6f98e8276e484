"""Subnets: a part of a VPC's range, in one availability zone.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.record import IdRecord
from moyai.domain.vpc.ipv6 import Ipv6Range
from moyai.kernel.ids import SubnetId, VpcId
from moyai.kernel.scope import Scope


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
