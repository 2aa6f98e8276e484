"""The resources that a task uses, as the kernel counts them.

Source: https://man7.org/linux/man-pages/man5/proc_pid_net.5.html
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from moyai.domain.sandbox.state import ContainerPhase, NetworkUsage, SandboxState, Usage
from moyai.runtime.linux.cgroups.groups import Cgroups

_RECEIVED, _SENT = 0, 8
_PROC: Final = Path("/proc")


def container_usage(cgroups: Cgroups, state: SandboxState | None) -> Mapping[str, Usage]:
    """The resources that each running container of a task has used."""
    if state is None:
        return {}
    running = (name for name, container in state.containers.items() if container.phase is ContainerPhase.RUNNING)
    usages = {name: cgroups.usage(f"{state.task}/{name}") for name in running}
    return {name: usage for name, usage in usages.items() if usage is not None}


def network_usage(cgroups: Cgroups, state: SandboxState | None) -> NetworkUsage | None:
    """The traffic of a task's own network; None if no process of the task runs, or its network is the machine's."""
    processes = (cgroups.any_process(f"{state.task}/{name}") for name in state.containers) if state else ()
    pid = next((pid for pid in processes if pid is not None), None)
    return None if pid is None else process_network_usage(pid)


def process_network_usage(pid: int) -> NetworkUsage | None:
    """The traffic of a process's network; None if the process has ended, or its network is the machine's."""
    try:
        if (_PROC / f"{pid}/ns/net").stat().st_ino == (_PROC / "self/ns/net").stat().st_ino:
            return None
        return parse_counters((_PROC / f"{pid}/net/dev").read_text())
    except OSError:
        return None


def parse_counters(text: str) -> NetworkUsage:
    """The sums of a ``/proc/<pid>/net/dev``, without loopback."""
    rows = [line.partition(":") for line in text.splitlines() if ":" in line]
    values = [numbers.split() for name, _, numbers in rows if name.strip() != "lo"]
    return NetworkUsage(sum(int(row[_RECEIVED]) for row in values), sum(int(row[_SENT]) for row in values))
