"""Files of the kernel that say something of the machine, or change it, and what lies below their masks."""

from __future__ import annotations

import glob
import os

from tests.e2e.attacks.attempts import attempt, checked, libc

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
MS_RDONLY, MS_REMOUNT, MS_BIND, MNT_DETACH = 1, 32, 4096, 2


def read(pattern: str) -> str:
    """The first bytes of a file, or what is in a directory. Raises OSError when there is nothing."""
    paths = glob.glob(pattern)
    for path in paths:
        if os.path.isdir(path):
            found = str(sorted(os.listdir(path))[:3] or "")
        else:
            with open(path, "rb") as file:
                found = repr(file.read(16) or "").strip("'")
        if found:
            return found
    raise OSError("empty" if paths else "absent")


def write(path: str) -> None:
    """Open it to write, and write nothing."""
    os.close(os.open(path, os.O_WRONLY))


def write_below(directory: str) -> None:
    """The first file below a directory that may be opened to write."""
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                return write(os.path.join(folder, name))
            except OSError:
                continue
    raise OSError("nothing below can be written")


def mount(kind: str, target: str, flags: int = 0, source: str = "none") -> None:
    """``mount(2)``."""
    checked(libc.mount(source.encode(), target.encode(), kind.encode(), flags, None))


def see_below(source: str) -> str:
    """What a mask hides, by showing the file system around it elsewhere."""
    mount("", MOUNT_POINT, MS_BIND, source)
    return read(f"{MOUNT_POINT}/kcore")


for name in (*READ, THROTTLE):
    attempt(f"read {name}", lambda name=name: read(name))
for name in WRITE:
    attempt(f"write {name}", lambda name=name: write(name))
for name in ("/proc/bus", "/proc/fs"):
    attempt(f"write below {name}", lambda name=name: write_below(name))
attempt("umount /proc/kcore", lambda: checked(libc.umount2(b"/proc/kcore", MNT_DETACH)))
attempt("remount /proc/sys read-write", lambda: mount("", "/proc/sys", MS_REMOUNT | MS_BIND))
attempt("remount /sys read-write", lambda: mount("", "/sys", MS_REMOUNT | MS_BIND))
attempt("bind /proc elsewhere", lambda: see_below("/proc"))
attempt("mount another proc", lambda: mount("proc", MOUNT_POINT))
attempt("mount another sysfs", lambda: mount("sysfs", MOUNT_POINT))
attempt("mknod of a disk", lambda: os.mknod(f"{MOUNT_POINT}/disk", 0o060600, os.makedev(254, 0)))
