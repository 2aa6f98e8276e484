"""Lists, kills and thaws the processes of cgroups, whatever they do against it.

A frozen process of version 1 does not die before it is thawed, and a process in a group below may have frozen it. So
all processes are killed first and thawed then: no process is left that could freeze another one again.

A group of version 2 is frozen while its processes are killed: processes that fork can't outrun that, and a frozen
process of version 2 dies when it is killed. A group that is about to be removed is killed through cgroup.kill, at once.
Others are not: recent kernels (seen with Linux 6.18) kill whatever is cloned into a group that was once killed so, and
a container that starts again has the group of its last attempt.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

from moyai.runtime.linux.shim import syscalls

_MAX_SECONDS = 5.0
"""The time that killed processes may take to end."""
_FIRST_PAUSE, _MAX_PAUSE = 0.005, 0.1
_MAX_PIDFDS = 256
"""Pidfds that are open at the same time."""
_THAW_FILES = (("freezer.state", "THAWED"), ("cgroup.freeze", "0"))


def members(directory: str) -> list[int]:
    """The pids in a group; none if the group does not exist."""
    try:
        with open(directory + "/cgroup.procs", encoding="ascii") as file:  # noqa: PTH123 - no pathlib beside a container
            return [int(line) for line in file]
    except OSError:
        return []


def members_below(directories: list[str]) -> list[int]:
    """The distinct pids in these groups and in those below them."""
    pids = (pid for top in directories for path, _, _ in os.walk(top) for pid in members(path))
    return list(dict.fromkeys(pids))


def kill(directories: list[str]) -> None:
    """Send SIGKILL to the processes in these groups and in those below them, and thaw them.

    A process that was being forked while its group froze may be missed; ``kill_all`` finds it in its next pass.
    """
    for top in directories:
        _write(top + "/cgroup.freeze", "1")
    try:
        _kill_members_below(directories)
    finally:
        thaw(directories)


def _kill_for_removal(directories: list[str]) -> None:
    """As ``kill``, in groups that no container starts in again: at once where the kernel can, forks included."""
    remaining = [top for top in directories if not _write(top + "/cgroup.kill", "1")]  # v2, from Linux 5.14 on
    if len(remaining) == len(directories):
        kill(directories)
        return
    _kill_members_below(remaining)
    thaw(directories)


def _kill_members_below(directories: list[str]) -> None:
    for path in (path for top in directories for path, _, _ in os.walk(top)):
        pids = members(path)
        for start in range(0, len(pids), _MAX_PIDFDS):
            _kill_listed(path, pids[start : start + _MAX_PIDFDS])


def _kill_listed(directory: str, pids: list[int]) -> None:
    """Kill by pidfd: if a pid is still listed once its pidfd is open, that refers to the listed process."""
    pidfds: dict[int, int] = {}
    try:
        for pid in pids:
            try:
                pidfds[pid] = syscalls.open_pidfd(pid)
            except ProcessLookupError:
                continue
        for pid in pidfds.keys() & set(members(directory)):
            syscalls.kill(pidfds[pid])
    finally:
        for fd in pidfds.values():
            os.close(fd)


def thaw(directories: list[str]) -> None:
    """Thaw frozen processes in these groups and in those below them."""
    for top in directories:
        for name, text in _THAW_FILES:
            if os.path.exists(f"{top}/{name}"):  # noqa: PTH110
                for path, _, _ in os.walk(top):
                    _write(f"{path}/{name}", text)


def kill_all(directories: list[str]) -> list[int]:
    """Kill until these groups and those below them are empty. Returns the pids that are left after _MAX_SECONDS."""
    return _kill_until_empty(directories, kill)


def kill_before_removal(directories: list[str]) -> list[int]:
    """Kill as ``kill_all`` does, in groups that are removed next. Returns the pids that are left."""
    return _kill_until_empty(directories, _kill_for_removal)


def _kill_until_empty(directories: list[str], kill_once: Callable[[list[str]], None]) -> list[int]:
    deadline, pause = time.monotonic() + _MAX_SECONDS, _FIRST_PAUSE
    while (pids := members_below(directories)) and time.monotonic() < deadline:
        kill_once(directories)
        select.select([], [], [], pause)
        pause = min(2 * pause, _MAX_PAUSE)
    return pids


def remove(directories: list[str]) -> list[int]:
    """Kill the processes of these groups and of those below them, and remove the groups.

    Returns the pids that are left after _MAX_SECONDS. The kernel may take a moment to notice that a group is empty.
    """
    deadline, pause = time.monotonic() + _MAX_SECONDS, _FIRST_PAUSE
    while not all(_remove(top) for top in directories) and time.monotonic() < deadline:
        if survivors := kill_before_removal(directories):
            return survivors
        select.select([], [], [], pause)
        pause = min(2 * pause, _MAX_PAUSE)
    return []


def reset(directories: list[str]) -> None:
    """Thaw and remove these groups if an earlier attempt has left them and they are empty, because a new group is
    neither frozen nor killed.
    """
    thaw(directories)
    for top in directories:
        _remove(top)


def _remove(top: str) -> bool:
    """Remove a group and those below it. Returns whether all are gone."""
    for path, _, _ in os.walk(top, topdown=False):
        try:
            os.rmdir(path)  # noqa: PTH106
        except OSError:
            continue
    return not os.path.isdir(top)  # noqa: PTH112


def _write(path: str, text: str) -> bool:
    """Write to a file of a group. Returns False if the group or the file does not exist, or the kernel refuses."""
    try:
        fd = os.open(path, os.O_WRONLY)
    except OSError:
        return False
    try:
        os.write(fd, text.encode())
    except OSError:
        return False
    finally:
        os.close(fd)
    return True
