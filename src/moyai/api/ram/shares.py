"""Resource shares: create, update, delete, list.

Promise: a change applies as soon as its call is answered. Deleting a share deletes its invitations.
Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_CreateResourceShare.html, API_GetResourceShares.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context, PageRequest
from moyai.api.ram.associations import new_associations, new_invitations
from moyai.api.ram.entities import checked_permissions, checked_principals, checked_resources, permissions_with
from moyai.api.ram.lookup import TAG_RULES, call_of, is_repeat, page_of, share_of, with_call
from moyai.api.ram.views import share_view
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.keys import scope_key
from moyai.domain.ram.errors import InvalidParameter, OperationNotPermitted, UnknownResource
from moyai.domain.ram.permission import VERSION
from moyai.domain.ram.share import AssociationStatus, Invitation, ResourceShare
from moyai.domain.world import Delete, Put
from moyai.kernel.arn import arn
from moyai.kernel.ids import ShareArn


class CreateResourceShareRequest(msgspec.Struct, frozen=True):
    """Input of CreateResourceShare, with the first resources and principals."""

    name: str
    resource_arns: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    allow_external_principals: bool = True
    client_token: str | None = None
    permission_arns: tuple[str, ...] = ()


class UpdateResourceShareRequest(msgspec.Struct, frozen=True):
    """The new settings of a share; None keeps the current value."""

    resource_share_arn: str
    name: str | None = None
    allow_external_principals: bool | None = None
    client_token: str | None = None


class DeleteResourceShareRequest(msgspec.Struct, frozen=True):
    """The share to delete."""

    resource_share_arn: str
    client_token: str | None = None


class TagFilter(msgspec.Struct, frozen=True):
    """A tag's key, and the values that pass; without values all do."""

    tag_key: str = ""
    tag_values: tuple[str, ...] = ()


class GetResourceSharesRequest(PageRequest, frozen=True):
    """The caller's shares (SELF), or those that it may use (OTHER-ACCOUNTS)."""

    resource_owner: str
    resource_share_arns: tuple[str, ...] = ()
    resource_share_status: str | None = None
    name: str | None = None
    tag_filters: tuple[TagFilter, ...] = ()
    permission_arn: str | None = None
    permission_version: int | None = None


def create_resource_share(ctx: Context, request: CreateResourceShareRequest) -> dict[str, object]:
    """Create a resource share, and invite the principals that have to accept it."""
    call = call_of("CreateResourceShare", request.client_token, request)
    for resource_share in ctx.store.world.resource_shares.each("scope", scope_key(ctx.scope)):
        if is_repeat(resource_share.calls[:1], call):
            return {"resource_share": share_view(resource_share), "client_token": request.client_token}
    resources = checked_resources(ctx, request.resource_arns)
    principals = checked_principals(ctx, request.principals, external=request.allow_external_principals)
    share = ResourceShare(
        arn=ShareArn(arn("ram", ctx.scope, f"resource-share/{ctx.ids.uuid()}")),
        name=_checked_name(request.name),
        created_at=ctx.now,
        updated_at=ctx.now,
        allow_external=request.allow_external_principals,
        permissions=permissions_with(checked_permissions(request.permission_arns), resources),
        resources=new_associations(ctx, resources, AssociationStatus.ASSOCIATED),
        principals=new_associations(ctx, principals, AssociationStatus.ASSOCIATING),
        tags=checked_tags(TAG_RULES, request.tags),
        calls=with_call((), call),
    )
    ctx.store.apply([Put(share), *map(Put, new_invitations(ctx, share, principals))])
    return {"resource_share": share_view(share), "client_token": request.client_token}


def update_resource_share(ctx: Context, request: UpdateResourceShareRequest) -> dict[str, object]:
    """Rename a share, or allow or refuse external principals."""
    share = share_of(ctx, request.resource_share_arn)
    call = call_of("UpdateResourceShare", request.client_token, request)
    if not is_repeat(share.calls, call):
        external = share.allow_external
        if request.allow_external_principals is not None:
            external = request.allow_external_principals
        if not external and share.principals:
            raise OperationNotPermitted("The share has accounts from outside. Disassociate them first.")
        name = share.name if request.name is None else _checked_name(request.name)
        calls = with_call(share.calls, call)
        share = replace(share, name=name, allow_external=external, updated_at=ctx.now, calls=calls)
        ctx.store.apply([Put(share)])
    return {"resource_share": share_view(share), "client_token": request.client_token}


def delete_resource_share(ctx: Context, request: DeleteResourceShareRequest) -> dict[str, object]:
    """Delete a share and its invitations."""
    share = share_of(ctx, request.resource_share_arn)
    call_of("DeleteResourceShare", request.client_token, request)
    invitations = ctx.store.world.invitations.by("share", share.arn)
    ctx.store.apply(
        [Delete(ResourceShare, share.arn), *(Delete(Invitation, invitation.arn) for invitation in invitations)]
    )
    return {"return_value": True, "client_token": request.client_token}


def get_resource_shares(ctx: Context, request: GetResourceSharesRequest) -> dict[str, object]:
    """Shares that pass the filters."""
    is_owner = request.resource_owner == "SELF"
    matching = {share.arn: share for share in shares_of(ctx, request.resource_owner) if _passes(share, request)}
    for resource_share_arn in request.resource_share_arns:
        if is_owner and resource_share_arn not in ctx.store.world.resource_shares:
            raise UnknownResource(f"ResourceShare {resource_share_arn[:200]} could not be found.")
    filters = replace(request, next_token=None, max_results=None)
    page = page_of(matching, ("GetResourceShares", filters), request.next_token, request.max_results)
    views = [share_view(matching[ShareArn(key)], for_owner=is_owner) for key in page.keys]
    return {"resource_shares": views, "next_token": page.next_token}


def shares_of(ctx: Context, owner: str) -> Iterable[ResourceShare]:
    """The caller's shares, or those of others that it has accepted."""
    shares = ctx.store.world.resource_shares
    if owner == "SELF":
        return shares.by("scope", scope_key(ctx.scope))
    mine = (ctx.scope.account, AssociationStatus.ASSOCIATED)
    used = shares.by("consumer", scope_key(ctx.scope))
    return [share for share in used if mine in {(principal.entity, principal.status) for principal in share.principals}]


def _passes(share: ResourceShare, request: GetResourceSharesRequest) -> bool:
    return (
        (not request.resource_share_arns or share.arn in request.resource_share_arns)
        and request.resource_share_status in {None, "ACTIVE"}
        and request.name in {None, share.name}
        and (request.permission_arn is None or request.permission_arn in share.permissions)
        and request.permission_version in {None, VERSION}
        and all(_has_tag(share, tag_filter) for tag_filter in request.tag_filters)
    )


def _has_tag(share: ResourceShare, wanted: TagFilter) -> bool:
    value = share.tags.get(wanted.tag_key)
    return value is not None and (not wanted.tag_values or value in wanted.tag_values)


def _checked_name(name: str) -> str:
    if not name.strip():
        raise InvalidParameter("A resource share has a name.")
    return name
