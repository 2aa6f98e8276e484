"""Checks whether this machine can run tasks, which optional features it lacks, and which of its limits are low.

Promise: reads limits and changes none. A limit that a process here may raise is not reported.
Sources: https://man7.org/linux/man-pages/man2/getrlimit.2.html, https://docs.kernel.org/admin-guide/sysctl/user.html
"""

from __future__ import annotations

import os
import resource
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from moyai.runtime.linux import user_namespaces
from moyai.runtime.linux.cgroups import hierarchies
from moyai.runtime.linux.network import listeners
from moyai.runtime.linux.seccomp import libseccomp
from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.tasks import disks, user_ids

_OPEN_FILES: Final = 65_535
"""The number that Fargate allows containers, and that the control plane needs for a few thousand proxies."""
_NAMESPACES: Final = 1000
"""Each task needs a network namespace and a user namespace, and each container some others."""
_NAMESPACE_KINDS: Final = ("net", "user", "mnt", "pid")
_SYSCTL: Final = Path("/proc/sys/user")
_CAP_SYS_RESOURCE: Final = 24
_DISK_BYTES: Final = 1024**3


def check_host() -> list[str]:
    """The reasons why tasks can't run here, one line each with a remedy; empty when they can."""
    if os.geteuid() != 0:
        return ["tasks run in namespaces of their own, which takes root: run moyai as root (sudo)"]
    reasons = []
    if shutil.which("nft") is None:
        reasons.append("nft is missing: install your system's package nftables")
    if not libseccomp.is_installed():
        reasons.append("libseccomp is missing: install your system's package libseccomp2 or libseccomp")
    if not _can_unshare():
        reasons.append("the kernel refuses new namespaces here: in a container, start it with --privileged")
    if "overlay" not in Path("/proc/filesystems").read_text().split() and not Path("/sys/module/overlay").exists():
        reasons.append("the kernel has no overlay file system: modprobe overlay")
    return reasons


def check_optional_features(state: Path | None = None) -> list[str]:
    """The features that this machine lacks and tasks can run without, one line each with the consequence.

    ``state``: the state directory, on whose file system some depend.
    """
    warnings = []
    existing = () if state is None else (next(path for path in (state, *state.parents) if path.exists()),)
    if os.geteuid() == 0 and (reason := user_namespaces.missing_requirement(user_ids.FIRST, existing)) is not None:
        warnings.append(f"{reason}: {user_namespaces.CONSEQUENCE}")
    if controllers := hierarchies.missing_controllers():
        warnings.append(f"no cgroup controller for {', '.join(controllers)}: limits of tasks have no effect here")
    if (reason := disks.missing_requirement()) is not None:
        warnings.append(f"{reason}: nothing bounds what tasks write to the disk")
    if (reason := listeners.missing_requirement()) is not None:
        warnings.append(f"{reason}; until then, a task without a health check waits 40 seconds for traffic")
    return [*warnings, *_low_limits(state)]


def _can_unshare() -> bool:
    """Whether this process may make namespaces: attempted on a thread, with which the namespaces end."""
    success = threading.Event()

    def attempt() -> None:
        try:
            syscalls.unshare(syscalls.CLONE_NEWNET | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC)
        except OSError:
            return
        success.set()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return success.is_set()


def _low_limits(state: Path | None = None) -> Iterator[str]:
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
