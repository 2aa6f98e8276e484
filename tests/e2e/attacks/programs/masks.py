"""Files of the kernel that reveal or change something of the machine, and the files below their masks."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from tests.e2e.attacks.attempts import attempt, check, libc

READ = (
    *("/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats"),
    *("/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware"),
    "/sys/devices/virtual/powercap",
)
THROTTLE = "/sys/devices/system/cpu/cpu*/thermal_throttle"
WRITE = (
    *("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/drop_caches"),
    *("/proc/sysrq-trigger", "/proc/irq/default_smp_affinity", "/sys/kernel/uevent_helper", "/sys/power/state"),
)
MOUNT_POINT = "/dev/shm"
MS_REMOUNT, MS_BIND, MNT_DETACH = 32, 4096, 2


def read(pattern: str) -> str:
    """The first bytes of a file, or what is in a directory. Raises OSError when there is nothing."""
    paths = list(Path("/").glob(pattern.removeprefix("/")))
    for path in paths:
        if found := sorted(path.iterdir())[:3] if path.is_dir() else beginning(path):
            return str(found)
    raise OSError("empty" if paths else "absent")


def beginning(path: Path) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as file:
        return file.read(16)


def write(path: str) -> None:
    """Open it to write, and write nothing."""
    os.close(os.open(path, os.O_WRONLY))


def write_below(directory: str) -> None:
    """The first file below a directory that may be opened to write."""
    for path in Path(directory).rglob("*"):
        try:
            return write(str(path))
        except OSError:
            continue
    raise OSError("nothing below can be written")


def mount(kind: str, target: str, flags: int = 0, source: str = "none") -> None:
    """``mount(2)``."""
    check(libc.mount(source.encode(), target.encode(), kind.encode(), flags, None))


def see_below(source: str) -> str:
    """The files that a mask hides, seen by mounting the file system around it elsewhere."""
    mount("", MOUNT_POINT, MS_BIND, source)
    return read(f"{MOUNT_POINT}/kcore")


for name in (*READ, THROTTLE):
    attempt(f"read {name}", partial(read, name))
for name in WRITE:
    attempt(f"write {name}", partial(write, name))
for name in ("/proc/bus", "/proc/fs"):
    attempt(f"write below {name}", partial(write_below, name))
attempt("umount /proc/kcore", lambda: check(libc.umount2(b"/proc/kcore", MNT_DETACH)))
attempt("remount /proc/sys read-write", lambda: mount("", "/proc/sys", MS_REMOUNT | MS_BIND))
attempt("remount /sys read-write", lambda: mount("", "/sys", MS_REMOUNT | MS_BIND))
attempt("bind /proc elsewhere", lambda: see_below("/proc"))
attempt("mount another proc", lambda: mount("proc", MOUNT_POINT))
attempt("mount another sysfs", lambda: mount("sysfs", MOUNT_POINT))
attempt("mknod of a disk", lambda: os.mknod(f"{MOUNT_POINT}/disk", 0o060600, os.makedev(254, 0)))
