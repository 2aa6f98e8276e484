"""Associations of shares with resources and principals: create, delete, list.

Promise: associating an account invites it, and it can use the shared resources once it has accepted. Disassociating it
ends the use at once, and deletes an invitation that is still pending.
Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_AssociateResourceShare.html,
API_GetResourceShareAssociations.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context, PageRequest
from moyai.api.ram.entities import checked_principals, checked_resources, permissions_with
from moyai.api.ram.lookup import call_of, is_repeat, page_of, share_of, with_call
from moyai.api.ram.views import association_view, associations_view
from moyai.domain.keys import scope_key
from moyai.domain.ram.errors import InvalidParameter, OperationNotPermitted
from moyai.domain.ram.share import AssociationStatus, Invitation, ResourceShare, ShareAssociation
from moyai.domain.world import Delete, Put
from moyai.kernel.arn import arn
from moyai.kernel.ids import AccountId, InvitationArn


class AssociationRequest(msgspec.Struct, frozen=True):
    """Resources and principals to associate with a share, or to disassociate."""

    resource_share_arn: str
    resource_arns: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    client_token: str | None = None


class GetResourceShareAssociationsRequest(PageRequest, frozen=True):
    """Associations of the caller's shares: PRINCIPAL or RESOURCE."""

    association_type: str
    resource_share_arns: tuple[str, ...] = ()
    resource_arn: str | None = None
    principal: str | None = None
    association_status: str | None = None


def associate_resource_share(ctx: Context, request: AssociationRequest) -> dict[str, object]:
    """Associate resources and accounts with a share."""
    share = share_of(ctx, request.resource_share_arn)
    resources = checked_resources(ctx, request.resource_arns)
    principals = checked_principals(ctx, request.principals, external=share.allow_external)
    call = call_of("AssociateResourceShare", request.client_token, request)
    if not is_repeat(share.calls, call):
        associated_arns = {entity.entity for entity in share.resources if entity.status is AssociationStatus.ASSOCIATED}
        open_ = {AssociationStatus.ASSOCIATED, AssociationStatus.ASSOCIATING}
        invited = {entity.entity for entity in share.principals if entity.status in open_}
        new_resources = [entity for entity in resources if entity not in associated_arns]
        new_principals = [entity for entity in principals if entity not in invited]
        associated = new_associations(ctx, new_resources, AssociationStatus.ASSOCIATED)
        invitees = new_associations(ctx, new_principals, AssociationStatus.ASSOCIATING)
        share = replace(
            share,
            resources=_with_new(share.resources, associated),
            principals=_with_new(share.principals, invitees),
            permissions=permissions_with(share.permissions, new_resources),
            updated_at=ctx.now,
            calls=with_call(share.calls, call),
        )
        ctx.store.apply([Put(share), *map(Put, new_invitations(ctx, share, new_principals))])
    return _view(share, (*resources, *principals), request)


def disassociate_resource_share(ctx: Context, request: AssociationRequest) -> dict[str, object]:
    """Disassociate resources and accounts; others are ignored. An account may disassociate itself."""
    share = _share_to_leave(ctx, request) or share_of(ctx, request.resource_share_arn)
    call = call_of("DisassociateResourceShare", request.client_token, request)
    out = {*request.resource_arns, *request.principals}
    removed_entities = [
        replace(association, status=AssociationStatus.DISASSOCIATED, updated_at=ctx.now)
        for association in _all(share, out)
    ]
    if not is_repeat(share.calls, call):
        remaining_share = replace(share.without(out), updated_at=ctx.now, calls=with_call(share.calls, call))
        invitations = ctx.store.world.invitations.by("share", share.arn)
        ctx.store.apply(
            [
                Put(remaining_share),
                *(Delete(Invitation, invitation.arn) for invitation in invitations if invitation.receiver in out),
            ]
        )
    resources = [association for association in removed_entities if association.entity in request.resource_arns]
    principals = [association for association in removed_entities if association.entity in request.principals]
    view = associations_view(share, resources, principals)
    return {"resource_share_associations": view, "client_token": request.client_token}


def get_resource_share_associations(ctx: Context, request: GetResourceShareAssociationsRequest) -> dict[str, object]:
    """Associations of the caller's shares that pass the filters."""
    of_principals = request.association_type == "PRINCIPAL"
    if of_principals and request.resource_arn is not None:
        raise InvalidParameter("resourceArn can't be given with the association type PRINCIPAL.")
    if not of_principals and request.principal is not None:
        raise InvalidParameter("principal can't be given with the association type RESOURCE.")
    entity = request.principal if of_principals else request.resource_arn
    if request.resource_share_arns:
        shares: Iterable[ResourceShare] = [share_of(ctx, arn) for arn in request.resource_share_arns]
    else:
        shares = ctx.store.world.resource_shares.by("scope", scope_key(ctx.scope))
    matching = {
        f"{share.arn} {association.entity}": association_view(share, request.association_type, association)
        for share in shares
        for association in (share.principals if of_principals else share.resources)
        if entity in {None, association.entity} and request.association_status in {None, association.status}
    }
    filters = replace(request, next_token=None, max_results=None)
    page = page_of(matching, ("GetResourceShareAssociations", filters), request.next_token, request.max_results)
    return {"resource_share_associations": [matching[key] for key in page.keys], "next_token": page.next_token}


def new_associations(ctx: Context, entities: Iterable[str], status: AssociationStatus) -> tuple[ShareAssociation, ...]:
    """The associations for principals and resources that a share does not have yet."""
    return tuple(ShareAssociation(entity, status, ctx.now, ctx.now) for entity in entities)


def new_invitations(ctx: Context, share: ResourceShare, accounts: Iterable[AccountId]) -> tuple[Invitation, ...]:
    """New invitations to a share."""
    return tuple(
        Invitation(
            arn=InvitationArn(arn("ram", ctx.scope, f"resource-share-invitation/{ctx.ids.uuid()}")),
            share=share.arn,
            share_name=share.name,
            sender=ctx.scope.account,
            receiver=account,
            invited_at=ctx.now,
        )
        for account in accounts
    )


def _share_to_leave(ctx: Context, request: AssociationRequest) -> ResourceShare | None:
    """The share of another account that the caller was invited to. Raises OperationNotPermitted."""
    resource_shares = ctx.store.world.resource_shares.by("consumer", scope_key(ctx.scope))
    share = next(
        (resource_share for resource_share in resource_shares if resource_share.arn == request.resource_share_arn), None
    )
    if share is not None and (request.resource_arns or set(request.principals) != {ctx.scope.account}):
        raise OperationNotPermitted(f"The share {share.arn} is another account's: you can only take yourself out.")
    return share


def _with_new(
    associations: tuple[ShareAssociation, ...], new: tuple[ShareAssociation, ...]
) -> tuple[ShareAssociation, ...]:
    """The associations, where the new ones replace former ones of the same entities."""
    entities = {association.entity for association in new}
    return (*(association for association in associations if association.entity not in entities), *new)


def _all(share: ResourceShare, entities: set[str]) -> list[ShareAssociation]:
    return [association for association in (*share.resources, *share.principals) if association.entity in entities]


def _view(share: ResourceShare, entities: tuple[str, ...], request: AssociationRequest) -> dict[str, object]:
    resources = [association for association in share.resources if association.entity in entities]
    principals = [association for association in share.principals if association.entity in entities]
    view = associations_view(share, resources, principals)
    return {"resource_share_associations": view, "client_token": request.client_token}
