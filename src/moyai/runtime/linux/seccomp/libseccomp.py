"""libseccomp, by ctypes: from rules about system calls by name to a program that the kernel runs at each call.

Promise: nothing is loaded into this process. A call that this libseccomp or the architecture does not know is left
out, and so refused. Raises OSError when the library is missing or refuses.
Source: https://man7.org/linux/man-pages/man3/seccomp_rule_add.3.html, include/seccomp.h of libseccomp
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from moyai.runtime.linux.seccomp.profile import ALLOW, ERRNO, SyscallRule

_LIBRARY = "libseccomp.so.2"
_OPTIMIZE, _BINARY_TREE = 8, 2  # SCMP_FLTATR_CTL_OPTIMIZE
_UNKNOWN_CALL = -1
_ACTIONS: Mapping[str, int] = MappingProxyType({ALLOW: 0x7FFF0000, ERRNO: 0x00050000})
_OPERATIONS: Mapping[str, int] = MappingProxyType(
    {f"SCMP_CMP_{name}": number for number, name in enumerate(("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"), 1)}
)


class _ScmpArgCmp(ctypes.Structure):
    """``struct scmp_arg_cmp``."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def compile_rules(rules: Iterable[SyscallRule], errno_otherwise: int, architectures: Sequence[str]) -> bytes:
    """The program, in the kernel's classic BPF. A call without a rule ends in ``errno_otherwise``.

    ``architectures``: SCMP_ARCH_*; a program of another one is killed at its first call.
    """
    library = load()
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ACTIONS[ERRNO] | errno_otherwise)))
    if context.value is None:
        raise OSError("libseccomp has no memory for a filter")
    try:
        _check(library.seccomp_attr_set(context, _OPTIMIZE, ctypes.c_uint32(_BINARY_TREE)), "optimize")
        _set_architectures(context, [architecture(name) for name in architectures])
        for rule in rules:
            _add(context, rule)
        return _export(context)
    finally:
        library.seccomp_release(context)


def architecture(name: str) -> int:
    """The library's number of an architecture (SCMP_ARCH_*)."""
    return int(load().seccomp_arch_resolve_name(name.removeprefix("SCMP_ARCH_").lower().encode()))


def call_number(name: str, token: int) -> int | None:
    """The number of a system call; None if there is none. ``token``: the number that ``architecture`` returned."""
    number = int(load().seccomp_syscall_resolve_name_arch(ctypes.c_uint32(token), name.encode()))
    return number if number >= 0 else None


@cache
def load() -> ctypes.CDLL:
    """The library. Raises OSError when the machine hasn't got it."""
    library = ctypes.CDLL(_LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    library.seccomp_arch_native.restype = ctypes.c_uint32
    return library


def is_installed() -> bool:
    """Whether this machine has the library."""
    try:
        load()
    except OSError:
        return False
    return True


def _set_architectures(context: ctypes.c_void_p, tokens: Sequence[int]) -> None:
    library = load()
    native = library.seccomp_arch_native()
    for token in tokens:
        if token != native:
            _check(library.seccomp_arch_add(context, ctypes.c_uint32(token)), "architecture")
    if native not in tokens:
        _check(library.seccomp_arch_remove(context, ctypes.c_uint32(native)), "architecture")


def _add(context: ctypes.c_void_p, rule: SyscallRule) -> None:
    library = load()
    comparisons = [_ScmpArgCmp(arg.index, _OPERATIONS[arg.op], arg.value, arg.value_two) for arg in rule.args]
    array = (_ScmpArgCmp * len(comparisons))(*comparisons)
    action = ctypes.c_uint32(_ACTIONS[rule.action] | (rule.errno_ret if rule.action == ERRNO else 0))
    for name in rule.names:
        call = library.seccomp_syscall_resolve_name(name.encode())
        if call != _UNKNOWN_CALL:
            _check(library.seccomp_rule_add_array(context, action, call, len(comparisons), array), name)


def _export(context: ctypes.c_void_p) -> bytes:
    fd = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        _check(load().seccomp_export_bpf(context, fd), "export")
        file.seek(0)
        return file.read()


def _check(result: int, subject: str) -> None:
    if result < 0:
        raise OSError(-result, f"libseccomp refuses: {os.strerror(-result)}", subject)
