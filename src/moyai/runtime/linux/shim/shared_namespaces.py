"""The namespaces that a container shares with other containers: those of a pause process.

Promise: the namespaces belong to exactly the process that the configuration names by its pid and start time, and to no
later one with that pid. With a namespace comes the file system that shows it: /proc, and /dev/shm.
"""

from __future__ import annotations

import errno
import os

from moyai.runtime.linux.shim import detached_mounts, syscalls
from moyai.runtime.linux.shim.launch_config import LaunchConfig
from moyai.runtime.linux.shim.record import start_ticks

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the path in the pause process's root


class SharedNamespaces:
    """Descriptors of a pause process's namespaces; -1 = the container has its own."""

    def __init__(self, config: LaunchConfig) -> None:
        """Raises OSError if a pause process has ended."""
        self._pid_namespace = self._ipc_namespace = -1
        self._mounts: dict[str, int] = {}
        self.memory = self.proc = -1
        """The /dev/shm and /proc of the shared namespaces, as ``open_tree`` gives them, once these are entered."""
        for kind, pid, ticks in config.joins:
            directory = _open_process(pid, ticks)
            self._mounts[kind] = _open_namespace(f"self/fd/{directory}", "mnt")
            if kind == "pid":
                self._pid_namespace = _open_namespace(f"self/fd/{directory}", "pid")
            else:
                self._ipc_namespace = _open_namespace(f"self/fd/{directory}", "ipc")
            os.close(directory)

    @property
    def has_other_processes(self) -> bool:
        """Whether the PID namespace is shared."""
        return self._pid_namespace >= 0

    def make_pid_namespace(self) -> None:
        """Put the next children of this process into a new PID namespace, unless it is shared. A failed fork may leave
        a new PID namespace unable to get a process, so each attempt needs another one.
        """
        if not self.has_other_processes:
            leave_pid_namespace()
            syscalls.unshare(syscalls.CLONE_NEWPID)

    def enter_pid_namespace(self) -> None:
        """Put the next children of this process into the shared PID namespace, if there is one."""
        if self.has_other_processes:
            syscalls.setns(self._pid_namespace, syscalls.CLONE_NEWPID)
            self.proc = _copy_mount(self._mounts["pid"], "/proc")

    def enter_ipc(self) -> None:
        """Enter the shared IPC namespace, or a new one."""
        if self._ipc_namespace < 0:
            syscalls.unshare(syscalls.CLONE_NEWIPC)
            return
        syscalls.setns(self._ipc_namespace, syscalls.CLONE_NEWIPC)
        self.memory = _copy_mount(self._mounts["ipc"], _SHARED_MEMORY)

    def close(self) -> None:
        """Close the descriptors of the namespaces."""
        for fd in (self._pid_namespace, self._ipc_namespace, *self._mounts.values()):
            if fd >= 0:
                os.close(fd)


def leave_pid_namespace() -> None:
    """Put the next children of this process into its own PID namespace again."""
    own_namespace = _open_namespace("self", "pid")
    try:
        syscalls.setns(own_namespace, syscalls.CLONE_NEWPID)
    finally:
        os.close(own_namespace)


def _copy_mount(mounts: int, path: str) -> int:
    """A copy of the mount at the path in another mount namespace."""
    home = _open_namespace("self", "mnt")
    syscalls.setns(mounts, syscalls.CLONE_NEWNS)
    tree = detached_mounts.open_tree(path)
    syscalls.setns(home, syscalls.CLONE_NEWNS)
    os.close(home)
    return tree


def _open_process(pid: int, ticks: int) -> int:
    """The process's directory in /proc, which stands for that process even if its pid is reused."""
    has_ended = ProcessLookupError(errno.ESRCH, "the process that holds the shared namespaces has ended")
    try:
        directory = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise has_ended from error
    if start_ticks(pid) != ticks:
        raise has_ended
    return directory


def _open_namespace(process: str, kind: str) -> int:
    return os.open(f"/proc/{process}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
