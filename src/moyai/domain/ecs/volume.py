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


class Volume(msgspec.Struct, frozen=True):
    """One volume; with neither member it is a directory of the task's own."""

    name: str = ""
    host: HostVolume | None = None
    docker_volume_configuration: DockerVolume | None = None

    @property
    def source_path(self) -> str | None:
        """The path on the machine; None if the directory is the task's own."""
        return None if self.host is None else self.host.source_path or None

    @property
    def shared(self) -> bool:
        """Whether the volume is kept when the task ends."""
        docker = self.docker_volume_configuration
        return docker is not None and docker.scope is VolumeScope.SHARED
