"""The seccomp filter of a container, by its capabilities. Each of the few sets in use is compiled once.

System calls that are newer than the profile answer ENOSYS, as on a kernel without them: at EPERM a C library would not
fall back on an older call. runc does the same. Raises OSError when libseccomp is missing.
Source: https://github.com/opencontainers/runc/pull/2750, https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from moyai.domain.sandbox.linux import CAPABILITIES, DEFAULT_CAPABILITIES
from moyai.runtime.linux.seccomp import libseccomp
from moyai.runtime.linux.seccomp.profile import ALLOW, ArgumentComparison, SyscallRule, default_profile, kernel_version
from moyai.runtime.linux.shim.syscalls import CLONE_NEWNET

_NAMES: Mapping[int, str] = MappingProxyType({number: f"CAP_{name}" for name, number in CAPABILITIES.items()})
_MAX_FILTERS = 256
"""More sets of capabilities than task definitions have; a filter takes some 10 kB."""

_LOAD, _EQUAL, _GREATER, _AT_LEAST, _JUMP, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x05, 0x06  # BPF
_CALL_OFFSET, _ARCHITECTURE_OFFSET = 0, 4  # struct seccomp_data
_RETURN_ENOSYS = 0x00050000 | errno.ENOSYS
_X86_64, _X32 = "SCMP_ARCH_X86_64", "SCMP_ARCH_X32"
_X32_BIT = 0x40000000
"""To the kernel x32 is x86_64, with this bit in the numbers of its calls."""

_Instruction = tuple[int, int, int, int]


def filter_for(capabilities: Iterable[int], further_calls: Iterable[str] = ()) -> bytes:
    """The filter for a container with these capabilities in its bounding set, in the kernel's classic BPF.

    ``further_calls``: names of system calls that are allowed as well; ``setns`` only into network namespaces.
    """
    machine = os.uname()
    names = frozenset(_NAMES[number] for number in capabilities)
    native = f"SCMP_ARCH_{machine.machine.upper()}"
    return compile_filter(names, frozenset(further_calls), native, kernel_version(machine.release))


def compile_common() -> None:
    """Compile the filters of most applications and of all proxies, so that the first container does not wait."""
    for names in (DEFAULT_CAPABILITIES, ()):
        filter_for(CAPABILITIES[name] for name in names)


@lru_cache(_MAX_FILTERS)
def compile_filter(
    capabilities: frozenset[str], further_calls: frozenset[str], native: str, kernel: tuple[int, int]
) -> bytes:
    """The filter for an architecture (SCMP_ARCH_*) and a kernel (major, minor); ``capabilities`` with CAP_."""
    profile = default_profile()
    architectures = profile.architectures(native)
    rules = [*profile.rules(capabilities, native, kernel), *map(_further_rule, sorted(further_calls))]
    prefix = refuse_newer_calls(profile.names(), architectures)
    return prefix + libseccomp.compile_rules(rules, profile.default_errno_ret, architectures)


def _further_rule(name: str) -> SyscallRule:
    args = (ArgumentComparison(1, CLONE_NEWNET, op="SCMP_CMP_EQ"),) if name == "setns" else ()
    return SyscallRule((name,), ALLOW, args=args)


def refuse_newer_calls(names: Collection[str], architectures: Sequence[str]) -> bytes:
    """The beginning of a filter: a call above the highest of ``names`` ends in ENOSYS, others continue behind it."""
    instructions: list[_Instruction] = []  # built from the last to the first, because jumps are relative to the end
    for name in architectures:
        if name == _X32:
            continue
        body: list[_Instruction] = []
        for first, last in _known_ranges(name, names, architectures):
            refusal = [(_AT_LEAST, 0, 3, first), (_GREATER, 0, 1, last), (_RETURN, 0, 0, _RETURN_ENOSYS)]
            body = [*refusal, (_JUMP, 0, 0, len(body) + len(instructions)), *body]
        check = [(_EQUAL, 0, len(body) + 1, libseccomp.architecture(name)), (_LOAD, 0, 0, _CALL_OFFSET)]
        instructions = [*check, *body, *instructions]
    program = ((_LOAD, 0, 0, _ARCHITECTURE_OFFSET), *instructions)
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _known_ranges(name: str, names: Collection[str], architectures: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The ranges of an architecture's known calls, in ascending order."""
    yield 0, _highest_number(name, names)
    if name == _X86_64 and _X32 in architectures:
        yield _X32_BIT, _highest_number(_X32, names)


def _highest_number(name: str, names: Collection[str]) -> int:
    architecture = libseccomp.architecture(name)
    numbers = (libseccomp.call_number(call, architecture) for call in names)
    return max(number for number in numbers if number is not None)
