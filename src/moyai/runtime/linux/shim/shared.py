"""Namespaces that a container shares: those of a process that does nothing but hold them.

Promise: what is entered is the process's that the order means, by its number and its start time, and no other's that
was given the number since.
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
        self.pid = self.ipc = self._mounts = -1
        for kind, pid, ticks in order.joins:
            directory = _process(pid, ticks)
            if kind == "pid":
                self.pid = _open(directory, "pid")
            else:
                self.ipc, self._mounts = _open(directory, "ipc"), _open(directory, "mnt")
            os.close(directory)

    def enter_processes(self) -> None:
        """Have the next children of this process in the shared process namespace, or in a new one."""
        if self.pid < 0:
            syscalls.unshare(syscalls.CLONE_NEWPID)
        else:
            syscalls.setns(self.pid, syscalls.CLONE_NEWPID)

    def enter_ipc(self) -> int:
        """Be in the shared IPC namespace, or in a new one; a shared /dev/shm as ``open_tree`` gives it, or -1."""
        if self.ipc < 0:
            syscalls.unshare(syscalls.CLONE_NEWIPC)
            return -1
        syscalls.setns(self.ipc, syscalls.CLONE_NEWIPC)
        home = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        syscalls.setns(self._mounts, syscalls.CLONE_NEWNS)
        memory = syscalls.open_tree(_SHARED_MEMORY)
        syscalls.setns(home, syscalls.CLONE_NEWNS)
        os.close(home)
        return memory

    def close(self) -> None:
        """Let go of them."""
        for fd in (self.pid, self.ipc, self._mounts):
            if fd >= 0:
                os.close(fd)


def _process(pid: int, ticks: int) -> int:
    """The process's directory in /proc, which stands for that process whatever becomes of the number."""
    directory = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if start_ticks(pid) != ticks:
        raise ProcessLookupError(errno.ESRCH, "the process that holds the shared namespaces has ended")
    return directory


def _open(process: int, kind: str) -> int:
    return os.open(f"/proc/self/fd/{process}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
