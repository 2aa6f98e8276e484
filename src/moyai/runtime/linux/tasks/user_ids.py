"""The user ids of tasks on this machine: each sandbox has 65,536 of its own, for the user namespace of its containers.

Promise: no two sandboxes of an installation have an id in common, and none has an id that anything else on the machine
uses. A sandbox's ids are recorded in its directory before its namespace is made, and free once the directory is gone.
Sandboxes of different installations seldom meet, but nothing prevents it. ``assign`` is only for the network thread.
Source: https://systemd.io/UIDS-GIDS/ (which leaves the ids from 1,879,048,192 to 2,147,483,647 unused)
"""

from __future__ import annotations

import functools
import zlib
from pathlib import Path
from typing import Final

from moyai.kernel.ids import TaskId
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux import user_namespaces
from moyai.runtime.linux.runtime_paths import RuntimePaths, subdirectories
from moyai.runtime.linux.shim.user_namespace import IDS

FIRST: Final = 1_879_048_192
RANGES: Final = 4096
_FILE: Final = "users"


def first_id(directory: Path) -> int:
    """The first id of a sandbox, by its directory; 0 if it has no user namespace."""
    try:
        return int((directory / _FILE).read_text())
    except (FileNotFoundError, ValueError):  # ValueError: the machine was switched off before the number was written
        return 0


def assign(paths: RuntimePaths, task: TaskId) -> int:
    """The first id of a sandbox, which gets ids if it has none; 0 if this machine can't have user namespaces, of which
    ``host.check_optional_features`` and events of services warn. Raises SandboxFailed.
    """
    directory = paths.task(task)
    first = first_id(directory)
    if first or missing_requirement(paths.state) is not None:
        return first
    taken_ids = frozenset(first_id(path) for parent in (paths.tasks, paths.removing) for path in subdirectories(parent))
    start = zlib.crc32(task.encode())
    for number in range(start, start + RANGES):
        first = FIRST + number % RANGES * IDS
        if first not in taken_ids:
            new = directory / f"{_FILE}.new"
            new.write_text(str(first))
            new.replace(directory / _FILE)
            return first
    raise SandboxFailed(f"no user ids are left: {RANGES} tasks have some")


@functools.cache
def missing_requirement(state: Path) -> str | None:
    """Why this machine gives sandboxes no ids; None where it does. ``state``: the state directory."""
    return user_namespaces.missing_requirement(FIRST, (state,))
