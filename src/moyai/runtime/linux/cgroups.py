"""Groups of tasks and containers, with their limits, over every hierarchy of cgroups that this machine has.

A task has a group with the task's upper bounds. Each container has one below it with its own memory bound and its
share of the processor, and the processes of the container are in ``payload`` below that one, which is the root of their
cgroup namespace: whoever can mount there sees none of the groups that bound him. It is so in every hierarchy, also in
those that bound nothing, or the container would be in the machine's own group there. Groups live under
``moyai/<installation>`` so that two installations never meet. A controller that the machine doesn't give us bounds
nothing; ``host.check_limits`` says so.
Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from moyai.domain.sandbox.state import Usage
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, NotStopped
from moyai.runtime.linux.cgroupfs import make_group
from moyai.runtime.linux.hierarchies import Hierarchy
from moyai.runtime.linux.limits import Bounds, settings
from moyai.runtime.linux.shim import groups

PAYLOAD = "payload"
"""The group of a container's processes, below the one that bounds them."""

NO_TASK = "~"
"""How the name of a group begins that is neither a task's nor a container's."""

_OWN = "moyai"
_NANOSECONDS, _MICROSECONDS = 1e9, 1e6
_USED_V2 = frozenset({"cpu", "memory", "pids", "io"})
_MEMORY_V1 = ("memory.usage_in_bytes", "memory.limit_in_bytes")
_MEMORY_V2 = ("memory.current", "memory.max")
_NO_LIMIT = 2**60  # v1 says "unlimited" as the largest multiple of a page
_MOST_NAMED = 10
_WHY = (
    "it is in uninterruptible sleep, most often for a disk or a network file system;"
    " it ends when that answers, or when this machine restarts"
)


class Membership(NamedTuple):
    """What a process needs to be in a group: the files it writes 0 into, and the one that counts its group's deaths for
    want of memory.
    """

    processes: tuple[str, ...] = ()
    oom_events: str | None = None


class Cgroups:
    """The groups of one installation. Blocking, but only files of the kernel's."""

    def __init__(self, installation: str, hierarchies: Callable[[], Sequence[Hierarchy]]) -> None:
        """``hierarchies``: tells those that there are now."""
        self._installation = installation
        self._hierarchies = hierarchies

    def make(self, group: str, bounds: Bounds) -> None:
        """Make a group and set its bounds. Raises CannotCreate when one can't be set."""
        try:
            for hierarchy in self._hierarchies():
                path = self._path(hierarchy, group)
                make_group(hierarchy, path, sorted(hierarchy.controllers & _USED_V2) if hierarchy.unified else ())
                _limit(hierarchy, path, bounds)
        except OSError as error:
            raise CannotCreate(f"limits can't be set: {error}") from error
        if bounds.memory.swap and self._find("memory", group) is None:
            raise CannotCreate("maxSwap can't be had: this machine has no memory controller")

    def make_container(self, group: str, bounds: Bounds) -> Membership:
        """The same for a container, and how to be in it."""
        self.make(group, bounds)
        files = []
        try:
            for hierarchy in self._hierarchies():
                payload = self._path(hierarchy, group) / PAYLOAD
                make_group(hierarchy, payload)
                # A thread that moves itself need not wait for every other one of the machine, as a process does.
                files.append(str(payload / ("cgroup.procs" if hierarchy.unified else "tasks")))
        except OSError as error:
            raise CannotCreate(f"the container's control groups can't be made: {error}") from error
        return Membership(tuple(files), self._oom_events(group))

    def _oom_events(self, group: str) -> str | None:
        """Version 2 counts a death in every group above it, version 1 in the one it happened in."""
        found = self._find("memory", group)
        if found is None:
            return None
        hierarchy, path = found
        return str(path / "memory.events" if hierarchy.unified else path / PAYLOAD / "memory.oom_control")

    def _path(self, hierarchy: Hierarchy, group: str) -> Path:
        return hierarchy.root / _OWN / self._installation / group

    def _paths(self, group: str) -> list[str]:
        return [str(self._path(hierarchy, group)) for hierarchy in self._hierarchies()]

    def _find(self, controller: str, group: str) -> tuple[Hierarchy, Path] | None:
        """The group in the hierarchy that has a controller; None when there is none."""
        found = (h for h in self._hierarchies() if controller in h.controllers)
        return next(((hierarchy, self._path(hierarchy, group)) for hierarchy in found), None)

    def exists(self, group: str) -> bool:
        """Whether a group is there in any hierarchy."""
        return any(self._path(hierarchy, group).is_dir() for hierarchy in self._hierarchies())

    def tasks(self) -> frozenset[TaskId]:
        """The tasks that have a group, whether anything is in it or not."""
        tops = (self._path(hierarchy, "") for hierarchy in self._hierarchies())
        found = (path.name for top in tops if top.is_dir() for path in top.iterdir() if path.is_dir())
        return frozenset(TaskId(name) for name in found if not name.startswith(NO_TASK))

    def usage(self, group: str) -> Usage | None:
        """What the processes of a group have used; None when there is no such group."""
        found = self._find("memory", group)
        if found is None:
            return None
        hierarchy, path = found
        used, limit = _MEMORY_V2 if hierarchy.unified else _MEMORY_V1
        try:
            bound = (path / limit).read_text().strip()
            bytes_allowed = 0 if bound == "max" or int(bound) > _NO_LIMIT else int(bound)
            return Usage(self._cpu(group), int((path / used).read_text()), bytes_allowed, *self._disk(group))
        except (OSError, KeyError):
            return None

    def _cpu(self, group: str) -> float:
        """Seconds; 0 where nobody counts them. Raises OSError and KeyError."""
        if (legacy := self._find("cpuacct", group)) is not None:
            return int((legacy[1] / "cpuacct.usage").read_text()) / _NANOSECONDS
        unified = next((h for h in self._hierarchies() if h.unified), None)
        path = None if unified is None else self._path(unified, group) / "cpu.stat"
        return 0 if path is None else _table(path)["usage_usec"] / _MICROSECONDS

    def _disk(self, group: str) -> tuple[int, int]:
        """Bytes read from and written to disks; 0 where nobody counts them."""
        legacy, unified = self._find("blkio", group), self._find("io", group)
        try:
            if legacy is not None:  # a line "8:0 Read 4096"
                words = (legacy[1] / "blkio.throttle.io_service_bytes_recursive").read_text().split()
                counts = [(word, words[n + 1]) for n, word in enumerate(words[:-1]) if word in {"Read", "Write"}]
            else:  # a line "8:0 rbytes=4096 wbytes=0 …"
                words = [] if unified is None else (unified[1] / "io.stat").read_text().split()
                counts = [(word.partition("=")[0], word.partition("=")[2]) for word in words]
        except OSError:
            return 0, 0
        read = sum(int(value) for key, value in counts if key in {"rbytes", "Read"})
        return read, sum(int(value) for key, value in counts if key in {"wbytes", "Write"})

    def process(self, group: str) -> int | None:
        """The id of a process in a group or below it."""
        return next(iter(groups.members_below(self._paths(group)[:1])), None)

    def kill(self, group: str) -> None:
        """Kill what is in a group and below it, frozen or not. Raises NotStopped."""
        self._check(groups.end(self._paths(group)))

    def remove(self, group: str) -> None:
        """Remove a group and those below it, and whatever process is still in them. Raises NotStopped."""
        self._check(groups.remove(self._paths(group)))

    def _check(self, left: Sequence[int]) -> None:
        if left:
            raise NotStopped("; ".join(self._describe(pid) for pid in left[:_MOST_NAMED]))

    def _describe(self, pid: int) -> str:
        """Who a process is that could not be killed, and why not."""
        process = Path("/proc", str(pid))
        try:
            _, _, group = (process / "cgroup").read_text().partition(f"/{_OWN}/{self._installation}/")
            status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
        except OSError:
            return f"process {pid} took too long to end"
        name, why = status["Name"], _WHY if status["State"].startswith("D") else f"its state is {status['State']}"
        return f"task {group.partition('/')[0]}: process {pid} ({name}) did not end when it was killed: {why}"

    def destroy(self) -> None:
        """Remove all groups of the installation, and the common parent when no other installation uses it.

        Raises NotStopped.
        """
        self.remove("")
        for hierarchy in self._hierarchies():
            with contextlib.suppress(OSError):
                (hierarchy.root / _OWN).rmdir()


def _limit(hierarchy: Hierarchy, group: Path, bounds: Bounds) -> None:
    for controller in hierarchy.controllers:
        for name, text in settings(controller, bounds, unified=hierarchy.unified):
            file = group / name
            if "sw" not in name or file.exists():  # a kernel that doesn't count swapping has no such file
                file.write_text(text)
            elif bounds.memory.swap:
                raise CannotCreate("maxSwap can't be had: this kernel doesn't count what a container swaps out")


def _table(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}
