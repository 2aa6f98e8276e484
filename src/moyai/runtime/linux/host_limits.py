"""The machine's limits that tasks and the control plane meet first, and what happens then.

Promise: reads limits and changes none. A limit that a process here may raise is not reported.
Sources: https://man7.org/linux/man-pages/man2/getrlimit.2.html, https://docs.kernel.org/admin-guide/sysctl/user.html
"""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_OPEN_FILES: Final = 65_535
"""The number that Fargate allows containers, and that the control plane needs for a few thousand proxies."""
_NAMESPACES: Final = 1000
"""Each task needs a network namespace and a user namespace, and each container some others."""
_NAMESPACE_KINDS: Final = ("net", "user", "mnt", "pid")
_SYSCTL: Final = Path("/proc/sys/user")
_CAP_SYS_RESOURCE: Final = 24
_DISK_BYTES: Final = 1024**3


def low_limits(state: Path | None = None) -> Iterator[str]:
    """A line for each low limit, with its consequence and remedy. ``state``: the state directory."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < _OPEN_FILES and not _may_raise_limits():
        yield (
            f"the hard limit of open files (nofile) is {hard} here, and this process may not raise it: containers get "
            f"no more, and a task definition that asks for more fails to start; raise it to {_OPEN_FILES}, as with "
            f"`ulimit -Hn {_OPEN_FILES}`, or `--ulimit nofile={_OPEN_FILES}` of a container engine"
        )
    for kind in _NAMESPACE_KINDS:
        limit = _namespaces(kind)
        if limit is not None and limit < _NAMESPACES:
            name = f"user.max_{kind}_namespaces"
            yield f"{name} is {limit}: no more tasks than that can start; sysctl -w {name}={_NAMESPACES}, or more"
    if state is not None:
        free = shutil.disk_usage(next(path for path in (state, *state.parents) if path.exists())).free
        if free < _DISK_BYTES:
            yield f"{free // 1024**2} MiB are free where {state} is: images and logs soon fill that; free some space"


def _may_raise_limits() -> bool:
    """Whether this process has CAP_SYS_RESOURCE, which root in a container may lack."""
    lines = Path("/proc/self/status").read_text().splitlines()
    effective = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
    return os.geteuid() == 0 and bool(int(effective, 16) >> _CAP_SYS_RESOURCE & 1)


def _namespaces(kind: str) -> int | None:
    try:
        return int((_SYSCTL / f"max_{kind}_namespaces").read_text())
    except (OSError, ValueError):
        return None
