"""The text for each file of a group that sets a limit, in both versions of cgroups: pure.

Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from moyai.domain.sandbox.spec import MemoryLimits
from moyai.ports.runtime import CannotCreate

MEBIBYTE = 1024 * 1024
MAX_PROCESSES = 4096
"""Processes and threads that a task may have: a fork bomb does not take the machine."""

_PERIOD = 100_000
_UNITS = 1024
_SWAPPINESS = 60
"""The default of ECS for a container with a maxSwap."""


class GroupLimits(NamedTuple):
    """The limits of a group; 0 = none. ``share``: weight among siblings, 1024 for a core; 0 = the kernel's default."""

    cpu_units: int = 0
    memory: MemoryLimits = MemoryLimits()
    share: int = 0


def controller_files(controller: str, limits: GroupLimits, *, is_v2: bool) -> list[tuple[str, str]]:
    """(file, text) for each limit that a controller sets. Raises CannotCreate for a limit that it can't set."""
    match controller:
        case "cpu":
            return [(name, str(value)) for name, value in _cpu(limits, is_v2=is_v2)]
        case "memory":
            return [(name, str(value)) for name, value in (_memory_v2 if is_v2 else _memory_v1)(limits.memory)]
        case "pids":
            return [("pids.max", str(MAX_PROCESSES))]
        case _:
            return []


def _cpu(limits: GroupLimits, *, is_v2: bool) -> Iterator[tuple[str, int | str]]:
    quota = limits.cpu_units * _PERIOD // _UNITS
    if quota and is_v2:
        yield "cpu.max", f"{quota} {_PERIOD}"
    elif quota:
        yield "cpu.cfs_period_us", _PERIOD
        yield "cpu.cfs_quota_us", quota
    if limits.share:
        yield ("cpu.weight", _weight(limits.share)) if is_v2 else ("cpu.shares", max(2, limits.share))


def _memory_v2(memory: MemoryLimits) -> Iterator[tuple[str, int | str]]:
    if memory.swappiness is not None:
        raise CannotCreate("swappiness is not available: with cgroup v2 it is the whole machine's")
    if memory.limit:
        yield "memory.max", memory.limit * MEBIBYTE
    if memory.reserved:
        yield "memory.low", memory.reserved * MEBIBYTE
    if memory.limit or memory.swap is not None:
        yield "memory.swap.max", (memory.swap or 0) * MEBIBYTE


def _memory_v1(memory: MemoryLimits) -> Iterator[tuple[str, int | str]]:
    if memory.limit:
        yield "memory.limit_in_bytes", memory.limit * MEBIBYTE
    if memory.reserved:
        yield "memory.soft_limit_in_bytes", memory.reserved * MEBIBYTE
    if memory.limit and memory.swap is not None:
        yield "memory.memsw.limit_in_bytes", (memory.limit + memory.swap) * MEBIBYTE
    if memory.limit or memory.swap:
        yield (
            "memory.swappiness",
            (_SWAPPINESS if memory.swappiness is None else memory.swappiness) if memory.swap else 0,
        )


def _weight(share: int) -> int:
    """v1 shares (2 to 262144) as a v2 weight (1 to 10000), by the OCI runtimes' formula."""
    return 1 + (max(2, min(share, 262_144)) - 2) * 9999 // 262_142
