"""From a group's bounds to what is written into its files, for each controller in either version of cgroups: pure.

Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from moyai.domain.sandbox.spec import Memory
from moyai.ports.runtime import CannotCreate

MEBIBYTE = 1024 * 1024
PIDS = 4096
"""Processes and threads a task may have: generous, and no fork bomb takes the machine."""

_PERIOD = 100_000
_UNITS = 1024
_SWAPPINESS = 60
"""ECS's default where there is a maxSwap."""


class Bounds(NamedTuple):
    """Upper bounds; 0 = none. ``share``: weight against siblings, 1024 a core; 0 = the kernel's own."""

    cpu_units: int = 0
    memory: Memory = Memory()
    share: int = 0


def settings(controller: str, bounds: Bounds, *, unified: bool) -> list[tuple[str, str]]:
    """(file, text) for each bound that this controller sets. Raises CannotCreate for what it can't bound."""
    match controller:
        case "cpu":
            return [(name, str(value)) for name, value in _cpu(bounds, unified=unified)]
        case "memory":
            return [(name, str(value)) for name, value in (_memory_v2 if unified else _memory_v1)(bounds.memory)]
        case "pids":
            return [("pids.max", str(PIDS))]
        case _:
            return []


def _cpu(bounds: Bounds, *, unified: bool) -> Iterator[tuple[str, int | str]]:
    quota = bounds.cpu_units * _PERIOD // _UNITS
    if quota and unified:
        yield "cpu.max", f"{quota} {_PERIOD}"
    elif quota:
        yield "cpu.cfs_period_us", _PERIOD
        yield "cpu.cfs_quota_us", quota
    if bounds.share:
        yield ("cpu.weight", _weight(bounds.share)) if unified else ("cpu.shares", max(2, bounds.share))


def _memory_v2(asked: Memory) -> Iterator[tuple[str, int | str]]:
    if asked.swappiness is not None:
        raise CannotCreate("swappiness can't be had: with cgroup v2 it is the whole machine's")
    if asked.limit:
        yield "memory.max", asked.limit * MEBIBYTE
    if asked.reserved:
        yield "memory.low", asked.reserved * MEBIBYTE
    if asked.limit or asked.swap is not None:
        yield "memory.swap.max", (asked.swap or 0) * MEBIBYTE


def _memory_v1(asked: Memory) -> Iterator[tuple[str, int | str]]:
    if asked.limit:
        yield "memory.limit_in_bytes", asked.limit * MEBIBYTE
    if asked.reserved:
        yield "memory.soft_limit_in_bytes", asked.reserved * MEBIBYTE
    if asked.limit and asked.swap is not None:
        yield "memory.memsw.limit_in_bytes", (asked.limit + asked.swap) * MEBIBYTE
    if asked.limit or asked.swap:
        yield "memory.swappiness", (_SWAPPINESS if asked.swappiness is None else asked.swappiness) if asked.swap else 0


def _weight(share: int) -> int:
    """v1 shares (2 to 262144) as a v2 weight (1 to 10000), by the OCI runtimes' formula."""
    return 1 + (max(2, min(share, 262_144)) - 2) * 9999 // 262_142
