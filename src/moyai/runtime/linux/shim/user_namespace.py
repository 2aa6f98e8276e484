"""The user namespace of a task in one of its containers, and mounts that show files with the task's ids.

Promise: a container that should have a user namespace never gets this machine's: each function raises OSError instead.
Ids inside are 0 to 65535; outside they are ``LaunchConfig.users`` and up, which own nothing on this machine.
Source: https://man7.org/linux/man-pages/man7/user_namespaces.7.html, mount_setattr(2) (ID-mapped mounts)
"""

from __future__ import annotations

import errno
import os

from moyai.runtime.linux.shim import capabilities, detached_mounts, syscalls
from moyai.runtime.linux.shim.launch_config import LaunchConfig

IDS = 65536
"""The number of ids in a user namespace."""


def open_namespace(config: LaunchConfig) -> int:
    """A descriptor of the container's user namespace; -1 if it has none of its own."""
    if not config.users:
        return -1
    namespace, own_namespace = (
        os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in (config.user_namespace, "/proc/self/ns/user")
    )
    status, own_status = os.fstat(namespace), os.fstat(own_namespace)
    os.close(own_namespace)
    if status.st_dev != own_status.st_dev or status.st_ino == own_status.st_ino:
        raise OSError(errno.ESRCH, "the task's user namespace is gone", config.user_namespace)
    return namespace


def copy_mount(source: int, namespace: int, *, recursive: bool) -> int:
    """A detached mount of a file or directory, whose descriptor is closed.

    ``namespace``: the user namespace that maps the owners of files, -1 = this machine's; ``recursive``: with the
    mounts below it.
    """
    try:
        tree = detached_mounts.open_tree("", source, recursive=recursive)
    finally:
        os.close(source)
    if namespace >= 0:
        try:
            detached_mounts.map_ids(tree, namespace)
        except OSError as error:
            path = os.readlink(f"/proc/self/fd/{tree}")  # noqa: PTH115
            raise OSError(error.errno, "its file system can't map the ids of a user namespace", path) from error
    return tree


def own_new_files(config: LaunchConfig) -> None:
    """From here on, files that this process creates belong to the container's root."""
    if config.users:
        syscalls.set_file_owner(config.users)
        capabilities.set_effective()


def enter(namespace: int) -> None:
    """Enter the user namespace, as its root, with all capabilities in it and none outside."""
    syscalls.setns(namespace, syscalls.CLONE_NEWUSER)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
