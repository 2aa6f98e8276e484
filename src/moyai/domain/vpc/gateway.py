"""What leads out of a VPC: internet gateways, NAT gateways, and the elastic addresses that these hold.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/extend-intro.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.record import IdRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    AllocationId,
    InternetGatewayId,
    NatGatewayId,
    NetworkInterfaceId,
    SubnetId,
    VpcId,
)
from moyai.kernel.scope import Scope

_SHOWN = 3600
"""Seconds that a deleted NAT gateway is still listed."""


class InternetGateway(IdRecord, frozen=True, tag="internet_gateway"):
    """An internet gateway; ``vpc`` None while it is attached to none."""

    id: InternetGatewayId
    scope: Scope
    vpc: VpcId | None = None
    tags: Mapping[str, str] = {}


class NatGateway(IdRecord, frozen=True, tag="nat_gateway"):
    """A public NAT gateway, with an address of its subnet; ``deleted_at`` None while it works."""

    id: NatGatewayId
    scope: Scope
    vpc: VpcId
    subnet: SubnetId
    allocation: AllocationId
    interface: NetworkInterfaceId
    address: str
    public_address: str
    created_at: Instant
    deleted_at: Instant | None = None
    client_token: str | None = None
    tags: Mapping[str, str] = {}

    def visible(self, now: Instant) -> bool:
        """Whether it is still listed."""
        return self.deleted_at is None or now < self.deleted_at + _SHOWN


class ElasticAddress(IdRecord, frozen=True, tag="elastic_address"):
    """A public address that its account keeps; of use to NAT gateways only."""

    id: AllocationId
    scope: Scope
    public_address: str
    tags: Mapping[str, str] = {}
