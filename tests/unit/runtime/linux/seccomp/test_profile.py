"""The rules of a profile that apply to a container; the profile is moby's."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import msgspec
import pytest

from moyai.runtime.linux.seccomp import profile
from moyai.runtime.linux.seccomp.profile import (
    ALLOW,
    ERRNO,
    RuleCondition,
    SeccompProfile,
    SyscallRule,
    default_profile,
    kernel_version,
)

X86, ARM = "SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"
REFUSED_BY_DOCKER = {
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "keyctl", "add_key", "request_key"),
    *("mount", "umount2", "fsopen", "open_tree", "setns", "unshare", "bpf", "perf_event_open", "kcmp", "pivot_root"),
    *("swapon", "swapoff", "init_module", "kexec_load", "clock_settime", "open_by_handle_at", "move_pages", "mbind"),
}


def applies(includes: RuleCondition, excludes: RuleCondition, **case: object) -> bool:
    """Whether a rule with these conditions applies."""
    rule = SyscallRule(("thing",), ALLOW, includes=includes, excludes=excludes)
    conditions = {"capabilities": frozenset(), "native": X86, "kernel": (6, 1)} | case
    rules = SeccompProfile(ERRNO, errno.EPERM, (), (rule,)).rules(**conditions)  # type: ignore[arg-type] # of the case
    return any("thing" in rule.names for rule in rules)


@pytest.mark.parametrize(
    ("includes", "excludes", "case", "expected"),
    [
        ({}, {}, {}, True),
        ({"caps": ("CAP_BPF",)}, {}, {}, False),
        ({"caps": ("CAP_BPF",)}, {}, {"capabilities": {"CAP_BPF"}}, True),
        ({"caps": ("CAP_BPF", "CAP_SYSLOG")}, {}, {"capabilities": {"CAP_BPF"}}, False),
        ({}, {"caps": ("CAP_BPF",)}, {"capabilities": {"CAP_BPF", "CAP_KILL"}}, False),
        ({}, {"caps": ("CAP_BPF",)}, {"capabilities": {"CAP_KILL"}}, True),
        ({"arches": ("amd64", "x32")}, {}, {}, True),
        ({"arches": ("amd64", "x32")}, {}, {"native": ARM}, False),
        ({}, {"arches": ("arm64",)}, {"native": ARM}, False),
        ({}, {"arches": ("arm64",)}, {}, True),
        ({"min_kernel": "4.8"}, {}, {"kernel": (4, 10)}, True),
        ({"min_kernel": "4.8"}, {}, {"kernel": (4, 7)}, False),
        ({}, {"min_kernel": "4.8"}, {"kernel": (4, 8)}, False),
        ({}, {"min_kernel": "4.8"}, {"kernel": (3, 10)}, True),
    ],
)
def test_a_rule_applies_when_all_its_conditions_hold(includes, excludes, case, expected):
    assert applies(RuleCondition(**includes), RuleCondition(**excludes), **case) is expected


@pytest.mark.parametrize(
    ("release", "version"), [("6.18.44-fc-v657", (6, 18)), ("5.15", (5, 15)), ("6.1-rc3", (6, 1)), ("4.8+", (4, 8))]
)
def test_a_kernel_version_is_major_and_minor(release, version):
    assert kernel_version(release) == version


def test_the_profile_is_mobys_unchanged_file():
    """NOTICE names its commit."""
    file = Path(profile.__file__).with_name("default.json").read_bytes()
    assert hashlib.sha256(file).hexdigest() == "611e929e2fac2aff8a44ebcea0f64a0d5136a09047873d0cc4cbc9446742f7b1"


def test_an_unknown_member_is_an_error():
    raw = b'{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"maxKernel": "9.9"}}'
    with pytest.raises(msgspec.ValidationError, match="maxKernel"):
        msgspec.json.decode(raw, type=SyscallRule)


@pytest.mark.parametrize("native", [X86, ARM])
def test_without_capabilities_no_rule_allows_what_docker_refuses(native):
    allowed = {n for rule in default_profile().rules((), native, (6, 18)) if rule.action == ALLOW for n in rule.names}
    assert allowed & REFUSED_BY_DOCKER == set()


def test_an_architecture_without_an_entry_has_no_profile():
    with pytest.raises(ValueError, match="SCMP_ARCH_VAX"):
        default_profile().architectures("SCMP_ARCH_VAX")
