"""Makes cgroups as directories, and fulfils what each version requires before a process can join one.

Version 2 gives a group the controllers that its parent delegates, and a group that delegates some can hold no process.
When moyai runs in a container, its own process may be in the group that has to delegate: the root of the container's
cgroup namespace, with all other processes of the container. They are moved into a group of their own below it, as kind,
k3d and Docker's own image do. Version 1 accepts no process in a group whose cpuset is empty (ENOSPC), and before Linux
5.11 a memory limit holds for the groups below only if that is switched on.

Other installations make and remove groups at the same time, so a parent may be removed before its child is made, and a
group that exists may lack what its maker is about to write, or was killed before it wrote.
Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterable
from pathlib import Path

from moyai.ports.runtime import CannotCreate
from moyai.runtime.linux.cgroups.hierarchies import Hierarchy

INIT = "init"
"""The group, below a container's root, for the processes that were in the root."""

REMOVED = frozenset({errno.ENOENT, errno.ENODEV})
"""The errors of a group that was removed: before its file was opened, or after."""

_MAX_ROUNDS = 100
_CPUSET_FILES = ("cpuset.cpus", "cpuset.mems")


def make_group(hierarchy: Hierarchy, group: Path, controllers: Iterable[str] = ()) -> None:
    """Make a group and its missing parents, and delegate these controllers of version 2 to it. Raises OSError."""
    for remaining in reversed(range(_MAX_ROUNDS)):
        try:
            _make_group(hierarchy, group, controllers)
        except OSError as error:
            if error.errno not in REMOVED or not remaining:
                raise
        else:
            return


def _make_group(hierarchy: Hierarchy, group: Path, controllers: Iterable[str]) -> None:
    if not group.parent.is_dir():
        _make_group(hierarchy, group.parent, controllers)
    if hierarchy.is_v2 and controllers:
        _delegate(group.parent, controllers)
    group.mkdir(exist_ok=True)
    if not hierarchy.is_v2 and "cpuset" in hierarchy.controllers:
        _fill_cpuset(hierarchy.root, group)
    if not hierarchy.is_v2 and "memory" in hierarchy.controllers:
        _limit_descendants(group)


def _delegate(group: Path, controllers: Iterable[str]) -> None:
    """Delegate these controllers to the children of a group. Raises CannotCreate when its processes can't be moved."""
    present = (group / "cgroup.subtree_control").read_text().split()
    missing = [name for name in controllers if name not in present]
    if not missing:
        return
    for _ in range(_MAX_ROUNDS):
        processes = processes_to_move(group)
        if not processes and _enable(group, missing):
            return
        _move(processes, group / INIT)
    raise CannotCreate(f"{group} holds processes that can't be moved, so it can't hand down {' '.join(missing)}")


def processes_to_move(group: Path) -> tuple[str, ...]:
    """The ids of the processes that keep a group from delegating controllers: none in the root of the machine, which
    alone has no ``cgroup.type`` and may delegate beside its own processes.
    """
    if not (group / "cgroup.type").exists():
        return ()
    return tuple((group / "cgroup.procs").read_text().split())


def _enable(group: Path, controllers: Iterable[str]) -> bool:
    """Delegate controllers; False if a process has joined the group meanwhile."""
    try:
        (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False
    return True


def _move(processes: Iterable[str], destination: Path) -> None:
    """Move processes into a group, except those that end meanwhile."""
    destination.mkdir(exist_ok=True)
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            (destination / "cgroup.procs").write_text(process)


def _fill_cpuset(root: Path, group: Path) -> None:
    """Give a group the processors and memory nodes of its parent; its children will inherit theirs."""
    empty = [name for name in _CPUSET_FILES if not _read(group / name)]
    if group == root or not empty:
        return
    _fill_cpuset(root, group.parent)
    for name in empty:
        (group / name).write_text((group.parent / name).read_text())
    (group / "cgroup.clone_children").write_text("1")


def _limit_descendants(group: Path) -> None:
    """Let the memory limit of a group include the groups below it."""
    if _read(group / "memory.use_hierarchy") == "0":
        (group / "memory.use_hierarchy").write_text("1")


def _read(file: Path) -> str:
    return file.read_text().strip()
