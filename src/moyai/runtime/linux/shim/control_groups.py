"""A container's own control groups below its ``/sys/fs/cgroup``, where programs look for their limits.

Promise: a container sees the groups that limit it and those below, and can change none. With version 1 there is a
directory for each hierarchy, as everywhere, and links for controllers that share one.
"""

from __future__ import annotations

import os

from moyai.runtime.linux.shim import detached_mounts, syscalls
from moyai.runtime.linux.shim.launch_config import LaunchConfig
from moyai.runtime.linux.shim.syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REMOUNT

_DIRECTORY = "/sys/fs/cgroup"
_FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC


def open_groups(config: LaunchConfig) -> list[int]:
    """Detached mounts of the groups, as this machine has them."""
    return [detached_mounts.open_tree(path) for path, _ in config.cgroups]


def show(config: LaunchConfig, groups: list[int]) -> None:
    """Mount the groups in this process's root, and close their descriptors."""
    names = [name for _, name in config.cgroups]
    if any(names):
        syscalls.mount("cgroup", _DIRECTORY, "tmpfs", _FLAGS, "mode=0755,size=64k")
    for group, name in zip(groups, names, strict=True):
        target = f"{_DIRECTORY}/{name}".rstrip("/")
        os.makedirs(target, exist_ok=True)  # noqa: PTH103 - no pathlib in a monitor
        detached_mounts.move_mount(group, target)
        os.close(group)
        _make_read_only(target)
        for controller in name.split(",") if "," in name else ():
            os.symlink(name, f"{_DIRECTORY}/{controller}")  # noqa: PTH211
    if any(names):
        _make_read_only(_DIRECTORY)


def _make_read_only(path: str) -> None:
    syscalls.mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY | _FLAGS)
