"""File systems: create, describe, change, delete.

Promise: a file system can be used as soon as CreateFileSystem has returned. One that is deleted stays visible, in the
state ``deleting``, until ``reconcile/file_systems.py`` has removed its content.
Source: https://docs.aws.amazon.com/efs/latest/ug/API_CreateFileSystem.html, API_DescribeFileSystems.html,
API_UpdateFileSystem.html, API_UpdateFileSystemProtection.html, API_DeleteFileSystem.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.efs.lookup import FileSystemRequest, available_file_system, file_system_of, page_of
from moyai.api.efs.tags import FILE_SYSTEM_RULES
from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags, tag_list
from moyai.domain.efs.errors import (
    BadRequest,
    FileSystemAlreadyExists,
    FileSystemInUse,
    FileSystemLimitExceeded,
    UnsupportedAvailabilityZone,
)
from moyai.domain.efs.file_system import DISABLED, ENABLED, AccessPoint, FileSystem
from moyai.domain.keys import named_key, scope_key
from moyai.domain.vpc.default import availability_zones
from moyai.domain.world import Delete, Put
from moyai.kernel.arn import arn
from moyai.kernel.ids import FileSystemId

MAX_FILE_SYSTEMS: Final = 1000
_ID_DIGITS: Final = 17
_CREATING, _AVAILABLE, _UPDATING, _DELETING = "creating", "available", "updating", "deleting"
_PROVISIONED, _ELASTIC, _MAX_IO = "provisioned", "elastic", "maxIO"
_DEFAULT_KEY: Final = "alias/aws/elasticfilesystem"


class CreateFileSystemRequest(msgspec.Struct, frozen=True):
    creation_token: str
    performance_mode: str = "generalPurpose"
    encrypted: bool = False
    kms_key_id: str | None = None
    throughput_mode: str = "bursting"
    provisioned_throughput_in_mibps: float | None = None
    availability_zone_name: str | None = None
    backup: bool | None = None
    tags: tuple[Tag, ...] = ()


class DescribeFileSystemsRequest(msgspec.Struct, frozen=True):
    max_items: int | None = None
    marker: str | None = None
    creation_token: str | None = None
    file_system_id: str | None = None


class UpdateFileSystemRequest(FileSystemRequest, frozen=True):
    throughput_mode: str | None = None
    provisioned_throughput_in_mibps: float | None = None


class UpdateProtectionRequest(FileSystemRequest, frozen=True):
    replication_overwrite_protection: str | None = None


def create_file_system(ctx: Context, request: CreateFileSystemRequest) -> dict[str, object]:
    """Create an empty file system."""
    world = ctx.store.world
    for other in world.file_systems.by("token", named_key(ctx.scope, request.creation_token)):
        raise FileSystemAlreadyExists(
            f"File system '{other.id}' already exists with creation token '{request.creation_token}'",
            {"file_system_id": other.id},
        )
    if world.file_systems.count("scope", scope_key(ctx.scope)) >= MAX_FILE_SYSTEMS:
        raise FileSystemLimitExceeded(f"You have reached the maximum number of file systems, {MAX_FILE_SYSTEMS}.")
    zone = request.availability_zone_name
    _check_modes(request.performance_mode, request.throughput_mode, zone)
    _check_throughput(request.throughput_mode, request.provisioned_throughput_in_mibps)
    if zone is not None and zone not in {known.name for known in availability_zones(ctx.scope)}:
        raise UnsupportedAvailabilityZone(f"The Availability Zone '{zone}' is not one of {ctx.scope.region}.")
    file_system = FileSystem(
        id=FileSystemId(f"fs-{ctx.ids.hex(_ID_DIGITS)}"),
        scope=ctx.scope,
        creation_token=request.creation_token,
        created_at=ctx.now,
        performance_mode=request.performance_mode,
        throughput_mode=request.throughput_mode,
        provisioned_throughput=request.provisioned_throughput_in_mibps,
        encrypted=request.encrypted,
        kms_key=_kms_key(ctx, request),
        zone=zone,
        backup=zone is not None if request.backup is None else request.backup,
        tags=checked_tags(FILE_SYSTEM_RULES, request.tags),
    )
    ctx.store.apply([Put(file_system)])
    return _view(ctx, file_system, _CREATING)


def describe_file_systems(ctx: Context, request: DescribeFileSystemsRequest) -> dict[str, object]:
    """The file system with this id or creation token, or all of them in pages."""
    if request.file_system_id is not None and request.creation_token is not None:
        raise BadRequest("FileSystemId and CreationToken can't be used together.")
    table = ctx.store.world.file_systems
    if request.file_system_id is not None:
        keys = [file_system_of(ctx, request.file_system_id).id]
    elif request.creation_token is not None:
        keys = [file_system.id for file_system in table.by("token", named_key(ctx.scope, request.creation_token))]
    else:
        keys = [file_system.id for file_system in table.each("scope", scope_key(ctx.scope))]
    listing = ("DescribeFileSystems", request.file_system_id, request.creation_token)
    on_page = page_of(keys, listing, request.marker, request.max_items)
    return {
        "marker": request.marker,
        "file_systems": [_view(ctx, table[key]) for key in on_page.keys],
        "next_marker": on_page.next_token,
    }


def update_file_system(ctx: Context, request: UpdateFileSystemRequest) -> dict[str, object]:
    """Change a file system's throughput mode."""
    file_system = available_file_system(ctx, request.file_system_id)
    mode = request.throughput_mode or file_system.throughput_mode
    throughput = request.provisioned_throughput_in_mibps
    if throughput is None and mode == _PROVISIONED:
        throughput = file_system.provisioned_throughput
    _check_modes(file_system.performance_mode, mode, file_system.zone)
    _check_throughput(mode, throughput)
    file_system = replace(file_system, throughput_mode=mode, provisioned_throughput=throughput)
    ctx.store.apply([Put(file_system)])
    return _view(ctx, file_system, _UPDATING)


def update_file_system_protection(ctx: Context, request: UpdateProtectionRequest) -> dict[str, object]:
    """Record whether a replication may overwrite a file system, which nothing does here."""
    file_system = available_file_system(ctx, request.file_system_id)
    protection = request.replication_overwrite_protection or file_system.overwrite_protection
    if protection not in {ENABLED, DISABLED}:
        raise BadRequest(f"ReplicationOverwriteProtection can be set to {ENABLED} or {DISABLED}, not {protection}.")
    ctx.store.apply([Put(replace(file_system, overwrite_protection=protection))])
    return {"replication_overwrite_protection": protection}


def delete_file_system(ctx: Context, request: FileSystemRequest) -> None:
    """Delete a file system without mount targets, with its access points."""
    world, file_system = ctx.store.world, file_system_of(ctx, request.file_system_id)
    if targets := world.mount_targets.by("file_system", file_system.id):
        names = ", ".join(target.id for target in targets)
        raise FileSystemInUse(f"File system '{file_system.id}' has mount targets: {names}. Delete them first.")
    access_points = world.access_points.by("file_system", file_system.id)
    ctx.store.apply(
        [
            Put(replace(file_system, deleted_at=file_system.deleted_at or ctx.now)),
            *(Delete(AccessPoint, access_point.id) for access_point in access_points),
        ]
    )


def _check_modes(performance: str, throughput: str, zone: str | None) -> None:
    if performance == _MAX_IO and throughput == _ELASTIC:
        raise BadRequest("The performance mode maxIO is not supported with the throughput mode elastic.")
    if performance == _MAX_IO and zone is not None:
        raise BadRequest("The performance mode maxIO is not supported for file systems in one Availability Zone.")


def _check_throughput(mode: str, provisioned: float | None) -> None:
    if (mode == _PROVISIONED) != (provisioned is not None):
        raise BadRequest(
            "ProvisionedThroughputInMibps is required with the throughput mode provisioned, and only allowed with it."
        )


def _kms_key(ctx: Context, request: CreateFileSystemRequest) -> str | None:
    """The ARN of the key of an encrypted file system. Raises BadRequest."""
    key = request.kms_key_id
    if not request.encrypted:
        if key is not None:
            raise BadRequest("KmsKeyId is allowed only if Encrypted is true.")
        return None
    key = key or _DEFAULT_KEY
    return key if key.startswith("arn:") else arn("kms", ctx.scope, key if "/" in key else f"key/{key}")


def _view(ctx: Context, file_system: FileSystem, state: str = _AVAILABLE) -> dict[str, object]:
    zones = {zone.name: zone.id for zone in availability_zones(file_system.scope)}
    return {
        "owner_id": file_system.scope.account,
        "creation_token": file_system.creation_token,
        "file_system_id": file_system.id,
        "file_system_arn": file_system.arn,
        "creation_time": file_system.created_at,
        "life_cycle_state": state if file_system.deleted_at is None else _DELETING,
        "name": file_system.tags.get("Name"),
        "number_of_mount_targets": ctx.store.world.mount_targets.count("file_system", file_system.id),
        "size_in_bytes": {
            "value": file_system.size,
            "timestamp": file_system.measured_at,
            "value_in_ia": 0,
            "value_in_standard": file_system.size,
            "value_in_archive": 0,
        },
        "performance_mode": file_system.performance_mode,
        "encrypted": file_system.encrypted,
        "kms_key_id": file_system.kms_key,
        "throughput_mode": file_system.throughput_mode,
        "provisioned_throughput_in_mibps": file_system.provisioned_throughput,
        "availability_zone_name": file_system.zone,
        "availability_zone_id": None if file_system.zone is None else zones.get(file_system.zone),
        "tags": tag_list(file_system.tags),
        "file_system_protection": {"replication_overwrite_protection": file_system.overwrite_protection},
    }
