"""The processes of a cgroup, and their end."""

from __future__ import annotations

import os
import select

from moyai.runtime.linux.shim import syscalls

_ROUNDS, _PAUSE = 250, 0.01


def kill_members(directory: str) -> bool:
    """Kill what is in a group, through pidfds: still listed once its pidfd is open, it is what was meant.

    False when there was nothing to kill.
    """
    found = members(directory)
    for pid in found:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if pid in members(directory):
                syscalls.kill(fd)
        finally:
            os.close(fd)
    return bool(found)


def clear(directory: str) -> None:
    """Kill what is in a group and in those below it, until nothing is."""
    for _ in range(_ROUNDS):
        killed = [kill_members(place) for place, _, _ in os.walk(directory)]
        if True not in killed:
            return
        select.select([], [], [], _PAUSE)


def members(directory: str) -> list[int]:
    """The pids in a group; none when there is no such group."""
    try:
        with open(directory + "/cgroup.procs", encoding="ascii") as file:  # noqa: PTH123 - no pathlib beside a container
            return [int(line) for line in file]
    except OSError:
        return []
