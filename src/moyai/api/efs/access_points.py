"""Access points: create, describe, delete.

Promise: the root directory of an access point is made when the first task mounts it, not before.
Source: https://docs.aws.amazon.com/efs/latest/ug/API_CreateAccessPoint.html, API_DescribeAccessPoints.html,
API_DeleteAccessPoint.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.efs.lookup import access_point_of, available_file_system, file_system_of, page_of
from moyai.api.efs.tags import ACCESS_POINT_RULES
from moyai.api.operation import Context, PageRequest
from moyai.api.tagging import Tag, checked_tags, tag_list
from moyai.domain.efs.errors import AccessPointAlreadyExists, AccessPointLimitExceeded, BadRequest
from moyai.domain.efs.file_system import AccessPoint, PosixUser, RootDirectory
from moyai.domain.keys import named_key, scope_key
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import AccessPointId

MAX_ACCESS_POINTS: Final = 10_000
"""The most access points of a file system."""
_ID_DIGITS: Final = 17
_NO_ID: Final = 2**32 - 1
"""The id that means "no id" in Linux."""


class CreateAccessPointRequest(msgspec.Struct, frozen=True):
    client_token: str
    file_system_id: str
    tags: tuple[Tag, ...] = ()
    posix_user: PosixUser | None = None
    root_directory: RootDirectory = RootDirectory()


class DescribeAccessPointsRequest(PageRequest, frozen=True):
    access_point_id: str | None = None
    file_system_id: str | None = None


class AccessPointRequest(msgspec.Struct, frozen=True):
    access_point_id: str


def create_access_point(ctx: Context, request: CreateAccessPointRequest) -> dict[str, object]:
    """Create an access point; a repeated request gets the one that the first created."""
    world, file_system = ctx.store.world, available_file_system(ctx, request.file_system_id)
    if _NO_ID in _ids(request):
        raise BadRequest(f"{_NO_ID} is not the id of a user or a group: ids are 0 to {_NO_ID - 1}.")
    access_point = AccessPoint(
        id=AccessPointId(f"fsap-{ctx.ids.hex(_ID_DIGITS)}"),
        scope=ctx.scope,
        file_system=file_system.id,
        client_token=request.client_token,
        user=request.posix_user,
        root=request.root_directory,
        tags=checked_tags(ACCESS_POINT_RULES, request.tags),
    )
    for other in world.access_points.by("token", named_key(ctx.scope, request.client_token)):
        if replace(access_point, id=other.id) == other:
            return _view(other)
        raise AccessPointAlreadyExists(
            f"Access point {other.id} already exists with client token {request.client_token}",
            {"access_point_id": other.id},
        )
    if world.access_points.count("file_system", file_system.id) >= MAX_ACCESS_POINTS:
        raise AccessPointLimitExceeded(
            f"File system '{file_system.id}' has the maximum number of access points, {MAX_ACCESS_POINTS}."
        )
    ctx.store.apply([Put(access_point)])
    return {**_view(access_point), "life_cycle_state": "creating"}


def describe_access_points(ctx: Context, request: DescribeAccessPointsRequest) -> dict[str, object]:
    """The access point with this id, or all of a file system or of the account, in pages."""
    table = ctx.store.world.access_points
    if request.access_point_id is not None and request.file_system_id is not None:
        raise BadRequest("AccessPointId and FileSystemId can't be used together.")
    if request.access_point_id is not None:
        return {"access_points": [_view(access_point_of(ctx, request.access_point_id))]}
    if request.file_system_id is not None:
        file_system = file_system_of(ctx, request.file_system_id).id
        keys = [access_point.id for access_point in table.each("file_system", file_system)]
    else:
        keys = [access_point.id for access_point in table.each("scope", scope_key(ctx.scope))]
    listing = ("DescribeAccessPoints", request.file_system_id)
    on_page = page_of(keys, listing, request.next_token, request.max_results)
    return {"access_points": [_view(table[key]) for key in on_page.keys], "next_token": on_page.next_token}


def delete_access_point(ctx: Context, request: AccessPointRequest) -> None:
    """Delete an access point. Its root directory stays, and tasks that have mounted it keep it."""
    ctx.store.apply([Delete(AccessPoint, access_point_of(ctx, request.access_point_id).id)])


def _ids(request: CreateAccessPointRequest) -> Iterator[int]:
    """The ids of users and groups in the request."""
    if (user := request.posix_user) is not None:
        yield from (user.uid, user.gid, *user.secondary_gids)
    if (creation := request.root_directory.creation_info) is not None:
        yield from (creation.owner_uid, creation.owner_gid)


def _view(access_point: AccessPoint) -> dict[str, object]:
    return {
        "client_token": access_point.client_token,
        "name": access_point.tags.get("Name"),
        "tags": tag_list(access_point.tags),
        "access_point_id": access_point.id,
        "access_point_arn": access_point.arn,
        "file_system_id": access_point.file_system,
        "posix_user": access_point.user,
        "root_directory": access_point.root,
        "owner_id": access_point.scope.account,
        "life_cycle_state": "available",
    }
