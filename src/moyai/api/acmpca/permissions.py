"""Permissions of Certificate Manager on an authority: create, delete, list.

Promise: permissions are stored and shown, and have no effect: Certificate Manager renews with the authorities of its
own account in any case.
Refuses: other principals and other accounts.
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_CreatePermission.html
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from moyai.api.acmpca.lookup import page_of, undeleted_authority_of
from moyai.api.operation import Context, PageRequest
from moyai.domain.keys import scope_of
from moyai.domain.pca.authority import AuthorityPermission, CertificateAuthority
from moyai.domain.pca.errors import PermissionAlreadyExists, ResourceNotFound
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput

_PRINCIPAL: Final = "acm.amazonaws.com"


class PermissionRequest(msgspec.Struct, frozen=True):
    """The permission of a principal on an authority."""

    certificate_authority_arn: str
    principal: str
    source_account: str | None = None


class CreatePermissionRequest(PermissionRequest, frozen=True, kw_only=True):
    """The actions that a principal may do with an authority."""

    actions: tuple[str, ...]


class ListPermissionsRequest(PageRequest, frozen=True):
    """A page of an authority's permissions."""

    certificate_authority_arn: str


def create_permission(ctx: Context, request: CreatePermissionRequest) -> None:
    """Record a permission of Certificate Manager."""
    authority = _checked_authority(ctx, request)
    if authority.permission is not None:
        raise PermissionAlreadyExists(f"{_PRINCIPAL} has a permission for {authority.arn} already.")
    permission = AuthorityPermission(tuple(dict.fromkeys(request.actions)), ctx.now)
    ctx.store.apply([Put(replace(authority, permission=permission))])


def delete_permission(ctx: Context, request: PermissionRequest) -> None:
    """Delete the permission of Certificate Manager."""
    authority = _checked_authority(ctx, request)
    if authority.permission is None:
        raise ResourceNotFound(f"{_PRINCIPAL} has no permission for {authority.arn}.")
    ctx.store.apply([Put(replace(authority, permission=None))])


def list_permissions(ctx: Context, request: ListPermissionsRequest) -> dict[str, object]:
    """The permissions on an authority: Certificate Manager's, if it was created."""
    authority = undeleted_authority_of(ctx, request.certificate_authority_arn)
    principals = () if authority.permission is None else (_PRINCIPAL,)
    page = page_of(principals, ("ListPermissions", authority.arn), request.next_token, request.max_results)
    permissions = [] if authority.permission is None else [_view(authority, authority.permission) for _ in page.keys]
    return {"permissions": permissions, "next_token": page.next_token}


def _checked_authority(ctx: Context, request: PermissionRequest) -> CertificateAuthority:
    authority = undeleted_authority_of(ctx, request.certificate_authority_arn)
    if request.principal != _PRINCIPAL:
        raise InvalidInput(f"The principal can only be {_PRINCIPAL}.")
    if request.source_account not in {None, ctx.scope.account}:
        raise InvalidInput("SourceAccount can only be the account that calls.")
    return authority


def _view(authority: CertificateAuthority, permission: AuthorityPermission) -> dict[str, Any]:
    return {
        "certificate_authority_arn": authority.arn,
        "created_at": permission.created_at,
        "principal": _PRINCIPAL,
        "source_account": scope_of(authority.arn).account,
        "actions": permission.actions,
    }
