"""System calls that are newer than the profile answer ENOSYS, as on a kernel without them.

Without this they would answer EPERM, at which C libraries do not fall back on an older call. runc does the same.
Source: https://github.com/opencontainers/runc/pull/2750, https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Collection, Iterator, Sequence

from moyai.runtime.linux.seccomp import libseccomp

_LOAD, _EQUAL, _GREATER, _AT_LEAST, _JUMP, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x05, 0x06  # BPF
_CALL_AT, _ARCHITECTURE_AT = 0, 4  # struct seccomp_data
_REFUSE = 0x00050000 | errno.ENOSYS
_X86_64, _X32 = "SCMP_ARCH_X86_64", "SCMP_ARCH_X32"
_X32_BIT = 0x40000000
"""To the kernel x32 is x86_64, with this bit in the numbers of its calls."""

_Step = tuple[int, int, int, int]


def refuse_newer(names: Collection[str], architectures: Sequence[str]) -> bytes:
    """How a program begins: a call above the highest of ``names`` ends in ENOSYS, others go on behind this part."""
    steps: list[_Step] = []  # from the last to the first, as jumps count what is behind them
    for name in architectures:
        if name == _X32:
            continue
        body: list[_Step] = []
        for first, last in _known(name, names, architectures):
            refusal = [(_AT_LEAST, 0, 3, first), (_GREATER, 0, 1, last), (_RETURN, 0, 0, _REFUSE)]
            body = [*refusal, (_JUMP, 0, 0, len(body) + len(steps)), *body]
        check = [(_EQUAL, 0, len(body) + 1, libseccomp.architecture(name)), (_LOAD, 0, 0, _CALL_AT)]
        steps = [*check, *body, *steps]
    return b"".join(struct.pack("=HBBI", *step) for step in ((_LOAD, 0, 0, _ARCHITECTURE_AT), *steps))


def _known(name: str, names: Collection[str], architectures: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The ranges in which an architecture's known calls are, in ascending order."""
    yield 0, _highest(name, names)
    if name == _X86_64 and _X32 in architectures:
        yield _X32_BIT, _highest(_X32, names)


def _highest(name: str, names: Collection[str]) -> int:
    of = libseccomp.architecture(name)
    return max(number for call in names if (number := libseccomp.call_number(call, of)) is not None)
