"""File systems of Amazon EFS, their mount targets and access points.

Promise: an id is unique in the installation, so a file system's directory bears its id. What only concerns AWS's
hardware (throughput, performance, storage classes, encryption, backups) is recorded, shown, and has no effect.
Source: https://docs.aws.amazon.com/efs/latest/ug/API_FileSystemDescription.html, API_MountTargetDescription.html,
API_AccessPointDescription.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from moyai.domain.record import IdRecord
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    AccessPointId,
    FileSystemId,
    MountTargetId,
    NetworkInterfaceId,
    SecurityGroupId,
    SubnetId,
    VpcId,
)
from moyai.kernel.scope import Scope

SERVICE: Final = "elasticfilesystem"
"""The name of the service in ARNs."""
NFS_PORT: Final = 2049
ENABLED, DISABLED = "ENABLED", "DISABLED"


class StorageTransition(msgspec.Struct, frozen=True):
    """When files move to another storage class: one of the three."""

    transition_to_ia: str | None = None
    transition_to_primary_storage_class: str | None = None
    transition_to_archive: str | None = None


class FileSystem(IdRecord, frozen=True, tag="file_system"):
    """A file system. ``deleted_at``: its content is being removed, and nothing can use it any more. ``is_hidden``: the
    API no longer has it, because it is from before a reset.
    """

    id: FileSystemId
    scope: Scope
    creation_token: str
    created_at: Instant
    performance_mode: str = "generalPurpose"
    throughput_mode: str = "bursting"
    provisioned_throughput: float | None = None
    """MiB/s, with the throughput mode ``provisioned``."""
    encrypted: bool = False
    kms_key: str | None = None
    """An ARN."""
    zone: str | None = None
    """The only zone that may have a mount target; None = every zone may."""
    backup: bool = False
    overwrite_protection: str = ENABLED
    lifecycle_policies: tuple[StorageTransition, ...] = ()
    policy: str | None = None
    """The file system policy as JSON, which is not evaluated."""
    tags: Mapping[str, str] = {}
    size: int = 0
    """Bytes on disk, when they were last counted."""
    measured_at: Instant | None = None
    deleted_at: Instant | None = None
    is_hidden: bool = False

    @property
    def arn(self) -> str:
        """``arn:aws:elasticfilesystem:<region>:<account>:file-system/<id>``."""
        return arn(SERVICE, self.scope, f"file-system/{self.id}")


class MountTarget(IdRecord, frozen=True, tag="mount_target"):
    """A file system's mount target: tasks in its VPC and zone can use the file system."""

    id: MountTargetId
    scope: Scope
    file_system: FileSystemId
    vpc: VpcId
    subnet: SubnetId
    zone: str
    zone_id: str
    address: str
    interface: NetworkInterfaceId
    security_groups: tuple[SecurityGroupId, ...] = ()


class PosixUser(msgspec.Struct, frozen=True):
    """The user as which every client of an access point acts."""

    uid: int
    gid: int
    secondary_gids: tuple[int, ...] = ()


class CreationInfo(msgspec.Struct, frozen=True):
    """The owner and the mode (octal) of an access point's root directory, if it has to be made."""

    owner_uid: int
    owner_gid: int
    permissions: str


class RootDirectory(msgspec.Struct, frozen=True):
    """The directory that clients of an access point see as the root."""

    path: str = "/"
    creation_info: CreationInfo | None = None


class AccessPoint(IdRecord, frozen=True, tag="access_point"):
    """An access point of a file system. ``user`` None: clients act as themselves."""

    id: AccessPointId
    scope: Scope
    file_system: FileSystemId
    client_token: str
    user: PosixUser | None = None
    root: RootDirectory = RootDirectory()
    tags: Mapping[str, str] = {}

    @property
    def arn(self) -> str:
        """``arn:aws:elasticfilesystem:<region>:<account>:access-point/<id>``."""
        return arn(SERVICE, self.scope, f"access-point/{self.id}")


def host_name(file_system: str, region: str) -> str:
    """The DNS name of a file system."""
    return f"{file_system}.efs.{region}.amazonaws.com"
