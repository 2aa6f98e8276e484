"""System calls of real tasks: what Docker's profile refuses is refused, and a capability opens its own calls."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping

import pytest

from tests.e2e.attacks.rig import PLAIN_USER, ROOT, Attempt, MoyaiRig, command, held_capabilities

pytestmark = [pytest.mark.e2e, pytest.mark.root]

USERS = {"root": ROOT, "plain-user": PLAIN_USER}
PROGRAM = "system_calls"
ALLOWED = {"process_vm_readv of a child", "ptrace(PTRACE_TRACEME)"}
"""Docker allows these since Linux 4.8."""
NEVER = {
    *("pivot_root", "swapon", "swapoff", "move_pages", "migrate_pages", "io_uring_setup", "io_uring_enter"),
    *(
        "io_uring_register",
        "socket(AF_VSOCK)",
        "socket(AF_ALG)",
        "socket(AF_VSOCK + 2**32)",
        "socket(AF_ALG + 2**32)",
        "userfaultfd(UFFD_USER_MODE_ONLY)",
    ),
    *("personality(READ_IMPLIES_EXEC)", "add_key", "request_key", "keyctl", "kexec_load"),
}
OPENED = {
    "SYS_ADMIN": {
        *("unshare(CLONE_NEWUSER)", "clone(CLONE_NEWUSER)", "clone3(CLONE_NEWUSER)"),
        *("mount(tmpfs) in a user namespace", "mount(overlay) in a user namespace"),
        *("mount(cgroup2) in a user namespace", "netfilter table in a user namespace"),
        *("setns", "mount", "umount2", "fsopen", "fsconfig", "fsmount", "fspick", "open_tree", "move_mount"),
        *("mount_setattr", "quotactl", "quotactl_fd", "bpf", "fanotify_init", "lookup_dcookie"),
        *("lsm_list_modules", "perf_event_open", "setdomainname", "syslog"),
    },
    "DAC_READ_SEARCH": {"open_by_handle_at"},
    "SYS_BOOT": {"reboot"},
    "SYS_MODULE": {"init_module", "finit_module", "delete_module"},
    "SYS_NICE": {"get_mempolicy", "set_mempolicy", "mbind"},
    "SYS_PACCT": {"acct"},
    "SYS_PTRACE": {"kcmp", "process_madvise"},
    "SYS_RAWIO": set(),
    "SYS_TIME": {"clock_settime", "settimeofday"},
    "SYSLOG": {"syslog"},
}
"""What a capability opens, by the profile."""
OPENED_ON_X86 = {
    "SYS_ADMIN": {"x32: unshare(CLONE_NEWUSER)", "i386: unshare(CLONE_NEWUSER)"},
    "SYS_RAWIO": {"iopl", "ioperm"},
}
NEVER_ON_X86 = {"sysfs", "ustat", "i386: keyctl", "i386: socketcall(socket, AF_ALG)"}
KERNEL_DECIDES = {
    *("mount(overlay) in a user namespace", "mount(cgroup2) in a user namespace", "lookup_dcookie"),
    *("netfilter table in a user namespace", "init_module", "finit_module", "delete_module", "iopl", "ioperm"),
    *("get_mempolicy", "set_mempolicy", "mbind", "x32: unshare(CLONE_NEWUSER)", "lsm_list_modules", "syslog"),
}
"""Refused by some kernels although the profile lets it through."""
HELD = held_capabilities()
REST = sorted(set(HELD) - set(OPENED))
"""Capabilities that open no call."""
ON_X86 = platform.machine() == "x86_64"
ROWS = sorted({*NEVER, *set.union(*OPENED.values()), *(NEVER_ON_X86 if ON_X86 else ())})

Run = Callable[..., Mapping[str, Attempt]]


@pytest.fixture(scope="module")
def run(rig: MoyaiRig) -> Run:
    """Runs the program once for each set of capabilities and user."""
    results: dict[tuple[tuple[str, ...], str], Mapping[str, Attempt]] = {}

    def attempts(user: str, *capabilities: str) -> Mapping[str, Attempt]:
        if (capabilities, user) not in results:
            results[capabilities, user] = rig.run(PROGRAM, capabilities=capabilities, user=USERS[user])
        return results[capabilities, user]

    return attempts


def opened_by(*capabilities: str) -> set[str]:
    """The attempts that these capabilities let through."""
    tables = (OPENED, OPENED_ON_X86) if ON_X86 else (OPENED,)
    return {name for table in tables for capability in capabilities for name in table.get(capability, ())}


def succeeded_calls(attempts: Mapping[str, Attempt]) -> set[str]:
    """The names of those that did."""
    return {name for name, attempt in attempts.items() if not attempt.refused}


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("row", ROWS)
def test_a_task_is_refused(run, user, row):
    assert run(user)[row].refused, run(user)[row]


@pytest.mark.parametrize("user", USERS)
def test_only_allowed_system_calls_succeed(run, user):
    assert succeeded_calls(run(user)) == ALLOWED


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("capability", sorted(set(OPENED) & set(HELD)))
def test_a_capability_allows_only_its_own_calls(rig, run, user, capability):
    unexpected = succeeded_calls(run(user, capability)) - ALLOWED
    assert unexpected <= opened_by(capability)
    if user == "root" and not rig.has_user_namespace:  # the capability is in force on the machine
        assert opened_by(capability) - unexpected <= KERNEL_DECIDES


def test_the_other_capabilities_allow_no_call(run):
    assert succeeded_calls(run("root", *REST)) == ALLOWED


def test_all_capabilities_together_allow_only_their_own_calls(run):
    found = succeeded_calls(run("root", *HELD)) - ALLOWED
    assert found <= opened_by(*HELD)


@pytest.mark.parametrize("user", USERS)
def test_sessions_have_the_same_filter(rig, user):
    arn = rig.start(["sleep", "infinity"], user=USERS[user])
    rig.cluster.until(arn, "RUNNING")
    assert succeeded_calls(rig.run_in_session(arn, PROGRAM, USERS[user])) == ALLOWED
    rig.cluster.ecs.stop_task(cluster=rig.cluster.name, task=arn)


@pytest.mark.parametrize("init", [False, True])
def test_health_checks_and_the_init_process_have_the_same_filter(rig, init):
    check = f"cd /srv && {' '.join(command(PROGRAM))} > /dev/shm/new && mv /dev/shm/new /dev/shm/attempts"
    waits = "until cat /dev/shm/attempts 2>/dev/null; do sleep 0.1; done"
    arn = rig.start(
        ["sh", "-c", waits],
        healthCheck={"command": ["CMD-SHELL", check], "interval": 5, "timeout": 60},
        linuxParameters={"initProcessEnabled": init},
    )
    assert succeeded_calls(rig.attempts_of(arn)) == ALLOWED


def test_the_first_process_of_an_init_container_is_filtered(rig):
    arn = rig.start(
        ["grep", "-h", "^Seccomp:", "/proc/1/status", "/proc/self/status"], linuxParameters={"initProcessEnabled": True}
    )
    rig.cluster.until(arn, "STOPPED")
    assert [line.split() for line in rig.cluster.output_lines(arn)] == [["Seccomp:", "2"]] * 2
