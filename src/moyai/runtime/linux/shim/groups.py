"""The processes of cgroups, and their end.

A process that is frozen in version 1 doesn't die before it is thawed, and whoever is in a group below may have frozen
it. So all are killed first and thawed then: nobody is left to freeze anything again.
"""

from __future__ import annotations

import os
import select
import time

from moyai.runtime.linux.shim import syscalls

_PATIENCE = 5.0
"""Seconds that what was killed may take to end."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.1
_THAWING = (("freezer.state", "THAWED"), ("cgroup.freeze", "0"))


def members(directory: str) -> list[int]:
    """The pids in a group; none when there is no such group."""
    try:
        with open(directory + "/cgroup.procs", encoding="ascii") as file:  # noqa: PTH123 - no pathlib beside a container
            return [int(line) for line in file]
    except OSError:
        return []


def members_below(directories: list[str]) -> list[int]:
    """The pids in these groups and in those below them, each once."""
    found = (pid for top in directories for place, _, _ in os.walk(top) for pid in members(place))
    return list(dict.fromkeys(found))


def kill(directories: list[str]) -> None:
    """Kill what is in these groups and in those below them, once, and thaw it."""
    for top in directories:
        if not _write(top + "/cgroup.kill", "1"):  # version 2, from Linux 5.14 on: all of it, whatever forks meanwhile
            for place, _, _ in os.walk(top):
                _kill_members(place)
    thaw(directories)


def _kill_members(directory: str) -> None:
    """Through pidfds: still listed once its pidfd is open, a process is what was meant."""
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
    """Let what is frozen in these groups and in those below them go on."""
    for top in directories:
        for name, text in _THAWING:
            if os.path.exists(f"{top}/{name}"):  # noqa: PTH110
                for place, _, _ in os.walk(top):
                    _write(f"{place}/{name}", text)


def end(directories: list[str]) -> list[int]:
    """Kill what is in these groups and in those below them until nothing is; the pids that don't end for seconds."""
    deadline, pause = time.monotonic() + _PATIENCE, _FIRST_PAUSE
    while (left := members_below(directories)) and time.monotonic() < deadline:
        kill(directories)
        select.select([], [], [], pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return left


def remove(directories: list[str]) -> list[int]:
    """Remove these groups and those below them, after the end of what is in them; the pids that don't end for seconds.

    The kernel may need a moment to notice that a group's last process has died.
    """
    deadline, pause = time.monotonic() + _PATIENCE, _FIRST_PAUSE
    while not all(_remove(top) for top in directories) and time.monotonic() < deadline:
        if left := end(directories):
            return left
        select.select([], [], [], pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return []


def _remove(top: str) -> bool:
    """Remove a group and those below it; whether none is there any more."""
    for place, _, _ in os.walk(top, topdown=False):
        try:
            os.rmdir(place)  # noqa: PTH106
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
