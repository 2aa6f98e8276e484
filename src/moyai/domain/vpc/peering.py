"""Connections between two VPCs, and the changes of their statuses.

Source: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from moyai.domain.record import IdRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import VpcId, VpcPeeringId
from moyai.kernel.scope import Scope

DAY = 24 * 3600
EXPIRY = 7 * DAY
"""The seconds within which a request has to be accepted."""
_FAILED_LISTED_SECONDS = 2 * 3600
_LISTED_SECONDS = 2 * DAY


class PeeringStatus(StrEnum):
    """The status of a connection. ``initiating-request`` is only in the response to its creation."""

    PENDING_ACCEPTANCE = "pending-acceptance"
    ACTIVE = "active"
    FAILED = "failed"
    EXPIRED = "expired"
    REJECTED = "rejected"
    DELETED = "deleted"


PEERING_TRANSITIONS: Mapping[PeeringStatus, frozenset[PeeringStatus]] = MappingProxyType(
    {
        PeeringStatus.PENDING_ACCEPTANCE: frozenset(
            {PeeringStatus.ACTIVE, PeeringStatus.EXPIRED, PeeringStatus.REJECTED, PeeringStatus.DELETED}
        ),
        PeeringStatus.ACTIVE: frozenset({PeeringStatus.DELETED}),
        PeeringStatus.FAILED: frozenset(),
        PeeringStatus.EXPIRED: frozenset(),
        PeeringStatus.REJECTED: frozenset(),
        PeeringStatus.DELETED: frozenset(),
    }
)
"""The possible next statuses of each."""


class PeeringSide(msgspec.Struct, frozen=True):
    """One of the two VPCs of a peering. ``cidr`` is None if the VPC does not exist."""

    scope: Scope
    vpc: VpcId
    cidr: str | None = None
    resolves_for_peer: bool = False
    """Whether the other VPC is to resolve this one's public names to private addresses."""


class VpcPeering(IdRecord, frozen=True, tag="vpc_peering"):
    """A peering connection. ``changed_at``: when its status last changed."""

    id: VpcPeeringId
    requester: PeeringSide
    accepter: PeeringSide
    status: PeeringStatus
    message: str
    created_at: Instant
    changed_at: Instant
    tags: Mapping[str, str] = {}
    """The requester's tags."""
    accepter_tags: Mapping[str, str] = {}
    """The accepter's tags, if it is another account or region."""

    @property
    def sides(self) -> tuple[PeeringSide, PeeringSide]:
        """The requester's side and the accepter's."""
        return (self.requester, self.accepter)

    @property
    def open(self) -> bool:
        """Whether the connection is active or may become so."""
        return self.status in {PeeringStatus.PENDING_ACCEPTANCE, PeeringStatus.ACTIVE}

    @property
    def expires_at(self) -> Instant:
        """When a request that was not accepted expires."""
        return Instant(self.created_at + EXPIRY)

    def other(self, vpc: VpcId) -> PeeringSide:
        """The side of the other VPC."""
        return self.accepter if self.requester.vpc == vpc else self.requester

    def visible(self, now: Instant) -> bool:
        """Whether the connection is still listed: an ended one for two days, a failed one for two hours."""
        if self.open:
            return True
        seconds = _FAILED_LISTED_SECONDS if self.status is PeeringStatus.FAILED else _LISTED_SECONDS
        return now < self.changed_at + seconds
