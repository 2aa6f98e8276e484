"""Invitations: list, accept, reject.

Promise: the account can use the shared resources as soon as AcceptResourceShareInvitation has returned.
Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_AcceptResourceShareInvitation.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context, PageRequest
from moyai.api.ram.lookup import call_of, invitation_of, is_repeat, page_of, with_call
from moyai.api.ram.views import invitation_view
from moyai.domain.keys import scope_key
from moyai.domain.ram.errors import InvitationAlreadyAccepted, InvitationAlreadyRejected, InvitationExpired
from moyai.domain.ram.permission import resource_type_of
from moyai.domain.ram.share import AssociationStatus, Invitation, InvitationStatus
from moyai.domain.world import Put
from moyai.kernel.ids import InvitationArn


class GetResourceShareInvitationsRequest(PageRequest, frozen=True):
    """Invitations to the caller."""

    resource_share_invitation_arns: tuple[str, ...] = ()
    resource_share_arns: tuple[str, ...] = ()


class AnswerRequest(msgspec.Struct, frozen=True):
    """The invitation to accept or to reject."""

    resource_share_invitation_arn: str
    client_token: str | None = None


class ListPendingInvitationResourcesRequest(PageRequest, frozen=True):
    """The invitation whose resources to list."""

    resource_share_invitation_arn: str
    resource_region_scope: str | None = None


def get_resource_share_invitations(ctx: Context, request: GetResourceShareInvitationsRequest) -> dict[str, object]:
    """The invitations that the caller's account has received."""
    for invitation_arn in request.resource_share_invitation_arns:
        invitation_of(ctx, invitation_arn)
    invitations = {
        invitation.arn: invitation
        for invitation in ctx.store.world.invitations.each("receiver", scope_key(ctx.scope))
        if (not request.resource_share_invitation_arns or invitation.arn in request.resource_share_invitation_arns)
        and (not request.resource_share_arns or invitation.share in request.resource_share_arns)
    }
    filters = replace(request, next_token=None, max_results=None)
    page = page_of(invitations, ("GetResourceShareInvitations", filters), request.next_token, request.max_results)
    views = [invitation_view(invitations[InvitationArn(key)], ctx.now) for key in page.keys]
    return {"resource_share_invitations": views, "next_token": page.next_token}


def accept_resource_share_invitation(ctx: Context, request: AnswerRequest) -> dict[str, object]:
    """Accept an invitation; the share's resources can be used from then on."""
    return _answer(ctx, request, InvitationStatus.ACCEPTED)


def reject_resource_share_invitation(ctx: Context, request: AnswerRequest) -> dict[str, object]:
    """Reject; the owner of the share may invite again."""
    return _answer(ctx, request, InvitationStatus.REJECTED)


def list_pending_invitation_resources(
    ctx: Context, request: ListPendingInvitationResourcesRequest
) -> dict[str, object]:
    """The resources of a share that the caller is invited to."""
    invitation = invitation_of(ctx, request.resource_share_invitation_arn)
    _require(ctx, invitation, allowed=(InvitationStatus.PENDING, InvitationStatus.ACCEPTED))
    share = ctx.store.world.resource_shares[invitation.share]
    resources = {resource.entity: resource for resource in share.resources if request.resource_region_scope != "GLOBAL"}
    listing = ("ListPendingInvitationResources", invitation.arn, request.resource_region_scope)
    page = page_of(resources, listing, request.next_token, request.max_results)
    views = [{"arn": key, "type": resource_type_of(key), "resource_share_arn": share.arn} for key in page.keys]
    return {"resources": views, "next_token": page.next_token}


def _answer(ctx: Context, request: AnswerRequest, status: InvitationStatus) -> dict[str, object]:
    invitation = invitation_of(ctx, request.resource_share_invitation_arn)
    call = call_of(status, request.client_token, request)
    if not is_repeat(invitation.calls, call):
        _require(ctx, invitation, allowed=(InvitationStatus.PENDING,))
        invitation = replace(invitation, status=status, calls=with_call(invitation.calls, call))
        share = ctx.store.world.resource_shares[invitation.share]
        accepted = status is InvitationStatus.ACCEPTED
        association_status = AssociationStatus.ASSOCIATED if accepted else AssociationStatus.FAILED
        principals = tuple(
            replace(principal, status=association_status, updated_at=ctx.now)
            if principal.entity == invitation.receiver
            else principal
            for principal in share.principals
        )
        ctx.store.apply([Put(invitation), Put(replace(share, principals=principals, updated_at=ctx.now))])
    view = invitation_view(invitation, ctx.now)
    return {"resource_share_invitation": view, "client_token": request.client_token}


def _require(ctx: Context, invitation: Invitation, allowed: tuple[InvitationStatus, ...]) -> None:
    status = invitation.status_at(ctx.now)
    if status in allowed:
        return
    match status:
        case InvitationStatus.ACCEPTED:
            raise InvitationAlreadyAccepted(f"The invitation {invitation.arn} was accepted before.")
        case InvitationStatus.REJECTED:
            raise InvitationAlreadyRejected(f"The invitation {invitation.arn} was rejected before.")
        case _:
            raise InvitationExpired(f"The invitation {invitation.arn} is expired. Its sender can invite again.")
