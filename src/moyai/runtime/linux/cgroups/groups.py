"""The control groups of tasks and containers, with their limits, in every cgroup hierarchy of this machine.

A task has a group with the task's upper limits. Each container has a group below it, with its own memory limit and its
CPU shares. The processes of the container are in ``payload`` below that, which is the root of their cgroup namespace: a
container that can mount cgroups sees none of the groups that limit it. A container has its group in every hierarchy,
also in those that limit nothing, or it would be in the machine's own group there. Groups live under
``moyai/<installation>`` so that two installations share none. A controller that the machine does not offer limits
nothing; ``host.check_optional_features`` reports it.

The kernel divides processors among the members of a group, which may be groups or processes. Where the group ``moyai``
has processes beside it, as in the root group of a machine without systemd, all tasks together would get as much time as
one of these processes. There an installation gets the weight of one process for each processor, as all pods of a
Kubernetes node do.
Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from moyai.domain.sandbox.state import Usage
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate, NotStopped
from moyai.runtime.linux.cgroups.cgroupfs import REMOVED, make_group
from moyai.runtime.linux.cgroups.hierarchies import Hierarchy
from moyai.runtime.linux.cgroups.limits import GroupLimits, controller_files
from moyai.runtime.linux.shim import cgroup_processes

PAYLOAD = "payload"
"""The group of a container's processes, below the one that limits them."""

SYSTEM_PREFIX = "~"
"""The prefix of a group's name that is neither a task nor a container of a task definition."""

_OWN = "moyai"
_V1_SHARES, _V2_WEIGHT = ("cpu.shares", 1024, 262_144), ("cpu.weight", 100, 10_000)
"""The file with a group's weight for processors, the weight of a process beside the group, and the largest weight."""
_NANOSECONDS, _MICROSECONDS = 1e9, 1e6
_V2_CONTROLLERS = frozenset({"cpu", "memory", "pids", "io"})
_MEMORY_V1 = ("memory.usage_in_bytes", "memory.limit_in_bytes")
_MEMORY_V2 = ("memory.current", "memory.max")
_NO_LIMIT = 2**60  # v1 shows "unlimited" as the largest multiple of a page
_MAX_NAMED = 10
_UNINTERRUPTIBLE = (
    "it is in uninterruptible sleep, most often for a disk or a network file system;"
    " it ends when that answers, or when this machine restarts"
)


class Membership(NamedTuple):
    """How a process joins a group. ``processes``: the files that it writes 0 into; ``oom_events``: the file that counts
    the group's processes that the kernel killed for lack of memory; ``shown``: the directories of the group, with their
    names below the container's ``/sys/fs/cgroup``, empty for that of version 2.
    """

    processes: tuple[str, ...] = ()
    oom_events: str | None = None
    shown: tuple[tuple[str, str], ...] = ()


class Cgroups:
    """The groups of one installation. Blocking, but only on files of the kernel."""

    def __init__(self, installation: str, hierarchies: Callable[[], Sequence[Hierarchy]]) -> None:
        """``hierarchies``: gives the hierarchies that the machine has now."""
        self._installation = installation
        self._hierarchies = hierarchies
        self._shares_processors = False

    def create(self, group: str, limits: GroupLimits) -> None:
        """Make a group and set its limits. Raises CannotCreate if a limit can't be set."""
        try:
            for hierarchy in self._hierarchies():
                path = self._path(hierarchy, group)
                make_group(hierarchy, path, sorted(hierarchy.controllers & _V2_CONTROLLERS) if hierarchy.is_v2 else ())
                _write_limits(hierarchy, path, limits)
            if not self._shares_processors:  # once in each control plane: an earlier one may have been killed before
                self._share_processors()
                self._shares_processors = True
        except OSError as error:
            raise CannotCreate(f"limits can't be set: {error}") from error
        if limits.memory.swap and self._find("memory", group) is None:
            raise CannotCreate("maxSwap is not available: this machine has no memory controller")

    def create_for_container(self, group: str, limits: GroupLimits) -> Membership:
        """Make the groups of a container, and return how its processes join them. Raises CannotCreate.

        An earlier attempt may have left its groups frozen or killed: those are replaced.
        """
        self.create(group, limits)
        cgroup_processes.reset(self._paths(f"{group}/{PAYLOAD}"))
        files = []
        try:
            for hierarchy in self._hierarchies():
                payload = self._path(hierarchy, group) / PAYLOAD
                make_group(hierarchy, payload)
                # v1: a thread that moves itself takes no lock that all forks of the machine wait for; a process does.
                files.append(str(payload / ("cgroup.procs" if hierarchy.is_v2 else "tasks")))
        except OSError as error:
            raise CannotCreate(f"the container's control groups can't be made: {error}") from error
        return Membership(tuple(files), self._oom_events(group), self._visible_groups(group))

    def _share_processors(self) -> None:
        """Where processes are beside ``moyai``, let each installation count as one process for each processor."""
        cpu = self._find("cpu", "")
        if cpu is None or str(os.getpid()) not in (cpu[0].root / "cgroup.procs").read_text().split():
            return
        hierarchy, installation = cpu
        processors = os.cpu_count() or 1
        installations = [path for path in installation.parent.glob("*") if path.is_dir()]
        file, process_weight, max_weight = _V2_WEIGHT if hierarchy.is_v2 else _V1_SHARES
        for group, count in ((installation.parent, len(installations)), *((each, 1) for each in installations)):
            try:
                (group / file).write_text(str(min(count * processors * process_weight, max_weight)))
            except OSError as error:
                if error.errno not in REMOVED:  # by another control plane, meanwhile
                    raise

    def _visible_groups(self, group: str) -> tuple[tuple[str, str], ...]:
        """The groups that a container sees: those of version 1 if it has any controllers, or else that of version 2."""
        hierarchies = self._hierarchies()
        legacy = [hierarchy for hierarchy in hierarchies if not hierarchy.is_v2]
        if any(hierarchy.controllers for hierarchy in legacy):
            return tuple((str(self._path(h, group)), h.root.name.removeprefix("name=")) for h in legacy)
        return tuple((str(self._path(h, group)), "") for h in hierarchies if h.is_v2)

    def _oom_events(self, group: str) -> str | None:
        """See ``Membership``. Version 2 counts a kill in every group above the process, version 1 only in its own."""
        memory = self._find("memory", group)
        if memory is None:
            return None
        hierarchy, path = memory
        return str(path / "memory.events" if hierarchy.is_v2 else path / PAYLOAD / "memory.oom_control")

    def _path(self, hierarchy: Hierarchy, group: str) -> Path:
        return hierarchy.root / _OWN / self._installation / group

    def _paths(self, group: str) -> list[str]:
        return [str(self._path(hierarchy, group)) for hierarchy in self._hierarchies()]

    def _find(self, controller: str, group: str) -> tuple[Hierarchy, Path] | None:
        """The hierarchy with a controller, and the group's directory there; None if no hierarchy has it."""
        having = (h for h in self._hierarchies() if controller in h.controllers)
        return next(((hierarchy, self._path(hierarchy, group)) for hierarchy in having), None)

    def exists(self, group: str) -> bool:
        """Whether a group exists in any hierarchy."""
        return any(self._path(hierarchy, group).is_dir() for hierarchy in self._hierarchies())

    def tasks(self) -> frozenset[TaskId]:
        """The tasks that have a group, empty or not."""
        tops = (self._path(hierarchy, "") for hierarchy in self._hierarchies())
        names = (path.name for top in tops if top.is_dir() for path in top.iterdir() if path.is_dir())
        return frozenset(TaskId(name) for name in names if not name.startswith(SYSTEM_PREFIX))

    def usage(self, group: str) -> Usage | None:
        """The resources that a group's processes have used; None if the group does not exist."""
        memory = self._find("memory", group)
        if memory is None:
            return None
        hierarchy, path = memory
        usage_file, limit_file = _MEMORY_V2 if hierarchy.is_v2 else _MEMORY_V1
        try:
            limit = (path / limit_file).read_text().strip()
            limit_bytes = 0 if limit == "max" or int(limit) > _NO_LIMIT else int(limit)
            return Usage(self._cpu(group), int((path / usage_file).read_text()), limit_bytes, *self._disk(group))
        except (OSError, KeyError):
            return None

    def _cpu(self, group: str) -> float:
        """CPU seconds; 0 if no controller counts them. Raises OSError and KeyError."""
        if (legacy := self._find("cpuacct", group)) is not None:
            return int((legacy[1] / "cpuacct.usage").read_text()) / _NANOSECONDS
        v2 = next((h for h in self._hierarchies() if h.is_v2), None)
        path = None if v2 is None else self._path(v2, group) / "cpu.stat"
        return 0 if path is None else _parse_table(path)["usage_usec"] / _MICROSECONDS

    def _disk(self, group: str) -> tuple[int, int]:
        """Bytes read from and written to disks; 0 if no controller counts them."""
        v1, v2 = self._find("blkio", group), self._find("io", group)
        try:
            if v1 is not None:  # a line "8:0 Read 4096"
                words = (v1[1] / "blkio.throttle.io_service_bytes_recursive").read_text().split()
                counts = [(word, words[n + 1]) for n, word in enumerate(words[:-1]) if word in {"Read", "Write"}]
            else:  # a line "8:0 rbytes=4096 wbytes=0 …"
                words = [] if v2 is None else (v2[1] / "io.stat").read_text().split()
                counts = [(word.partition("=")[0], word.partition("=")[2]) for word in words]
        except OSError:
            return 0, 0
        read = sum(int(value) for key, value in counts if key in {"rbytes", "Read"})
        return read, sum(int(value) for key, value in counts if key in {"wbytes", "Write"})

    def any_process(self, group: str) -> int | None:
        """The id of a process in a group or below it; None if there is none."""
        return next(iter(cgroup_processes.members_below(self._paths(group)[:1])), None)

    def kill_before_removal(self, group: str) -> None:
        """Kill all processes in a group that is removed next, and below it, frozen ones too. Raises NotStopped."""
        self._raise_if_alive(cgroup_processes.kill_before_removal(self._paths(group)))

    def remove(self, group: str) -> None:
        """Remove a group and those below it, after killing their processes. Raises NotStopped."""
        self._raise_if_alive(cgroup_processes.remove(self._paths(group)))

    def _raise_if_alive(self, processes: Sequence[int]) -> None:
        if processes:
            raise NotStopped("; ".join(self._describe(pid) for pid in processes[:_MAX_NAMED]))

    def _describe(self, pid: int) -> str:
        """A sentence about a process that could not be killed: its task, its name and the reason."""
        process = Path("/proc", str(pid))
        try:
            _, _, group = (process / "cgroup").read_text().partition(f"/{_OWN}/{self._installation}/")
            status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
        except OSError:
            return f"process {pid} took too long to end"
        name, state = status["Name"], status["State"]
        reason = _UNINTERRUPTIBLE if state.startswith("D") else f"its state is {state}"
        return f"task {group.partition('/')[0]}: process {pid} ({name}) did not end when it was killed: {reason}"

    def destroy(self) -> None:
        """Remove all groups of the installation, and the common parent if no other installation uses it.

        Raises NotStopped.
        """
        self.remove("")
        for hierarchy in self._hierarchies():
            with contextlib.suppress(OSError):
                (hierarchy.root / _OWN).rmdir()
        self._share_processors()


def _write_limits(hierarchy: Hierarchy, group: Path, limits: GroupLimits) -> None:
    for controller in hierarchy.controllers:
        for name, text in controller_files(controller, limits, is_v2=hierarchy.is_v2):
            file = group / name
            if "sw" not in name or file.exists():  # a kernel without swap accounting has no such file
                file.write_text(text)
            elif limits.memory.swap:
                raise CannotCreate("maxSwap is not available: this kernel doesn't count what a container swaps out")


def _parse_table(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}
