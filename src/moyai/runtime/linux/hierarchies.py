"""The cgroup hierarchies of this machine: those of version 1, that of version 2, or both.

Promise: every hierarchy that a process can be in is among them, also one that is mounted nowhere: it is mounted in a
directory of the installation's. Where a container has no group of its own, the root of its cgroup namespace would be
the machine's. A hierarchy that can't be mounted here can't be mounted by a container either, which has fewer rights;
one that doesn't exist yet can be made only in the machine's own cgroup namespace.
Sources: https://man7.org/linux/man-pages/man7/cgroups.7.html, https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from moyai.runtime.linux.mounts import Mount, current_mounts
from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.syscalls import MS_NODEV, MS_NOEXEC, MS_NOSUID

_log = logging.getLogger(__name__)

_MEMBERSHIP = Path("/proc/self/cgroup")
_USUAL_PLACE = "/sys/fs/cgroup"
_UNIFIED = "unified"
_LIMITING = ("cpu", "memory", "pids")


class Hierarchy(NamedTuple):
    """One hierarchy. ``root``: the directory in which its groups begin, as this process sees it; ``controllers``: what
    groups in it can bound; ``unified``: it is version 2's.
    """

    root: Path
    controllers: frozenset[str] = frozenset()
    unified: bool = False


class Hierarchies:
    """This machine's hierarchies. Blocking, for any thread."""

    def __init__(self, private: Path) -> None:
        """``private``: the directory in which those are mounted that are mounted nowhere else."""
        self._private = private
        self._lock = threading.Lock()
        self._names: tuple[str, ...] = ()
        self._found: tuple[Hierarchy, ...] = ()

    def present(self) -> tuple[Hierarchy, ...]:
        """All of them. The mounts are read again only when the kernel has other hierarchies than the last time."""
        names = names_of(_MEMBERSHIP.read_text())
        with self._lock:
            if names != self._names:
                mounts = tuple(current_mounts())
                opened = (root_of(name, mounts, self._private) or self._mount(name) for name in names)
                self._found = tuple(_open(name, root) for name, root in zip(names, opened, strict=True) if root)
                self._names = names
            return self._found

    def _mount(self, name: str) -> Path | None:
        """Mount a hierarchy for this installation. None when that is refused."""
        point = self._private / (name or _UNIFIED)
        point.mkdir(parents=True, exist_ok=True)
        flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
        try:
            syscalls.mount("moyai", str(point), "cgroup" if name else "cgroup2", flags, name or None)
        except OSError as error:
            _log.info("the cgroup hierarchy %s can't be mounted: %s", name or _UNIFIED, error.strerror)
            return None
        return point

    def unmount(self) -> None:
        """Undo what ``present`` has mounted, with the directory for it."""
        with self._lock:
            self._names, self._found = (), ()
            for mount in current_mounts():
                if Path(mount.point).parent == self._private:
                    syscalls.umount(mount.point)
                    Path(mount.point).rmdir()
            with contextlib.suppress(FileNotFoundError):
                self._private.rmdir()


def missing() -> tuple[str, ...]:
    """Limiting controllers that no mounted hierarchy of this machine has."""
    mounts = tuple(current_mounts())
    names = names_of(_MEMBERSHIP.read_text())
    found = [_open(name, root) for name in names if (root := root_of(name, mounts)) is not None]
    return tuple(name for name in _LIMITING if not any(name in one.controllers for one in found))


def names_of(membership: str) -> tuple[str, ...]:
    """The hierarchies in the text of a ``/proc/PID/cgroup``: v1's controllers or its ``name=…``, v2's is empty.

    Version 2's isn't listed before it was mounted for the first time, but it is always there.
    """
    return tuple(dict.fromkeys((*(line.split(":", 2)[1] for line in membership.splitlines()), "")))


def root_of(name: str, mounts: Iterable[Mount], private: Path | None = None) -> Path | None:
    """The mount point of a hierarchy: in the usual place, or else directly below ``private``; None when there is none.

    A mount elsewhere may be another installation's, which goes with it. Without ``private`` every mount counts.
    """
    kind, words = ("cgroup", set(name.split(","))) if name else ("cgroup2", set[str]())
    points = [Path(mount.point) for mount in mounts if mount.file_system == kind and words <= set(mount.options)]
    usual = [point for point in points if point.is_relative_to(_USUAL_PLACE)]
    return next(iter(usual or [point for point in points if private in {None, point.parent}]), None)


def _open(name: str, root: Path) -> Hierarchy:
    if not name:
        return Hierarchy(root, frozenset((root / "cgroup.controllers").read_text().split()), unified=True)
    return Hierarchy(root, frozenset(word for word in name.split(",") if "=" not in word))
