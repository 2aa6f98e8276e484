"""Network namespaces as files, and one thread that may step into them.

Promise: the main thread never leaves its namespace. ``setns`` changes only the thread that calls it,
so everything that must happen inside a namespace runs on the one thread of ``NetworkThread``, which
steps back before it takes the next piece of work; netlink sockets, ``nft`` children and listening
sockets made there stay in the namespace they were made in. A namespace is pinned by a bind mount on a file
of the state directory, in a directory that is a shared mount, so that the gateway sees new ones.
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

_HERE = "/proc/thread-self/ns/net"


class NetworkThread:
    """Runs work that may change its network namespace, one piece at a time."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="moyai-network")

    async def run(self, work: Callable[[], T]) -> T:
        """Do the work on the thread and return what it returns or raises."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """Let go of the thread once it has nothing left to do."""
        self._executor.shutdown(wait=True)


@contextlib.contextmanager
def inside(pin: Path) -> Iterator[None]:
    """Be in the namespace while the block runs. Only for the network thread. Raises OSError when there is none."""
    home = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        target = os.open(pin, os.O_RDONLY | os.O_CLOEXEC)
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


def create(pin: Path) -> None:
    """Make a new namespace and pin it. Only for the network thread."""
    pin.touch(mode=0o600)
    home = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        syscalls.unshare(CLONE_NEWNET)
        try:
            syscalls.mount(_HERE, str(pin), None, MS_BIND)
        finally:
            syscalls.setns(home, CLONE_NEWNET)
    finally:
        os.close(home)


def is_pinned(pin: Path) -> bool:
    """Whether the file holds a namespace (a reboot leaves bare files behind)."""
    return pin.is_file() and pin.stat().st_dev == Path(_HERE).stat().st_dev


def remove(pin: Path) -> None:
    """Unpin the namespace; it is gone when its last process and socket are."""
    while is_pinned(pin):
        syscalls.umount(str(pin))
    pin.unlink(missing_ok=True)


def share(directory: Path) -> None:
    """Make the directory a mount whose changes other mount namespaces follow."""
    if not _is_mount(directory):
        syscalls.mount(str(directory), str(directory), None, MS_BIND)
        syscalls.mount(None, str(directory), None, MS_PRIVATE)  # leave the group of the mount that it is a copy of
        syscalls.mount(None, str(directory), None, MS_SHARED)


def unshare(directory: Path) -> None:
    """Undo ``share``."""
    while _is_mount(directory):
        syscalls.umount(str(directory))


def _is_mount(directory: Path) -> bool:
    """``os.path.ismount`` doesn't see a bind mount within one file system."""
    return str(directory) in {mount.point for mount in current_mounts()}
