"""The settings of a container definition for the operating system: capabilities, file systems, kernel parameters.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html
"""

from __future__ import annotations

import msgspec


class RestartPolicy(msgspec.Struct, frozen=True):
    """When a container is restarted after it ends. ``restart_attempt_period``: the seconds for which it must have run;
    None = 300.
    """

    enabled: bool
    ignored_exit_codes: tuple[int, ...] | None = None
    restart_attempt_period: int | None = None


class KernelCapabilities(msgspec.Struct, frozen=True):
    """Changes to Docker's default set of capabilities: names without ``CAP_``, or ``ALL``."""

    add: tuple[str, ...] | None = None
    drop: tuple[str, ...] | None = None


class Tmpfs(msgspec.Struct, frozen=True):
    """A file system in memory; ``size`` in MiB."""

    container_path: str
    size: int
    mount_options: tuple[str, ...] | None = None


class LinuxParameters(msgspec.Struct, frozen=True):
    """Linux settings of a container. ``shared_memory_size`` and ``max_swap`` in MiB."""

    capabilities: KernelCapabilities | None = None
    init_process_enabled: bool | None = None
    shared_memory_size: int | None = None
    tmpfs: tuple[Tmpfs, ...] | None = None
    max_swap: int | None = None
    swappiness: int | None = None


class SystemControl(msgspec.Struct, frozen=True):
    """A namespaced kernel parameter, by its dotted name."""

    namespace: str = ""
    value: str = ""


class HostEntry(msgspec.Struct, frozen=True):
    """An additional line of a container's ``/etc/hosts``."""

    hostname: str
    ip_address: str


class MountPoint(msgspec.Struct, frozen=True):
    """The path at which a container has a volume of its task."""

    source_volume: str = ""
    container_path: str = ""
    read_only: bool | None = None


class VolumeFrom(msgspec.Struct, frozen=True):
    """All volumes of another container of the task, at the same paths."""

    source_container: str = ""
    read_only: bool | None = None
