"""What this machine offers: whether tasks can run here at all, and what its root is made of."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

from moyai.runtime.linux import disks as task_disks
from moyai.runtime.linux import hierarchies, listeners
from moyai.runtime.linux.mounts import Mount, current_mounts
from moyai.runtime.linux.seccomp import libseccomp
from moyai.runtime.linux.shim import syscalls

# File systems that hold programs and data; everything else (proc, tmpfs, overlay, network shares) is left out.
_DISKS = frozenset({"9p", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "virtiofs", "xfs", "zfs"})
_NEVER = ("/boot", "/dev", "/etc", "/proc", "/run", "/sys", "/tmp", "/var/run")  # noqa: S108 - names of mount points


def check_host() -> list[str]:
    """Why tasks can't run here, one line each with what to do; empty when they can."""
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


def check_limits() -> list[str]:
    """What this machine lacks that tasks can do without, one line each, with what follows from that."""
    missing, no_disks = hierarchies.missing(), task_disks.missing()
    found = [f"no cgroup controller for {', '.join(missing)}: limits of tasks have no effect here"] if missing else []
    if no_disks is not None:
        found.append(f"{no_disks}: nothing bounds what tasks write to the disk")
    if (no_listeners := listeners.missing()) is not None:
        found.append(f"{no_listeners}; until then, a task without a health check waits 40 seconds for traffic")
    return found


def _can_unshare() -> bool:
    """Tried on a thread that ends with it."""
    allowed = threading.Event()

    def attempt() -> None:
        try:
            syscalls.unshare(syscalls.CLONE_NEWNET | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC)
        except OSError:
            return
        allowed.set()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return allowed.is_set()


def disks(hidden: Path) -> tuple[str, ...]:
    """Directories of the host's root that are file systems of their own (``/home`` often is): an overlay
    doesn't see below them, so they are shown in it one by one. What is below ``hidden`` is left out.
    """
    return disks_of(current_mounts(), hidden)


def disks_of(listed: Iterable[Mount], hidden: Path) -> tuple[str, ...]:
    """The disks among these mounts.

    A directory that is mounted on itself, as another installation's namespaces are, is no disk.
    """
    mounts: dict[str, Mount] = {}
    found = []
    for mount in listed:
        point = Path(mount.point)
        around = next((mounts[str(over)] for over in point.parents if str(over) in mounts), None)
        itself = around is not None and mount == _below(around, point)
        mounts[mount.point] = mount
        shown = mount.file_system in _DISKS and mount.point != "/" and hidden not in point.parents and not itself
        if shown and point.is_dir() and not any(point.is_relative_to(never) for never in _NEVER):
            found.append(mount.point)
    return tuple(dict.fromkeys(found))


def _below(mount: Mount, point: Path) -> Mount:
    """What the mount shows at a point below it."""
    directory = Path(mount.directory, point.relative_to(mount.point))
    return mount._replace(point=str(point), directory=str(directory))
