"""User namespaces of tasks: root in a container is a user without any rights outside.

Promise: ``missing_requirement`` says what the machine lacks. Files of images and volumes keep the ids that they have
inside; a mount of each container maps them (see shim/user_namespace.py), so tasks with different ids share them.
Source: https://man7.org/linux/man-pages/man7/user_namespaces.7.html, mount_setattr(2), and
https://docs.kernel.org/filesystems/idmappings.html
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

from moyai.runtime.linux.shim import capabilities, detached_mounts, syscalls
from moyai.runtime.linux.shim.syscalls import CLONE_NEWNET, CLONE_NEWUSER, MS_BIND
from moyai.runtime.linux.shim.user_namespace import IDS

CONSEQUENCE = "tasks have no user namespaces, and root in a container is root of this machine with fewer privileges"
"""The consequence of a missing requirement."""

_OLDEST_KERNEL = (5, 19)
"""The first kernel whose overlays accept layers with mapped ids."""
_CHILD_STACK_BYTES = 64 * 1024
_MAX_CHILD_SECONDS = 5
"""The child ends by itself after that time, if this process was killed before it could end the child."""


@contextlib.contextmanager
def sleeping_child(users: int, further_namespaces: int = 0) -> Iterator[Path]:
    """A child in a new user namespace, for the block: its directory in /proc. Raises OSError.

    A process with threads can't get a user namespace itself. ``users``: the first id outside, which also owns the
    namespace: whoever has the owner's id on this machine has all capabilities in it, so it can't be 0, which is root in
    containers on the machine's own root. ``further_namespaces``: CLONE_NEW* of others that belong to it.
    """
    stack = ctypes.create_string_buffer(_CHILD_STACK_BYTES)
    syscalls.set_effective_user_of_thread(users)
    try:
        capabilities.set_effective()  # where only root may make user namespaces
        child = syscalls.sleep_in_new_namespaces(CLONE_NEWUSER | further_namespaces, stack, _MAX_CHILD_SECONDS)
    finally:
        syscalls.set_effective_user_of_thread(0)
    try:
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{child}/{kind}").write_text(f"0 {users} {IDS}")
        yield Path(f"/proc/{child}")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def create(userns: Path, users: int, network: Path | None) -> None:
    """Make a named user namespace (see ``network.namespaces``). Raises OSError.

    ``users``: its first id outside; ``network``: the file of a new network namespace that belongs to it, None = none.
    """
    namespaces = CLONE_NEWNET if network is not None else 0
    with sleeping_child(users, namespaces) as child:
        for kind, path in (("net", network), ("user", userns)):  # the last one shows that both exist
            if path is not None:
                path.touch(mode=0o600)
                syscalls.mount(str(child / "ns" / kind), str(path), None, MS_BIND)


def missing_requirement(users: int, directories: Iterable[Path] = ()) -> str | None:
    """The reason why tasks can't have user namespaces with their files in these directories; None when they can.

    ``users``: an id to try it with.
    """
    release = os.uname().release
    if tuple(int(digits) for digits in re.findall(r"\d+", release)[:2]) < _OLDEST_KERNEL:
        return f"the kernel {release} is older than {'.'.join(map(str, _OLDEST_KERNEL))}"
    try:
        with sleeping_child(users) as child:
            namespace = os.open(child / "ns/user", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return f"the kernel refuses user namespaces ({error.strerror})"
    with _closing(namespace):
        unable = [str(directory) for directory in directories if not _can_map(directory, namespace)]
    return f"the file system of {', '.join(unable)} can't map ids" if unable else None


def unmappable(userns: Path, paths: Iterable[Path]) -> list[Path]:
    """The paths that can't be mounted with the ids of a user namespace."""
    with _closing(os.open(userns, os.O_RDONLY | os.O_CLOEXEC)) as namespace:
        return [path for path in paths if not _can_map(_existing(path), namespace)]


def _existing(path: Path) -> Path:
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())


@contextlib.contextmanager
def _closing(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


def _can_map(path: Path, namespace: int) -> bool:
    try:
        with _closing(detached_mounts.open_tree(str(path))) as tree:
            detached_mounts.map_ids(tree, namespace)
    except OSError:
        return False
    return True
