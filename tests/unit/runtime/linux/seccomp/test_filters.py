"""Filters, run by an interpreter for each architecture and the older ones that its machines run."""

from __future__ import annotations

import errno

import pytest

from moyai.domain.sandbox.linux import CAPABILITIES, DEFAULT_CAPABILITIES
from moyai.runtime.linux.seccomp import libseccomp
from moyai.runtime.linux.seccomp.filters import compile_filter, filter_for
from moyai.runtime.linux.seccomp.profile import default_profile
from tests.unit.runtime.linux.seccomp.bpf import AARCH64, ALLOWED, ARM, I386, X32_BIT, X86_64, error, verdict

X86, ARM64 = "SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"
DEFAULT = frozenset(f"CAP_{name}" for name in DEFAULT_CAPABILITIES)
EPERM, ENOSYS = error(errno.EPERM), error(errno.ENOSYS)
NEWUSER, NEWNS, SIGCHLD, THREAD = 0x10000000, 0x00020000, 17, 0x3D0F00
COMMON = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
PACKET, ALG, VSOCK, XDP = 17, 38, 40, 44
FILTERS = {
    X86_64: X86,
    I386: X86,
    AARCH64: ARM64,
    ARM: ARM64,
}
"""The machine that a program of each architecture runs on."""


def judge(architecture: int, call: int, *arguments: int, capabilities: frozenset[str] = DEFAULT) -> int:
    return verdict(
        compile_filter(capabilities, frozenset(), FILTERS[architecture], (6, 1)), architecture, call, *arguments
    )


@pytest.mark.parametrize(
    ("architecture", "read", "clone", "refused"),
    [
        (X86_64, 0, 56, (272, 250, 165, 425)),
        (X86_64, X32_BIT, 56 + X32_BIT, (272 + X32_BIT, 250 + X32_BIT, 165 + X32_BIT, 425 + X32_BIT)),
        (I386, 3, 120, (310, 288, 21, 425)),
        (AARCH64, 63, 220, (97, 219, 40, 425)),
        (ARM, 3, 120, (337, 311, 21, 425)),
    ],
    ids=["x86_64", "x32", "i386", "aarch64", "arm"],
)
def test_a_filter_allows_ordinary_calls_and_no_new_namespaces(architecture, read, clone, refused):
    """``refused``: unshare, keyctl, mount, io_uring_setup."""
    assert judge(architecture, read) == ALLOWED
    assert judge(architecture, clone, SIGCHLD) == ALLOWED
    assert judge(architecture, clone, THREAD) == ALLOWED
    for flags in (NEWUSER | SIGCHLD, NEWNS, NEWUSER | THREAD):
        assert judge(architecture, clone, flags) == EPERM
    assert {judge(architecture, call) for call in refused} == {EPERM}


@pytest.mark.parametrize("architecture", FILTERS)
def test_clone3_answers_enosys(architecture):
    assert judge(architecture, 435) == ENOSYS


@pytest.mark.parametrize(
    ("architecture", "socket"), [(X86_64, 41), (X86_64, 41 + X32_BIT), (I386, 359), (AARCH64, 198), (ARM, 281)]
)
def test_socket_families_that_docker_refuses_are_refused(architecture, socket):
    assert {judge(architecture, socket, family) for family in (*COMMON, PACKET, XDP)} == {ALLOWED}
    assert {judge(architecture, socket, family) for family in (ALG, VSOCK)} == {EPERM}


@pytest.mark.parametrize(("architecture", "socket"), [(X86_64, 41), (X86_64, 41 + X32_BIT), (AARCH64, 198)])
@pytest.mark.parametrize("upper", [1, 1 << 31])
def test_the_upper_half_of_an_argument_is_ignored(architecture, socket, upper):
    """The kernel looks at the lower half alone."""
    assert {judge(architecture, socket, family | upper << 32) for family in (ALG, VSOCK)} == {EPERM}


@pytest.mark.parametrize("call", range(22))
def test_socketcall_of_32_bit_programs_is_refused(call):
    assert judge(I386, 102, call) == ENOSYS


@pytest.mark.parametrize(
    ("architecture", "newer"), [(X86_64, 2000), (X86_64, X32_BIT + 2000), (I386, 2000), (AARCH64, 2000)]
)
def test_calls_that_are_newer_than_the_profile_answer_enosys(architecture, newer):
    assert judge(architecture, newer) == ENOSYS
    assert judge(architecture, newer, capabilities=frozenset({"CAP_SYS_ADMIN"})) == ENOSYS


@pytest.mark.parametrize("architecture", FILTERS)
def test_the_prefix_does_not_change_known_calls(architecture):
    """Every number that the profile knows has the same outcome with and without it."""
    profile = default_profile()
    architectures = profile.architectures(FILTERS[architecture])
    rules = profile.rules(DEFAULT, FILTERS[architecture], (6, 1))
    plain = libseccomp.compile_rules(rules, profile.default_errno_ret, architectures)
    numbers = (libseccomp.call_number(name, architecture) for name in profile.names())
    current_numbers = {number for number in numbers if number is not None}
    assert len(current_numbers) > 250
    for call in current_numbers:
        assert judge(architecture, call) == verdict(plain, architecture, call)


def test_an_x32_number_that_equals_an_architecture_is_judged_as_a_call():
    assert judge(X86_64, I386) == ALLOWED  # close(), as x32 calls it


def test_programs_of_another_architecture_are_killed():
    assert verdict(compile_filter(DEFAULT, frozenset(), X86, (6, 1)), AARCH64, 63) == 0  # SECCOMP_RET_KILL_THREAD


@pytest.mark.parametrize(
    ("capability", "call"),
    [
        ("SYS_ADMIN", 272), ("SYS_ADMIN", 165), ("SYS_ADMIN", 308), ("SYS_PTRACE", 312), ("SYS_TIME", 227),
        ("SYS_MODULE", 175), ("SYS_NICE", 237), ("SYSLOG", 103), ("SYS_BOOT", 169), ("DAC_READ_SEARCH", 304),
        ("SYS_PACCT", 163), ("SYS_RAWIO", 172), ("SYS_TTY_CONFIG", 153), ("SYS_CHROOT", 161),
    ],
)  # fmt: skip
def test_a_capability_allows_the_calls_that_need_it(capability, call):
    assert judge(X86_64, call, capabilities=frozenset()) == EPERM
    assert judge(X86_64, call, capabilities=frozenset({f"CAP_{capability}"})) == ALLOWED


def test_a_filter_is_compiled_once():
    numbers = [CAPABILITIES[name] for name in DEFAULT_CAPABILITIES]
    assert filter_for(numbers) is filter_for(reversed(numbers))
    assert filter_for(()) is not filter_for(numbers)


def test_further_calls_are_allowed():
    pivot_root = 155
    assert judge(X86_64, pivot_root, capabilities=frozenset({"CAP_SYS_ADMIN"})) == EPERM
    allowing = compile_filter(frozenset({"CAP_SYS_ADMIN"}), frozenset({"pivot_root"}), X86, (6, 1))
    assert verdict(allowing, X86_64, pivot_root) == ALLOWED


@pytest.mark.parametrize(
    ("kind", "expected"), [(0x40000000, ALLOWED), (0, EPERM), (0x10000000, EPERM), (0x20000, EPERM)]
)
def test_setns_as_a_further_call_enters_network_namespaces_only(kind, expected):
    allowing = compile_filter(frozenset(), frozenset({"setns"}), X86, (6, 1))
    assert verdict(allowing, X86_64, 308, 3, kind) == expected


@pytest.mark.parametrize("capabilities", [(), DEFAULT_CAPABILITIES, CAPABILITIES])
def test_filters_are_within_the_kernels_size_limit(capabilities):
    assert len(filter_for(CAPABILITIES[name] for name in capabilities)) // 8 <= 4096  # BPF_MAXINSNS
