"""Checks whether this machine can run tasks, and which optional features it lacks."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

from moyai.runtime.linux import user_namespaces
from moyai.runtime.linux.cgroups import hierarchies
from moyai.runtime.linux.host_limits import low_limits
from moyai.runtime.linux.network import listeners
from moyai.runtime.linux.seccomp import libseccomp
from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.tasks import disks, user_ids


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
    return [*warnings, *low_limits(state)]


def _can_unshare() -> bool:
    """Try it on a thread of its own, whose namespaces end with it."""
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
