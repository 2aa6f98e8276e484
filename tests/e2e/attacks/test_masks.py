"""Files of the kernel in real tasks: masked and read-only as Docker has them, and no way to look below."""

from __future__ import annotations

import pytest

from tests.e2e.attacks.rig import PLAIN_USER, ROOT, held_capabilities

pytestmark = [pytest.mark.e2e, pytest.mark.root]

MASKED = (
    *("/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats"),
    *("/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware"),
    *("/sys/devices/virtual/powercap", "/sys/devices/system/cpu/cpu*/thermal_throttle"),
)
READ_ONLY = (
    *("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/drop_caches"),
    *("/proc/sysrq-trigger", "/proc/irq/default_smp_affinity", "/sys/kernel/uevent_helper", "/sys/power/state"),
)
ROWS = (
    *(f"read {path}" for path in MASKED),
    *(f"write {path}" for path in READ_ONLY),
    *("write below /proc/bus", "write below /proc/fs", "umount /proc/kcore", "remount /proc/sys read-write"),
    *("remount /sys read-write", "bind /proc elsewhere", "mount another proc", "mount another sysfs"),
    "mknod of a disk",
)
CASES = {
    "root": (ROOT, ()),
    "plain-user": (PLAIN_USER, ()),
    "ptrace": (ROOT, ("SYS_PTRACE",)),
    "every-capability-that-mounts-nothing": (ROOT, tuple(sorted(set(held_capabilities()) - {"SYS_ADMIN", "MKNOD"}))),
}


@pytest.fixture(scope="module", params=CASES)
def attempts(request, rig):
    """The outcomes of the program's attempts in one of the cases."""
    user, capabilities = CASES[request.param]
    return rig.run("masks", capabilities=capabilities, user=user)


def test_every_attempted_path_has_a_row(attempts):
    assert set(attempts) == set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_a_task_is_refused(attempts, row):
    assert attempts[row].refused, attempts[row]
