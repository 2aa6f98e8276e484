"""Resource shares: the resources that an account shares, and the accounts with which it does.

Promise: a share grants a resource to an account exactly while both are ASSOCIATED with it. An invited account becomes
ASSOCIATED when it accepts the invitation. A resource or an account that is disassociated is removed at once.
Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ResourceShare.html, API_ResourceShareAssociation.html,
API_ResourceShareInvitation.html
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from enum import StrEnum
from typing import Final, Self

import msgspec
from msgspec.structs import replace

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, InvitationArn, ShareArn

INVITATION_LIFE: Final = 7 * 24 * 3600.0
"""The seconds within which an invitation can be answered."""


class AssociationStatus(StrEnum):
    """The status of an association. FAILED: the account rejected the invitation."""

    ASSOCIATING = "ASSOCIATING"
    ASSOCIATED = "ASSOCIATED"
    FAILED = "FAILED"
    DISASSOCIATED = "DISASSOCIATED"


class InvitationStatus(StrEnum):
    """The status of an invitation."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class ShareAssociation(msgspec.Struct, frozen=True):
    """A resource (its ARN) or a principal (an account) of a share."""

    entity: str
    status: AssociationStatus
    created_at: Instant
    updated_at: Instant


class ResourceShare(ArnRecord, frozen=True, tag="resource_share"):
    """A resource share. ``calls``: client tokens and the digests of their requests, the newest last."""

    arn: ShareArn
    name: str
    created_at: Instant
    updated_at: Instant
    allow_external: bool = True
    permissions: tuple[str, ...] = ()
    resources: tuple[ShareAssociation, ...] = ()
    principals: tuple[ShareAssociation, ...] = ()
    tags: Mapping[str, str] = {}
    calls: tuple[str, ...] = ()

    def grants(self, resource: str, account: AccountId) -> bool:
        """Whether the account may use the resource."""
        return _holds(self.resources, resource) and _holds(self.principals, account)

    def without(self, entities: Container[str]) -> Self:
        """The share without these resources and principals."""
        resources = tuple(one for one in self.resources if one.entity not in entities)
        principals = tuple(one for one in self.principals if one.entity not in entities)
        return replace(self, resources=resources, principals=principals)


class Invitation(ArnRecord, frozen=True, tag="share_invitation"):
    """The invitation that an account has to accept before it can use a share."""

    arn: InvitationArn
    share: ShareArn
    share_name: str
    sender: AccountId
    receiver: AccountId
    invited_at: Instant
    status: InvitationStatus = InvitationStatus.PENDING
    calls: tuple[str, ...] = ()

    def status_at(self, now: Instant) -> InvitationStatus:
        """The status at this time; an invitation that was not answered in time is EXPIRED."""
        is_expired = self.status is InvitationStatus.PENDING and now >= self.invited_at + INVITATION_LIFE
        return InvitationStatus.EXPIRED if is_expired else self.status


def _holds(associations: tuple[ShareAssociation, ...], entity: str) -> bool:
    return any(one.entity == entity and one.status is AssociationStatus.ASSOCIATED for one in associations)
