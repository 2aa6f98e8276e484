"""Confines the process that unpacks a layer: it may write files of any owner below its root directory, and little else.

Source: capabilities(7), namespaces(7), prctl(2), getrlimit(2)
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from types import MappingProxyType
from typing import Final

from moyai.images.store.archive_stream import MAX_BYTES

_CLONE_NEWIPC, _CLONE_NEWPID, _CLONE_NEWNET = 0x08000000, 0x20000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 24, 38
_CAPABILITY_VERSION_3: Final = 0x20080522
_LAST_CAPABILITY: Final = 63
_CHOWN, _DAC_OVERRIDE, _FOWNER, _FSETID, _SETFCAP = 0, 1, 3, 4, 31
_CAPABILITIES: Final = sum(1 << number for number in (_CHOWN, _DAC_OVERRIDE, _FOWNER, _FSETID, _SETFCAP))
_WORD: Final = 0xFFFFFFFF

MAX_MEMORY: Final = 512 * 1024**2
"""Bytes of address space, for the interpreter, a window of 128 MiB for Zstandard, and the headers of a member."""
MAX_CPU_SECONDS: Final = 3600
_LIMITS: Final = MappingProxyType(
    {
        resource.RLIMIT_AS: MAX_MEMORY,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: MAX_CPU_SECONDS,
        resource.RLIMIT_FSIZE: MAX_BYTES,
        resource.RLIMIT_NOFILE: 32,
        resource.RLIMIT_NPROC: 0,
    }
)

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends. Raises OSError."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def enter_directory(directory: str) -> None:
    """Make a directory this process's root, and give it namespaces without a network, in which processes that it starts
    see no others. Raises OSError.
    """
    _check(_libc.unshare(_CLONE_NEWIPC | _CLONE_NEWPID | _CLONE_NEWNET), "unshare")
    os.chroot(directory)
    os.chdir("/")


def restrict_process() -> None:
    """Limit this process's resources, and drop all capabilities except those to write files of any owner. Raises
    OSError.
    """
    for limit, value in _LIMITS.items():
        resource.setrlimit(limit, (value, value))
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    for capability in range(_LAST_CAPABILITY + 1):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break  # past the last capability that this kernel knows
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    low, high = _CAPABILITIES & _WORD, _CAPABILITIES >> 32
    words = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    _check(_libc.capset(header, words), "capset")


def sync_file_system(fd: int) -> None:
    """Write all pending changes of a descriptor's file system to the disk. Raises OSError."""
    _check(_libc.syncfs(fd), "syncfs")


def _check(result: int, subject: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), subject)
