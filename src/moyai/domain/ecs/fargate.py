"""The sizes of Fargate tasks, and the notations of sizes.

Promise: sizes are stored and shown as decimal strings of CPU units and MiB, in whatever notation they were given.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

UNITS_PER_VCPU = 1024
MIB_PER_GB = 1024
_CPU = re.compile(r"([0-9]{1,9}|[0-9]{0,6}\.[0-9]{1,5}) *(vcpu)?", re.IGNORECASE)
_MEMORY = re.compile(r"([0-9]{1,9}|[0-9]{0,6}\.[0-9]{1,5}) *(gb)?", re.IGNORECASE)


def _steps(first_gb: int, last_gb: int, step_gb: int = 1) -> frozenset[int]:
    return frozenset(gb * MIB_PER_GB for gb in range(first_gb, last_gb + 1, step_gb))


FARGATE_SIZES: Mapping[int, frozenset[int]] = MappingProxyType(
    {
        256: frozenset({512, 1024, 2048}),
        512: _steps(1, 4),
        1024: _steps(2, 8),
        2048: _steps(4, 16),
        4096: _steps(8, 30),
        8192: _steps(16, 60, 4),
        16384: _steps(32, 120, 8),
        32768: frozenset({60 * MIB_PER_GB, 120 * MIB_PER_GB, 244 * MIB_PER_GB}),
    }
)
"""The amounts of memory (MiB) that are possible with each number of CPU units."""


def cpu_units(text: str) -> int | None:
    """``1024``, ``1 vCPU`` or ``.5 vcpu`` in CPU units; None for other text."""
    return _amount(_CPU.fullmatch(text.strip()), UNITS_PER_VCPU)


def memory_mib(text: str) -> int | None:
    """``2048``, ``2 GB`` or ``0.5GB`` in MiB; None for other text."""
    return _amount(_MEMORY.fullmatch(text.strip()), MIB_PER_GB)


def _amount(match: re.Match[str] | None, unit: int) -> int | None:
    if match is None:
        return None
    number, unit_name = match.groups()
    if unit_name:
        return round(float(number) * unit)
    return int(number) if number.isdecimal() else None
