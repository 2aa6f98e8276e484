"""A task's disk in one of its containers: the container's directory on it, and copies of files that it may write."""

from __future__ import annotations

import os

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.launch_config import DISK, DISK_FILES, DISK_OPTIONS, DISK_VOLUMES, LaunchConfig
from moyai.runtime.linux.shim.syscalls import MS_NODEV


def mount(config: LaunchConfig) -> str:
    """Mount the disk, in this mount namespace alone. Returns the container's own directory on it."""
    mount_point = f"{config.directory}/{DISK}"
    os.makedirs(mount_point, exist_ok=True)  # noqa: PTH103 - no pathlib in a monitor
    syscalls.mount(config.disk, mount_point, "ext4", MS_NODEV, DISK_OPTIONS)
    container_directory = f"{mount_point}/layers/{config.directory.rpartition('/')[2]}"
    for directory in (container_directory, f"{config.directory}/{DISK_VOLUMES}", f"{config.directory}/{DISK_FILES}"):
        os.makedirs(directory, mode=0o700, exist_ok=True)  # noqa: PTH103
    return container_directory


def copy(source: str, directory: str, container_directory: str) -> str:
    """The copy of a file on the disk. A file in the container's ``directory`` is copied anew, to
    ``container_directory``; another file is the task's and is copied once.

    Containers of a task may copy it at the same time: the copy gets its name when it is complete.
    """
    is_own = source.startswith(directory + "/")
    target = f"{container_directory if is_own else f'{directory}/{DISK_FILES}'}/{source.rpartition('/')[2]}"
    if is_own and os.path.exists(target):  # noqa: PTH110
        os.unlink(target)  # noqa: PTH108
    if not os.path.exists(target):  # noqa: PTH110
        _copy(source, target, f"{target}.{directory.rpartition('/')[2]}")
    return target


def _copy(source: str, target: str, temporary: str) -> None:
    with open(source, "rb") as before, open(temporary, "wb") as after:  # noqa: PTH123
        after.write(before.read())
        os.fchmod(after.fileno(), 0o644)
    try:
        os.link(temporary, target)
    except FileExistsError:  # another container was faster
        return
    finally:
        os.unlink(temporary)  # noqa: PTH108
