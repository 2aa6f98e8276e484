"""The cgroup hierarchies of this machine: those of version 1, that of version 2, or both.

Promise: every hierarchy that a process can be in is found. One that is mounted nowhere is mounted in a directory of the
installation: a container without a group of its own there would have the machine's root group as the root of its cgroup
namespace. A hierarchy that can't be mounted here can't be mounted by a container either, which has fewer rights; a new
hierarchy can be made only in the machine's own cgroup namespace.
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
_USUAL_DIRECTORY = "/sys/fs/cgroup"
_UNIFIED_NAME = "unified"
_LIMITING_CONTROLLERS = ("cpu", "memory", "pids")


class Hierarchy(NamedTuple):
    """A cgroup hierarchy. ``root``: the directory of its root group, as this process sees it; ``controllers``: the
    resources that its groups can limit; ``is_v2``: whether it is that of version 2.
    """

    root: Path
    controllers: frozenset[str] = frozenset()
    is_v2: bool = False


class Hierarchies:
    """This machine's hierarchies. Blocking, for any thread."""

    def __init__(self, private: Path) -> None:
        """``private``: the directory for mounts of hierarchies that are mounted nowhere else."""
        self._private = private
        self._lock = threading.Lock()
        self._names: tuple[str, ...] = ()
        self._available: tuple[Hierarchy, ...] = ()

    def available(self) -> tuple[Hierarchy, ...]:
        """All hierarchies. The mounts are read again only when the kernel has other hierarchies than the last time."""
        names = hierarchy_names(_MEMBERSHIP.read_text())
        with self._lock:
            if names != self._names:
                mounts = tuple(current_mounts())
                roots = (mount_point_of(name, mounts, self._private) or self._mount(name) for name in names)
                self._available = tuple(
                    _hierarchy_at(name, root) for name, root in zip(names, roots, strict=True) if root
                )
                self._names = names
            return self._available

    def _mount(self, name: str) -> Path | None:
        """Mount a hierarchy in the private directory; None if the kernel refuses."""
        point = self._private / (name or _UNIFIED_NAME)
        point.mkdir(parents=True, exist_ok=True)
        flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
        try:
            syscalls.mount("moyai", str(point), "cgroup" if name else "cgroup2", flags, name or None)
        except OSError as error:
            _log.info("the cgroup hierarchy %s can't be mounted: %s", name or _UNIFIED_NAME, error.strerror)
            return None
        return point

    def unmount(self) -> None:
        """Unmount the hierarchies that ``available`` has mounted, and remove their directory."""
        with self._lock:
            self._names, self._available = (), ()
            for mount in current_mounts():
                if Path(mount.point).parent == self._private:
                    syscalls.umount(mount.point)
                    Path(mount.point).rmdir()
            with contextlib.suppress(FileNotFoundError):
                self._private.rmdir()


def missing_controllers() -> tuple[str, ...]:
    """The limiting controllers that no mounted hierarchy of this machine has."""
    mounts = tuple(current_mounts())
    names = hierarchy_names(_MEMBERSHIP.read_text())
    mounted = [_hierarchy_at(name, root) for name in names if (root := mount_point_of(name, mounts)) is not None]
    return tuple(name for name in _LIMITING_CONTROLLERS if not any(name in h.controllers for h in mounted))


def hierarchy_names(membership: str) -> tuple[str, ...]:
    """The names of the hierarchies in a ``/proc/PID/cgroup``: a v1 hierarchy's controllers or ``name=…``, v2's is "".

    The kernel lists v2 only after it was mounted for the first time, but v2 always exists.
    """
    return tuple(dict.fromkeys((*(line.split(":", 2)[1] for line in membership.splitlines()), "")))


def mount_point_of(name: str, mounts: Iterable[Mount], private: Path | None = None) -> Path | None:
    """The mount point of a hierarchy below ``/sys/fs/cgroup``, or else directly below ``private``; None without any.

    A mount elsewhere may be another installation's, and end with it. If ``private`` is None every mount counts.
    """
    kind, words = ("cgroup", set(name.split(","))) if name else ("cgroup2", set[str]())
    points = [Path(mount.point) for mount in mounts if mount.file_system == kind and words <= set(mount.options)]
    usual = [point for point in points if point.is_relative_to(_USUAL_DIRECTORY)]
    return next(iter(usual or [point for point in points if private in {None, point.parent}]), None)


def _hierarchy_at(name: str, root: Path) -> Hierarchy:
    if not name:
        return Hierarchy(root, frozenset((root / "cgroup.controllers").read_text().split()), is_v2=True)
    return Hierarchy(root, frozenset(word for word in name.split(",") if "=" not in word))
