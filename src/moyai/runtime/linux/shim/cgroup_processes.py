"""The processes of cgroups, and their kill_all.

A frozen process of version 1 does not die before it is thawed, and a process in a group below may have frozen it. So
all processes are killed first and thawed then: no process is left that could freeze another one again.

Only a group that is removed is killed through cgroup.kill of version 2. Recent kernels (seen with Linux 6.18) kill
whatever is cloned into a group that was once killed so, and a container that starts again has the group of its last
attempt.
"""

from __future__ import annotations

import os
import select
import time

from moyai.runtime.linux.shim import syscalls

_MAX_SECONDS = 5.0
"""The time that killed processes may take to end."""
_FIRST_PAUSE, _MAX_PAUSE = 0.005, 0.1
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
    """Send SIGKILL to the processes in these groups and in those below them, and thaw them."""
    for top in directories:
        for path, _, _ in os.walk(top):
            _kill_members(path)
    thaw(directories)


def _kill_members(directory: str) -> None:
    """Kill by pidfd: a process that is still listed once its pidfd is open is the listed one, not a later one."""
    for pid in members(directory):
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if pid in members(directory):
                syscalls.kill(fd)
        finally:
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
    deadline, pause = time.monotonic() + _MAX_SECONDS, _FIRST_PAUSE
    while (pids := members_below(directories)) and time.monotonic() < deadline:
        kill(directories)
        select.select([], [], [], pause)
        pause = min(2 * pause, _MAX_PAUSE)
    return pids


def remove(directories: list[str]) -> list[int]:
    """Kill the processes of these groups and of those below them, and remove the groups.

    Returns the pids that are left after _MAX_SECONDS. The kernel may take a moment to notice that a group is empty.
    """
    deadline, pause = time.monotonic() + _MAX_SECONDS, _FIRST_PAUSE
    while not all(_remove(top) for top in directories) and time.monotonic() < deadline:
        for top in directories:
            _write(top + "/cgroup.kill", "1")  # v2, from Linux 5.14 on: forks included
        if left := kill_all(directories):
            return left
        select.select([], [], [], pause)
        pause = min(2 * pause, _MAX_PAUSE)
    return []


def _remove(top: str) -> bool:
    """Remove a group and those below it. Returns whether all are gone."""
    for path, _, _ in os.walk(top, topdown=False):
        try:
            os.rmdir(path)  # noqa: PTH106
        except OSError:
            continue
    return not os.path.isdir(top)  # noqa: PTH112


def _write(path: str, text: str) -> bool:
    try:
        with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(text)
    except OSError:
        return False
    return True
