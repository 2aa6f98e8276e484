"""Shared resources, principals and permissions: list.

Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ListResources.html, API_ListPrincipals.html,
API_ListPermissions.html, API_GetPermission.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context, PageRequest
from moyai.api.ram.entities import checked_permissions
from moyai.api.ram.lookup import page_of, share_of
from moyai.api.ram.shares import shares_of
from moyai.api.ram.views import STANDARD
from moyai.domain.keys import scope_of
from moyai.domain.ram.errors import InvalidParameter, OperationNotPermitted, UnknownResource
from moyai.domain.ram.permission import PERMISSIONS, VERSION, Permission, resource_type_of
from moyai.domain.ram.share import AssociationStatus

_ALL_SCOPES: Final = "ALL"
_REGIONAL: Final = "REGIONAL"


class ListResourcesRequest(PageRequest, frozen=True):
    """Resources that the caller shares (SELF) or that are shared with it (OTHER-ACCOUNTS)."""

    resource_owner: str
    principal: str | None = None
    resource_type: str | None = None
    resource_arns: tuple[str, ...] = ()
    resource_share_arns: tuple[str, ...] = ()
    resource_region_scope: str | None = None


class ListPrincipalsRequest(PageRequest, frozen=True):
    """With whom the caller shares (SELF), or who shares with it (OTHER-ACCOUNTS)."""

    resource_owner: str
    resource_arn: str | None = None
    principals: tuple[str, ...] = ()
    resource_type: str | None = None
    resource_share_arns: tuple[str, ...] = ()


class ListPermissionsRequest(PageRequest, frozen=True):
    resource_type: str | None = None
    permission_type: str | None = None


class ListResourceTypesRequest(PageRequest, frozen=True):
    resource_region_scope: str = _ALL_SCOPES


class GetPermissionRequest(msgspec.Struct, frozen=True):
    """The managed permission to get."""

    permission_arn: str
    permission_version: int | None = None


class ListResourceSharePermissionsRequest(PageRequest, frozen=True):
    """The permissions of a share."""

    resource_share_arn: str


class EnableSharingRequest(msgspec.Struct, frozen=True):
    """Input of EnableSharingWithAwsOrganization: no members."""


def list_resources(ctx: Context, request: ListResourcesRequest) -> dict[str, object]:
    """Shared resources that pass the filters."""
    _check_type(request.resource_type)
    matching = {
        f"{resource.entity} {share.arn}": {
            "arn": resource.entity,
            "type": resource_type_of(resource.entity),
            "resource_share_arn": share.arn,
            "creation_time": resource.created_at,
            "last_updated_time": resource.updated_at,
            "resource_region_scope": "REGIONAL",
        }
        for share in shares_of(ctx, request.resource_owner)
        for resource in share.resources
        if (not request.resource_arns or resource.entity in request.resource_arns)
        and (not request.resource_share_arns or share.arn in request.resource_share_arns)
        and request.resource_type in {None, resource_type_of(resource.entity)}
        and request.principal in {None, *(p.entity for p in share.principals), scope_of(share.arn).account}
        and request.resource_region_scope != "GLOBAL"
    }
    filters = replace(request, next_token=None, max_results=None)
    page = page_of(matching, ("ListResources", filters), request.next_token, request.max_results)
    return {"resources": [matching[key] for key in page.keys], "next_token": page.next_token}


def list_principals(ctx: Context, request: ListPrincipalsRequest) -> dict[str, object]:
    """Accounts on the other side of shares."""
    _check_type(request.resource_type)
    is_owner = request.resource_owner == "SELF"
    matching: dict[str, Mapping[str, object]] = {}
    for share in shares_of(ctx, request.resource_owner):
        if request.resource_share_arns and share.arn not in request.resource_share_arns:
            continue
        if request.resource_arn is not None and request.resource_arn not in {
            association.entity for association in share.resources
        }:
            continue
        if request.resource_type not in {
            None,
            *(resource_type_of(association.entity) for association in share.resources),
        }:
            continue
        principals = [
            (association.entity, association.created_at, association.updated_at)
            for association in share.principals
            if association.status is AssociationStatus.ASSOCIATED
        ]
        owner = [(scope_of(share.arn).account, share.created_at, share.updated_at)]
        for account, created_at, updated_at in principals if is_owner else owner:
            if not request.principals or account in request.principals:
                matching[f"{account} {share.arn}"] = {
                    "id": account,
                    "resource_share_arn": share.arn,
                    "creation_time": created_at,
                    "last_updated_time": updated_at,
                    "external": True,
                }
    filters = replace(request, next_token=None, max_results=None)
    page = page_of(matching, ("ListPrincipals", filters), request.next_token, request.max_results)
    return {"principals": [matching[key] for key in page.keys], "next_token": page.next_token}


def list_permissions(ctx: Context, request: ListPermissionsRequest) -> dict[str, object]:
    """The managed permissions that pass the filters."""
    del ctx
    matching = {
        permission.arn: _summary(permission)
        for permission in PERMISSIONS
        if request.resource_type in {None, permission.resource_type} and request.permission_type != "CUSTOMER_MANAGED"
    }
    listing = ("ListPermissions", request.resource_type, request.permission_type)
    page = page_of(matching, listing, request.next_token, request.max_results)
    return {"permissions": [matching[key] for key in page.keys], "next_token": page.next_token}


def list_resource_types(ctx: Context, request: ListResourceTypesRequest) -> dict[str, object]:
    """The types of resources that can be shared; all of them are regional."""
    del ctx
    types = {
        permission.resource_type: {
            "resource_type": permission.resource_type,
            "service_name": permission.service,
            "resource_region_scope": _REGIONAL,
        }
        for permission in PERMISSIONS
        if request.resource_region_scope in {_ALL_SCOPES, _REGIONAL}
    }
    listing = ("ListResourceTypes", request.resource_region_scope)
    page = page_of(types, listing, request.next_token, request.max_results)
    return {"resource_types": [types[key] for key in page.keys], "next_token": page.next_token}


def get_permission(ctx: Context, request: GetPermissionRequest) -> dict[str, object]:
    """A managed permission, with its policy template."""
    del ctx
    checked_permissions([request.permission_arn])
    permission = next(candidate for candidate in PERMISSIONS if candidate.arn == request.permission_arn)
    if request.permission_version not in {None, VERSION}:
        raise UnknownResource(f"The permission {permission.arn} has no version {request.permission_version}.")
    actions = [f"{permission.service}:{action}" for action in permission.actions]
    policy = json.dumps({"Effect": "Allow", "Action": actions})
    return {"permission": {**_summary(permission), "permission": policy}}


def list_resource_share_permissions(ctx: Context, request: ListResourceSharePermissionsRequest) -> dict[str, object]:
    """The permissions of one of the caller's shares."""
    share = share_of(ctx, request.resource_share_arn)
    permissions = {
        permission.arn: _summary(permission) for permission in PERMISSIONS if permission.arn in share.permissions
    }
    listing = ("ListResourceSharePermissions", share.arn)
    page = page_of(permissions, listing, request.next_token, request.max_results)
    return {"permissions": [permissions[key] for key in page.keys], "next_token": page.next_token}


def enable_sharing_with_aws_organization(ctx: Context, request: EnableSharingRequest) -> dict[str, object]:
    """Always refused: there are no organizations."""
    del ctx, request
    raise OperationNotPermitted("There are no organizations here. Share with accounts, and have them accept.")


def _summary(permission: Permission) -> dict[str, object]:
    return {
        "arn": permission.arn,
        "version": str(VERSION),
        "default_version": True,
        "name": permission.name,
        "resource_type": permission.resource_type,
        "status": "ATTACHABLE",
        "is_resource_type_default": True,
        "permission_type": "AWS_MANAGED",
        "feature_set": STANDARD,
    }


def _check_type(resource_type: str | None) -> None:
    known = [one.resource_type for one in PERMISSIONS]
    if resource_type is not None and resource_type not in known:
        raise InvalidParameter(f"The resource type {resource_type} can't be shared here: {' and '.join(known)} can.")
