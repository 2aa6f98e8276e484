"""Limits, behind one small interface over cgroup v1 and v2.

A task has a group with the task's upper bounds; each container has one below it, with its own memory
bound and its share of the processor. Groups live under ``moyai/<installation>`` so that two installations
never meet. A controller that the machine doesn't give us bounds nothing; ``host.check_limits`` says so.
Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from moyai.domain.sandbox.spec import Memory
from moyai.domain.sandbox.state import Usage
from moyai.ports.runtime import CannotCreate
from moyai.runtime.linux.shim.groups import kill_members

MEBIBYTE = 1024 * 1024
PIDS = 4096
"""Processes and threads a task may have: generous, and no fork bomb takes the machine."""

_ROOT = Path("/sys/fs/cgroup")
_PERIOD = 100_000
_UNITS = 1024
_NANOSECONDS, _MICROSECONDS = 1e9, 1e6
_V1 = ("cpu", "cpuacct", "memory", "pids")
_V2 = ("cpu", "memory", "pids")
_DISKS_V1, _DISKS_V2 = "blkio", "io"  # counts only: that a machine lacks it is no loss
_NO_LIMIT = 2**60  # v1 says "unlimited" as the largest multiple of a page
_PATIENCE = 50
_SWAPPINESS = 60
"""ECS's default where there is a maxSwap."""


class Bounds(NamedTuple):
    """Upper bounds; 0 = none. ``share``: weight against siblings, 1024 a core; 0 = the kernel's own."""

    cpu_units: int = 0
    memory: Memory = Memory()
    share: int = 0


class Membership(NamedTuple):
    """What a process needs to be in a group."""

    processes: tuple[str, ...] = ()
    oom_events: str | None = None


class Cgroups:
    """The groups of one installation. Blocking, but only files of the kernel's."""

    def __init__(self, installation: str, root: Path = _ROOT) -> None:
        self._unified = (root / "cgroup.controllers").exists()
        if self._unified:
            bases = {
                name: root
                for name in (*_V2, _DISKS_V2)
                if (root / "cgroup.controllers").read_text().split().count(name)
            }
        else:
            bases = {name: root / name for name in (*_V1, _DISKS_V1) if (root / name / "cgroup.procs").exists()}
        self._root = root
        self._bases: Mapping[str, Path] = {name: (base / "moyai" / installation) for name, base in bases.items()}

    @property
    def missing(self) -> tuple[str, ...]:
        """Controllers that this machine doesn't give us."""
        return tuple(name for name in (_V2 if self._unified else _V1) if name not in self._bases)

    def make(self, group: str, bounds: Bounds) -> Membership:
        """Make a group (``<task>`` or ``<task>/<container>``), set its bounds, and say how to be in it.

        Raises CannotCreate when a bound can't be set.
        """
        try:
            for path in self._paths(group):
                self._make_below_root(path)
            self._limit(group, bounds)
        except OSError as error:
            raise CannotCreate(f"limits can't be set: {error}") from error
        events = self._file("memory", group, "memory.events" if self._unified else "memory.oom_control")
        return Membership(
            tuple(str(path / "cgroup.procs") for path in self._paths(group)),
            str(events) if events else None,
        )

    def _make_below_root(self, path: Path) -> None:
        """Make the directories; in v2 each level must hand its controllers down before a child can have them."""
        for level in [p for p in (*reversed(path.parents), path) if p.is_relative_to(self._root) and p != self._root]:
            if self._unified:
                _hand_down(level.parent, self._bases)
            level.mkdir(exist_ok=True)

    def _paths(self, group: str) -> list[Path]:
        return list(dict.fromkeys(base / group for base in self._bases.values()))

    def _file(self, controller: str, group: str, name: str) -> Path | None:
        base = self._bases.get(controller)
        return base / group / name if base else None

    def _limit(self, group: str, bounds: Bounds) -> None:
        quota = bounds.cpu_units * _PERIOD // _UNITS
        settings: list[tuple[str, str, int | str]] = []
        if self._unified:
            settings += [("cpu", "cpu.max", f"{quota} {_PERIOD}")] * bool(quota)
            settings += [("cpu", "cpu.weight", _weight(bounds.share))] * bool(bounds.share)
            settings += _memory_v2(bounds.memory)
        else:
            settings += [("cpu", "cpu.cfs_period_us", _PERIOD), ("cpu", "cpu.cfs_quota_us", quota)] * bool(quota)
            settings += [("cpu", "cpu.shares", max(2, bounds.share))] * bool(bounds.share)
            settings += _memory_v1(bounds.memory)
        settings.append(("pids", "pids.max", PIDS))
        for controller, name, value in settings:
            file = self._file(controller, group, name)
            if file is not None and (file.exists() or "sw" not in name):  # a kernel without swap has no such file
                file.write_text(str(value))
            elif bounds.memory.swap:
                raise CannotCreate("maxSwap can't be had: this kernel doesn't count what a container swaps out")

    def usage(self, group: str) -> Usage | None:
        """What the processes of a group have used; None when there is no such group."""
        try:
            if self._unified:
                cpu = _table(self._base("cpu") / group / "cpu.stat")["usage_usec"] / _MICROSECONDS
                used, limit = "memory.current", "memory.max"
            else:
                cpu = int((self._base("cpuacct") / group / "cpuacct.usage").read_text()) / _NANOSECONDS
                used, limit = "memory.usage_in_bytes", "memory.limit_in_bytes"
            memory = self._base("memory") / group
            bound = (memory / limit).read_text().strip()
            bytes_allowed = 0 if bound == "max" or int(bound) > _NO_LIMIT else int(bound)
            return Usage(cpu, int((memory / used).read_text()), bytes_allowed, *self._disk(group))
        except (OSError, KeyError):
            return None

    def _disk(self, group: str) -> tuple[int, int]:
        """Bytes read from and written to disks; 0 where nobody counts them."""
        name = "io.stat" if self._unified else "blkio.throttle.io_service_bytes"
        file = self._file(_DISKS_V2 if self._unified else _DISKS_V1, group, name)
        try:
            words = [] if file is None else file.read_text().split()
        except OSError:
            return 0, 0
        if self._unified:
            values = [(word.partition("=")[0], word.partition("=")[2]) for word in words]
        else:
            values = [(word, words[place + 1]) for place, word in enumerate(words[:-1]) if word in {"Read", "Write"}]
        read = sum(int(value) for key, value in values if key in {"rbytes", "Read"})
        return read, sum(int(value) for key, value in values if key in {"wbytes", "Write"})

    def process(self, group: str) -> int | None:
        """The id of a process in a group."""
        for path in self._paths(group):
            try:
                return int((path / "cgroup.procs").read_text().split()[0])
            except (OSError, IndexError):
                continue
        return None

    def _base(self, controller: str) -> Path:
        return self._bases[controller]

    def remove(self, group: str) -> None:
        """Remove a group and those below it, and whatever process is still in them."""
        for top in self._paths(group):
            below = sorted(top.rglob("*/"), key=lambda path: len(path.parts), reverse=True) if top.exists() else []
            for path in (*below, top):
                kill_members(str(path))
                _remove(path)

    def destroy(self) -> None:
        """Remove all groups of the installation, and the common parent when no other installation uses it."""
        self.remove("")
        for base in dict.fromkeys(self._bases.values()):
            with contextlib.suppress(OSError):
                base.parent.rmdir()


def _memory_v2(asked: Memory) -> list[tuple[str, str, int | str]]:
    if asked.swappiness is not None:
        raise CannotCreate("swappiness can't be had: with cgroup v2 it is the whole machine's")
    bounded = bool(asked.limit) or asked.swap is not None
    return [
        *[("memory", "memory.max", asked.limit * MEBIBYTE)] * bool(asked.limit),
        *[("memory", "memory.low", asked.reserved * MEBIBYTE)] * bool(asked.reserved),
        *[("memory", "memory.swap.max", (asked.swap or 0) * MEBIBYTE)] * bounded,
    ]


def _memory_v1(asked: Memory) -> list[tuple[str, str, int | str]]:
    together = (asked.limit + (asked.swap or 0)) * MEBIBYTE
    swappiness = _SWAPPINESS if asked.swappiness is None else asked.swappiness
    return [
        *[("memory", "memory.limit_in_bytes", asked.limit * MEBIBYTE)] * bool(asked.limit),
        *[("memory", "memory.soft_limit_in_bytes", asked.reserved * MEBIBYTE)] * bool(asked.reserved),
        *[("memory", "memory.memsw.limit_in_bytes", together)] * bool(asked.limit and asked.swap),
        *[("memory", "memory.swappiness", swappiness if asked.swap else 0)] * bool(asked.limit or asked.swap),
    ]


def _hand_down(level: Path, controllers: Iterable[str]) -> None:
    present = (level / "cgroup.subtree_control").read_text().split()
    wanted = [name for name in controllers if name not in present]
    if wanted:
        (level / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in wanted))


def _weight(share: int) -> int:
    """v1 shares (2 to 262144) as a v2 weight (1 to 10000), by the OCI runtimes' formula."""
    return 1 + (max(2, min(share, 262_144)) - 2) * 9999 // 262_142


def _table(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}


def _remove(path: Path) -> None:
    """Remove one directory. After the last process has died the kernel may need a moment to notice."""
    for _ in range(_PATIENCE):
        try:
            path.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if not path.is_dir():
                return
            select.select([], [], [], 0.02)
        else:
            return
