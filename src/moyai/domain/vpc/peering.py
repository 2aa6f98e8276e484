"""Connections between two VPCs, and the table of their states.

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
"""Seconds in which a request has to be accepted."""
_HOURS = 2 * 3600
_SHOWN = 2 * DAY


class PeeringStatus(StrEnum):
    """Where a connection is in its life. ``initiating-request`` is what its maker is answered."""

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
"""From each state, the states that may follow."""


class PeeringSide(msgspec.Struct, frozen=True):
    """One of the two VPCs. ``cidr`` is None where the VPC isn't there."""

    scope: Scope
    vpc: VpcId
    cidr: str | None = None


class VpcPeering(IdRecord, frozen=True, tag="vpc_peering"):
    """A peering connection. ``changed_at``: when it came into its status."""

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
    """The accepter's tags, where it is another account or region."""

    @property
    def sides(self) -> tuple[PeeringSide, PeeringSide]:
        """Requester and accepter."""
        return (self.requester, self.accepter)

    @property
    def open(self) -> bool:
        """Whether it is, or may yet become, active."""
        return self.status in {PeeringStatus.PENDING_ACCEPTANCE, PeeringStatus.ACTIVE}

    @property
    def expires_at(self) -> Instant:
        """When a request that nobody accepted lapses."""
        return Instant(self.created_at + EXPIRY)

    def other(self, vpc: VpcId) -> PeeringSide:
        """The side that isn't this VPC."""
        return self.accepter if self.requester.vpc == vpc else self.requester

    def visible(self, now: Instant) -> bool:
        """Whether it is still listed: what is over is so for two days; a failed one for two hours."""
        if self.open:
            return True
        return now < self.changed_at + (_HOURS if self.status is PeeringStatus.FAILED else _SHOWN)
