"""Data volumes of a task definition.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Volume.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class VolumeScope(StrEnum):
    """The lifetime of a Docker volume."""

    TASK = "task"
    SHARED = "shared"


class HostVolume(msgspec.Struct, frozen=True):
    """A directory of the machine; without ``source_path`` one of the task's own."""

    source_path: str | None = None


class DockerVolume(msgspec.Struct, frozen=True):
    """A directory that the runtime keeps, for the task or for all tasks that name it."""

    scope: VolumeScope | None = None
    autoprovision: bool | None = None
    driver: str | None = None
    labels: Mapping[str, str] | None = None


class EfsAuthorization(msgspec.Struct, frozen=True):
    """The access point through which a file system is mounted. ``iam``: the task role is to be used for that."""

    access_point_id: str | None = None
    iam: str | None = None


class EfsVolume(msgspec.Struct, frozen=True):
    """A file system of Amazon EFS. There is no network to it here, so ``transit_encryption`` has no effect."""

    file_system_id: str
    root_directory: str = "/"
    transit_encryption: str | None = None
    transit_encryption_port: int | None = None
    authorization_config: EfsAuthorization | None = None

    @property
    def access_point(self) -> str | None:
        """The id of the access point."""
        return None if self.authorization_config is None else self.authorization_config.access_point_id


class Volume(msgspec.Struct, frozen=True):
    """One volume; without a configuration it is a directory of the task's own."""

    name: str = ""
    host: HostVolume | None = None
    docker_volume_configuration: DockerVolume | None = None
    efs_volume_configuration: EfsVolume | None = None

    @property
    def source_path(self) -> str | None:
        """The path on the machine; None if the directory is the task's own."""
        return None if self.host is None else self.host.source_path or None

    @property
    def shared(self) -> bool:
        """Whether the volume is kept when the task ends."""
        docker = self.docker_volume_configuration
        return docker is not None and docker.scope is VolumeScope.SHARED
