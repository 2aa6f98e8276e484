"""Namespaces that a container shares: those of a process that does nothing but hold them.

Promise: what is entered is the process's that the order means, by its number and its start time, and no other's that
was given the number since. With a namespace comes the file system that shows it: /proc, and /dev/shm.
"""

from __future__ import annotations

import errno
import os

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.order import Order
from moyai.runtime.linux.shim.record import start_ticks

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the place in the holder's root


class Shared:
    """Descriptors of another process's namespaces; -1 = the container has one of its own."""

    def __init__(self, order: Order) -> None:
        """Raises OSError when a process that holds one is gone."""
        self._processes = self._ipc = -1
        self._mounts: dict[str, int] = {}
        self.memory = self.proc = -1
        """What shows the shared namespaces as ``open_tree`` gives it, once they are entered."""
        for kind, pid, ticks in order.joins:
            directory = _process(pid, ticks)
            self._mounts[kind] = _open(directory, "mnt")
            if kind == "pid":
                self._processes = _open(directory, "pid")
            else:
                self._ipc = _open(directory, "ipc")
            os.close(directory)

    @property
    def others(self) -> bool:
        """Whether the process namespace has others in it."""
        return self._processes >= 0

    def make_processes(self) -> None:
        """Have the next children of this process in a new process namespace, if it is not a shared one."""
        if not self.others:
            syscalls.unshare(syscalls.CLONE_NEWPID)

    def enter_processes(self) -> None:
        """Have the children of this process in the shared process namespace, if there is one."""
        if self.others:
            syscalls.setns(self._processes, syscalls.CLONE_NEWPID)
            self.proc = _tree(self._mounts["pid"], "/proc")

    def enter_ipc(self) -> None:
        """Be in the shared IPC namespace, or in a new one."""
        if self._ipc < 0:
            syscalls.unshare(syscalls.CLONE_NEWIPC)
            return
        syscalls.setns(self._ipc, syscalls.CLONE_NEWIPC)
        self.memory = _tree(self._mounts["ipc"], _SHARED_MEMORY)

    def close(self) -> None:
        """Let go of them."""
        for fd in (self._processes, self._ipc, *self._mounts.values()):
            if fd >= 0:
                os.close(fd)


def _tree(mounts: int, path: str) -> int:
    """What is mounted at the path in a mount namespace."""
    home = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    syscalls.setns(mounts, syscalls.CLONE_NEWNS)
    tree = syscalls.open_tree(path)
    syscalls.setns(home, syscalls.CLONE_NEWNS)
    os.close(home)
    return tree


def _process(pid: int, ticks: int) -> int:
    """The process's directory in /proc, which stands for that process whatever becomes of the number."""
    directory = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if start_ticks(pid) != ticks:
        raise ProcessLookupError(errno.ESRCH, "the process that holds the shared namespaces has ended")
    return directory


def _open(process: int, kind: str) -> int:
    return os.open(f"/proc/self/fd/{process}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
