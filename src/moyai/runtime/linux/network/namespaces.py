"""Network namespaces as files, and the one thread that may enter them.

Promise: the main thread never leaves its namespace. ``setns`` changes only the thread that calls it, so everything that
must happen inside a namespace runs on the thread of ``NetworkThread``, which returns to its own namespace before it
takes the next piece of work. Netlink sockets, ``nft`` children and listening sockets that were made there stay in the
namespace they were made in. A namespace is *named*, as by ``ip netns``: bind-mounted on a file, in a directory that
is a shared mount, so that the mount namespace of the public gateway sees new ones.
Source: https://man7.org/linux/man-pages/man7/network_namespaces.7.html
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from moyai.runtime.linux.mounts import current_mounts
from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.syscalls import CLONE_NEWNET, MS_BIND, MS_PRIVATE, MS_SHARED

T = TypeVar("T")

_OWN_NAMESPACE = "/proc/thread-self/ns/net"


class NetworkThread:
    """Runs work that may change its network namespace, one piece at a time."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="moyai-network")

    async def run(self, work: Callable[[], T]) -> T:
        """Do the work on the thread and return what it returns or raises."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """End the thread after the work that waits for it. Blocking."""
        self._executor.shutdown(wait=True)


@contextlib.contextmanager
def inside(path: Path) -> Iterator[None]:
    """Enter a named namespace for the block. Only for the network thread. Raises OSError when there is none."""
    home = os.open(_OWN_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        target = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            syscalls.setns(target, CLONE_NEWNET)
        finally:
            os.close(target)
        try:
            yield
        finally:
            syscalls.setns(home, CLONE_NEWNET)
    finally:
        os.close(home)


def create(path: Path) -> None:
    """Make a new named network namespace. Only for the network thread."""
    path.touch(mode=0o600)
    home = os.open(_OWN_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        syscalls.unshare(CLONE_NEWNET)
        try:
            syscalls.mount(_OWN_NAMESPACE, str(path), None, MS_BIND)
        finally:
            syscalls.setns(home, CLONE_NEWNET)
    finally:
        os.close(home)


def exists(path: Path) -> bool:
    """Whether a namespace is mounted on the file; a reboot leaves the bare file."""
    return path.is_file() and path.stat().st_dev == Path(_OWN_NAMESPACE).stat().st_dev


def remove(path: Path) -> None:
    """Remove the name of a namespace. The kernel removes the namespace after its last process and socket."""
    while exists(path):
        syscalls.umount(str(path))
    path.unlink(missing_ok=True)


def share_mounts(directory: Path) -> None:
    """Make the directory a mount whose changes other mount namespaces follow."""
    if not _is_mount(directory):
        syscalls.mount(str(directory), str(directory), None, MS_BIND)
        syscalls.mount(None, str(directory), None, MS_PRIVATE)  # leave the peer group of the mount it is a copy of
        syscalls.mount(None, str(directory), None, MS_SHARED)


def unshare_mounts(directory: Path) -> None:
    """Remove the mount that ``share_mounts`` made."""
    while _is_mount(directory):
        syscalls.umount(str(directory))


def _is_mount(directory: Path) -> bool:
    """Whether a directory is a mount point. Unlike ``os.path.ismount``, this sees a bind mount within a file system."""
    return str(directory) in {mount.point for mount in current_mounts()}
