"""Internet gateways, egress-only internet gateways, NAT gateways, and their elastic addresses.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/extend-intro.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.record import IdRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    AllocationId,
    EgressOnlyGatewayId,
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


class EgressOnlyGateway(IdRecord, frozen=True, tag="egress_only_gateway"):
    """An egress-only internet gateway, for IPv6. A VPC may have several."""

    id: EgressOnlyGatewayId
    scope: Scope
    vpc: VpcId
    client_token: str | None = None
    tags: Mapping[str, str] = {}


class NatAddress(msgspec.Struct, frozen=True):
    """An address of a NAT gateway: an elastic address, and one of the gateway's subnet."""

    association: str
    allocation: AllocationId
    address: str
    public_address: str


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
    secondary: tuple[NatAddress, ...] = ()

    @property
    def addresses(self) -> tuple[NatAddress, ...]:
        """All of its addresses, the primary one first."""
        primary = NatAddress(association_id(self.interface), self.allocation, self.address, self.public_address)
        return (primary, *self.secondary)

    def visible(self, now: Instant) -> bool:
        """Whether the gateway is still listed."""
        return self.deleted_at is None or now < self.deleted_at + _LISTED_SECONDS


def association_id(interface: str) -> str:
    """The id of an interface's association with its first elastic address."""
    return interface.replace("eni-", "eipassoc-")


class ElasticAddress(IdRecord, frozen=True, tag="elastic_address"):
    """A public address of an account, which only NAT gateways and network load balancers can use."""

    id: AllocationId
    scope: Scope
    public_address: str
    tags: Mapping[str, str] = {}
    domain_name: str | None = None
    """The address's name in the reverse DNS, as it was given. No DNS server answers with it."""
