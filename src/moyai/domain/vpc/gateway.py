"""Internet gateways, NAT gateways, and their elastic addresses.

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

_LISTED_SECONDS = 3600
"""The seconds for which a deleted NAT gateway is still listed."""


class InternetGateway(IdRecord, frozen=True, tag="internet_gateway"):
    """An internet gateway; ``vpc`` None: it is not attached."""

    id: InternetGatewayId
    scope: Scope
    vpc: VpcId | None = None
    tags: Mapping[str, str] = {}


class NatGateway(IdRecord, frozen=True, tag="nat_gateway"):
    """A public NAT gateway, with an address of its subnet; ``deleted_at`` None: it works."""

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
        """Whether the gateway is still listed."""
        return self.deleted_at is None or now < self.deleted_at + _LISTED_SECONDS


class ElasticAddress(IdRecord, frozen=True, tag="elastic_address"):
    """A public address of an account, which only NAT gateways and network load balancers can use."""

    id: AllocationId
    scope: Scope
    public_address: str
    tags: Mapping[str, str] = {}
