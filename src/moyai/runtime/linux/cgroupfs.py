"""Groups as directories: what each version of cgroups wants done before a process can be in one.

Version 2 gives a group the controllers that its parent hands down, and a group that hands some down can hold no
process. A moyai that runs in a container may be in the group that has to, the root of the container's cgroup namespace,
together with whatever started it: they are moved into a group of their own below it, as kind, k3d and Docker's own
image do. Version 1 takes no process into a group whose cpuset is empty, and before Linux 5.11 bounds on memory hold for
what is below a group only when it is told so.
Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterable
from pathlib import Path

from moyai.ports.runtime import CannotCreate
from moyai.runtime.linux.hierarchies import Hierarchy

INIT = "init"
"""The group of the processes that a container was started with, below its root."""

_ROUNDS = 100
_CPUSET = ("cpuset.cpus", "cpuset.mems")


def make_group(hierarchy: Hierarchy, group: Path, controllers: Iterable[str] = ()) -> None:
    """Make a group, and those above it that aren't there, with these controllers of version 2. Raises OSError."""
    if not group.parent.is_dir():
        make_group(hierarchy, group.parent, controllers)
    if hierarchy.unified and controllers:
        _hand_down(group.parent, controllers)
    try:
        group.mkdir()
    except FileExistsError:
        return
    if not hierarchy.unified and "cpuset" in hierarchy.controllers:
        _fill_cpuset(hierarchy.root, group)
    if not hierarchy.unified and "memory" in hierarchy.controllers:
        _bound_children(group)


def _hand_down(group: Path, controllers: Iterable[str]) -> None:
    """Let a group's children have these controllers."""
    present = (group / "cgroup.subtree_control").read_text().split()
    missing = " ".join(f"+{name}" for name in controllers if name not in present)
    for _ in range(_ROUNDS if missing else 0):
        try:
            (group / "cgroup.subtree_control").write_text(missing)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            _move_processes(group, group / INIT)
        else:
            return
    if missing:
        raise CannotCreate(f"{group} holds processes that can't be moved, so it can't hand down {missing}")


def _move_processes(group: Path, other: Path) -> None:
    """Move what is in a group into another one. A process that ends meanwhile need not be moved."""
    other.mkdir(exist_ok=True)
    for pid in (group / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            (other / "cgroup.procs").write_text(pid)


def _fill_cpuset(root: Path, group: Path) -> None:
    """Let a group have the processors and the memory of its parent, and its children those of theirs."""
    if group == root or _text(group / _CPUSET[0]):
        return
    _fill_cpuset(root, group.parent)
    for name in _CPUSET:
        (group / name).write_text((group.parent / name).read_text())
    (group / "cgroup.clone_children").write_text("1")


def _bound_children(group: Path) -> None:
    """Have a group's bounds hold for all that is below it."""
    if _text(group / "memory.use_hierarchy") == "0":
        (group / "memory.use_hierarchy").write_text("1")


def _text(file: Path) -> str:
    return file.read_text().strip()
