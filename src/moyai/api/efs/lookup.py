"""Finds the file system, mount target or access point that a request names.

Promise: an id and an ARN name the same resource; those of other accounts and regions are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.domain.efs.errors import (
    AccessPointNotFound,
    BadRequest,
    FileSystemNotFound,
    IncorrectFileSystemLifeCycleState,
    MountTargetNotFound,
)
from moyai.domain.efs.file_system import AccessPoint, FileSystem, MountTarget
from moyai.domain.paging import Page, page
from moyai.kernel.arn import parse_arn

PAGE: Final = 100
"""The greatest length of a page."""


class FileSystemRequest(msgspec.Struct, frozen=True):
    """The file system that an operation is about."""

    file_system_id: str


def file_system_of(ctx: Context, identity: str) -> FileSystem:
    """The file system with this id or ARN. Raises FileSystemNotFound."""
    record = ctx.store.world.file_systems.get(_id_in_scope(ctx, identity))
    if record is None or record.is_hidden or record.scope != ctx.scope:
        raise FileSystemNotFound(f"File system '{identity}' does not exist.")
    return record


def available_file_system(ctx: Context, identity: str) -> FileSystem:
    """The file system, unless it is being deleted. Raises FileSystemNotFound, IncorrectFileSystemLifeCycleState."""
    file_system = file_system_of(ctx, identity)
    if file_system.deleted_at is not None:
        raise IncorrectFileSystemLifeCycleState(f"File system '{file_system.id}' is in the state deleting.")
    return file_system


def mount_target_of(ctx: Context, identity: str) -> MountTarget:
    """The mount target with this id. Raises MountTargetNotFound."""
    record = ctx.store.world.mount_targets.get(identity)
    if record is None or record.scope != ctx.scope:
        raise MountTargetNotFound(f"Mount target '{identity}' does not exist.")
    return record


def access_point_of(ctx: Context, identity: str) -> AccessPoint:
    """The access point with this id or ARN. Raises AccessPointNotFound."""
    record = ctx.store.world.access_points.get(_id_in_scope(ctx, identity))
    if record is None or record.scope != ctx.scope:
        raise AccessPointNotFound(f"Access Point {identity} does not exist.")
    return record


def _id_in_scope(ctx: Context, identity: str) -> str | None:
    """The id in an ARN of the caller's account and region, or the id itself."""
    parsed = parse_arn(identity)
    if parsed is None:
        return identity
    return parsed.resource.rpartition("/")[2] if parsed.scope == ctx.scope else None


def page_of(keys: Iterable[str], listing: object, token: str | None, size: int | None) -> Page:
    """A page of a list. Raises BadRequest."""
    return page(keys, listing, token, min(size or PAGE, PAGE), fault=BadRequest)
