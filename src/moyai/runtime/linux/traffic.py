"""What has gone through a task's network, as the kernel counts it for whoever is in that network.

Source: https://man7.org/linux/man-pages/man5/proc_pid_net.5.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from moyai.domain.sandbox.state import NetworkUsage

_RECEIVED, _SENT = 0, 8
_PROC: Final = Path("/proc")


def network_usage(process: int) -> NetworkUsage | None:
    """What the interfaces of the process's network have carried, loopback left out; None when it has ended, or when its
    network is the machine's own.
    """
    try:
        if (_PROC / f"{process}/ns/net").stat().st_ino == (_PROC / "self/ns/net").stat().st_ino:
            return None
        return counted((_PROC / f"{process}/net/dev").read_text())
    except OSError:
        return None


def counted(text: str) -> NetworkUsage:
    """The sums of a ``/proc/<pid>/net/dev``."""
    rows = [line.partition(":") for line in text.splitlines() if ":" in line]
    values = [numbers.split() for name, _, numbers in rows if name.strip() != "lo"]
    return NetworkUsage(sum(int(row[_RECEIVED]) for row in values), sum(int(row[_SENT]) for row in values))
