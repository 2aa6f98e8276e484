"""Shares, associations and invitations, as responses have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moyai.api.tagging import tag_list
from moyai.domain.keys import scope_of
from moyai.domain.ram.share import Invitation, ResourceShare, ShareAssociation
from moyai.kernel.clock import Instant

STANDARD = "STANDARD"


def share_view(share: ResourceShare, *, for_owner: bool = True) -> Mapping[str, object]:
    """A share; only its owner sees its tags."""
    return {
        "resource_share_arn": share.arn,
        "name": share.name,
        "owning_account_id": scope_of(share.arn).account,
        "allow_external_principals": share.allow_external,
        "status": "ACTIVE",
        "tags": tag_list(share.tags) if for_owner else [],
        "creation_time": share.created_at,
        "last_updated_time": share.updated_at,
        "feature_set": STANDARD,
    }


def association_view(share: ResourceShare, kind: str, association: ShareAssociation) -> Mapping[str, object]:
    """An association of a share; ``kind`` is PRINCIPAL or RESOURCE. Every account is outside of an organization."""
    return {
        "resource_share_arn": share.arn,
        "resource_share_name": share.name,
        "associated_entity": association.entity,
        "association_type": kind,
        "status": association.status,
        "creation_time": association.created_at,
        "last_updated_time": association.updated_at,
        "external": kind == "PRINCIPAL",
    }


def associations_view(
    share: ResourceShare, resources: Iterable[ShareAssociation], principals: Iterable[ShareAssociation]
) -> list[Mapping[str, object]]:
    """The associations of a share with principals and resources."""
    return [
        *(association_view(share, "RESOURCE", resource) for resource in resources),
        *(association_view(share, "PRINCIPAL", principal) for principal in principals),
    ]


def invitation_view(invitation: Invitation, now: Instant) -> Mapping[str, object]:
    """An invitation as RAM's responses have it."""
    return {
        "resource_share_invitation_arn": invitation.arn,
        "resource_share_name": invitation.share_name,
        "resource_share_arn": invitation.share,
        "sender_account_id": invitation.sender,
        "receiver_account_id": invitation.receiver,
        "invitation_timestamp": invitation.invited_at,
        "status": invitation.status_at(now),
    }
