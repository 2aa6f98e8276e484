"""Docker's default seccomp profile as data: which system calls a container with given capabilities may make.

Pure but for reading ``default.json``, which is moby's own file (see NOTICE): an OCI runtime specification's
``linux.seccomp`` whose rules have conditions on capabilities, architectures and the kernel. Two calls that it allows
are removed. ``socketcall`` of 32-bit x86 programs hides its arguments from a filter, so it would give them AF_ALG;
Docker leaves that to AppArmor and SELinux. ``pidfd_getfd`` copies an open file of another process in any PID namespace:
the peer of a Unix socket (SO_PEERPIDFD) may be a process of this machine.
Source: https://docs.docker.com/engine/security/seccomp/, https://github.com/moby/moby/pull/52547,
https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp
"""

from __future__ import annotations

import errno
import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

ALLOW, ERRNO = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"

_GO_NAMES: Mapping[str, str] = MappingProxyType({"SCMP_ARCH_X86_64": "amd64", "SCMP_ARCH_AARCH64": "arm64"})
"""The names of architectures in the profile's conditions."""
_SOCKETCALL = "socketcall"
_REMOVED_CALLS = frozenset({_SOCKETCALL, "pidfd_getfd"})


class ArgumentComparison(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A condition on an argument of a call. ``op``: SCMP_CMP_*; with MASKED_EQ ``value`` is the mask."""

    index: int
    value: int
    op: str
    value_two: int = 0


class RuleCondition(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A condition of a rule. ``caps``: with CAP_; ``arches``: Go's names; ``min_kernel``: ``major.minor``."""

    caps: tuple[str, ...] = ()
    arches: tuple[str, ...] = ()
    min_kernel: str | None = None


class SyscallRule(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The action, ALLOW or ERRNO, for these calls when all of ``args`` hold."""

    names: tuple[str, ...]
    action: str
    errno_ret: int = errno.EPERM
    args: tuple[ArgumentComparison, ...] = ()
    includes: RuleCondition = RuleCondition()
    excludes: RuleCondition = RuleCondition()
    comment: str = ""


class _Architecture(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    architecture: str
    sub_architectures: tuple[str, ...] | None


class SeccompProfile(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The content of ``default.json``."""

    default_action: str
    default_errno_ret: int
    arch_map: tuple[_Architecture, ...]
    syscalls: tuple[SyscallRule, ...]

    def architectures(self, native: str) -> tuple[str, ...]:
        """An architecture (SCMP_ARCH_*) and those whose programs run on it. Raises ValueError for an unknown one."""
        for entry in self.arch_map:
            if entry.architecture == native and native in _GO_NAMES:
                return (native, *(entry.sub_architectures or ()))
        raise ValueError(f"there is no seccomp profile for {native}")

    def names(self) -> frozenset[str]:
        """Every system call that occurs in the profile."""
        return frozenset(name for rule in self.syscalls for name in rule.names)

    def rules(self, capabilities: Collection[str], native: str, kernel: tuple[int, int]) -> tuple[SyscallRule, ...]:
        """The rules that apply. ``capabilities``: of the bounding set, with CAP_; ``kernel``: major and minor."""
        applying = (rule for rule in self.syscalls if _applies(rule, capabilities, _GO_NAMES[native], kernel))
        rules = (
            replace(rule, names=tuple(name for name in rule.names if name not in _REMOVED_CALLS)) for rule in applying
        )
        return (SyscallRule((_SOCKETCALL,), ERRNO, errno.ENOSYS), *rules)


_DECODER = msgspec.json.Decoder(SeccompProfile)


@cache
def default_profile() -> SeccompProfile:
    """Docker's default profile, from the file ``default.json`` beside this module."""
    return _DECODER.decode(Path(__file__).with_name("default.json").read_bytes())


def _applies(rule: SyscallRule, capabilities: Collection[str], architecture: str, kernel: tuple[int, int]) -> bool:
    includes, excludes = rule.includes, rule.excludes
    return (
        all(capability in capabilities for capability in includes.caps)
        and not any(capability in capabilities for capability in excludes.caps)
        and (not includes.arches or architecture in includes.arches)
        and architecture not in excludes.arches
        and (includes.min_kernel is None or kernel >= kernel_version(includes.min_kernel))
        and (excludes.min_kernel is None or kernel < kernel_version(excludes.min_kernel))
    )


def kernel_version(release: str) -> tuple[int, int]:
    """Major and minor of a kernel's release, such as ``6.12.4-amd64``."""
    numbers = re.findall(r"\d+", release)
    return int(numbers[0]), int(numbers[1])
