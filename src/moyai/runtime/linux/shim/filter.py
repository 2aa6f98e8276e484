"""What no process of a container may ask the kernel for, whoever it is.

Promise: after ``close_key_rings`` the calls that read and write keys answer EPERM, for this process and all its
children, through every door of the machine (32-bit programs, too). Key rings belong to a user and no namespace keeps
them apart, so without this a container's root holds the keys of the machine's root.
Needs ``no_new_privileges`` first. On a machine whose numbers are not known here it does nothing.
Source: https://docs.kernel.org/userspace-api/seccomp_filter.html, https://docs.docker.com/engine/security/seccomp/
"""

from __future__ import annotations

import errno
import os
import struct
from types import MappingProxyType

from moyai.runtime.linux.shim import syscalls

_LOAD, _EQUAL, _MASK, _RETURN = 0x20, 0x15, 0x54, 0x06  # BPF: LD W ABS, JMP JEQ K, ALU AND K, RET K
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_NOT_X32 = 0xFFFFFFFF ^ 0x40000000
"""The x32 door of x86_64 has the same numbers with this bit."""

_X86_64, _I386, _AARCH64, _ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
_KEY_CALLS = MappingProxyType(  # add_key, request_key, keyctl
    {
        "x86_64": ((_X86_64, (248, 249, 250)), (_I386, (286, 287, 288))),
        "aarch64": ((_AARCH64, (217, 218, 219)), (_ARM, (309, 310, 311))),
    }
)
_SECCOMP = MappingProxyType({"x86_64": 317, "aarch64": 277})


def close_key_rings() -> None:
    """Refuse add_key, request_key and keyctl from here on. Raises OSError when the kernel has no filters."""
    machine = os.uname().machine
    if machine in _KEY_CALLS:
        syscalls.filter_calls(_SECCOMP[machine], program(machine))


def program(machine: str) -> bytes:
    """The filter, in the kernel's classic BPF."""
    steps = [(_LOAD, 0, 0, _ARCHITECTURE_AT)]
    for architecture, numbers in _KEY_CALLS[machine]:
        check = [(_LOAD, 0, 0, _NUMBER_AT), (_MASK, 0, 0, _NOT_X32)]
        for place, number in enumerate(numbers):
            check.append((_EQUAL, len(numbers) - place, 0, number))
        steps += [(_EQUAL, 0, len(check) + 2, architecture), *check, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
