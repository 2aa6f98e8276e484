"""A thread that gets no processor for a while: stopped by ptrace, without a word to the process it belongs to."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.e2e.waiting import eventually

_SEIZE, _INTERRUPT, _DETACH, _SYSCALL, _GET_SYSCALL_INFO = 0x4206, 0x4207, 17, 24, 0x420E
_MARK_SYSCALLS = 1
"""PTRACE_O_TRACESYSGOOD."""
_SYSCALL_STOP = signal.SIGTRAP | 0x80
_WALL = 0x40000000
_ACCEPT = {"x86_64": 288, "aarch64": 242}[platform.machine()]
"""accept4's number."""
_EPOLL_WAITS = {"x86_64": {"232", "281"}, "aarch64": {"22"}}[platform.machine()]
"""The numbers of epoll_wait and epoll_pwait."""


class _SyscallInfo(ctypes.Structure):
    """The beginning of struct ptrace_syscall_info."""

    _fields_ = (
        ("op", ctypes.c_uint8),
        ("pad", ctypes.c_uint8 * 3),
        ("arch", ctypes.c_uint32),
        ("pointers", ctypes.c_uint64 * 2),
        ("number", ctypes.c_uint64),
    )
    ENTRY = 1


def threads(pid: int, name: str) -> list[int]:
    """A process's threads whose names begin with this, the oldest first."""
    folders = Path(f"/proc/{pid}/task").iterdir()
    return sorted(int(folder.name) for folder in folders if (folder / "comm").read_text().startswith(name))


@contextmanager
def starve(tid: int, *, accepting: bool = False, idle: bool = False) -> Iterator[None]:
    """The thread stands still meanwhile. ``accepting``: in the middle of its work, about to accept a connection that it
    has found to be there; one has to come. ``idle``: while it waits for events, when it holds no lock that another
    thread needs.
    """
    with ThreadPoolExecutor(1) as tracer:  # whoever seizes a thread must be who lets it go
        if idle:
            eventually(lambda: tracer.submit(_seize_if_idle, tid).result(), "the thread waits for events")
        else:
            tracer.submit(_seize, tid).result()
        try:
            if accepting:
                tracer.submit(_run_until_accept, tid).result()
            yield
        finally:
            with suppress(ProcessLookupError):  # the process has ended meanwhile
                tracer.submit(_ptrace, _DETACH, tid).result()


def _seize(tid: int) -> None:
    _ptrace(_SEIZE, tid, data=_MARK_SYSCALLS)
    _ptrace(_INTERRUPT, tid)
    os.waitpid(tid, _WALL)


def _seize_if_idle(tid: int) -> bool:
    """Seize the thread, and let it go unless it waits for events."""
    _seize(tid)
    is_idle = Path(f"/proc/{tid}/syscall").read_text().split()[0] in _EPOLL_WAITS
    if not is_idle:
        _ptrace(_DETACH, tid)
    return is_idle


def _run_until_accept(tid: int) -> None:
    passed_on = 0
    while True:
        _ptrace(_SYSCALL, tid, data=passed_on)
        stop = os.WSTOPSIG(os.waitpid(tid, _WALL)[1])
        passed_on = 0 if stop in {_SYSCALL_STOP, signal.SIGTRAP} else stop
        if stop == _SYSCALL_STOP:
            info = _SyscallInfo()
            _ptrace(_GET_SYSCALL_INFO, tid, ctypes.sizeof(info), ctypes.addressof(info))
            if (info.op, info.number) == (_SyscallInfo.ENTRY, _ACCEPT):
                return


def _ptrace(request: int, tid: int, address: int = 0, data: int = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(request, tid, ctypes.c_void_p(address), ctypes.c_void_p(data)) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {tid}")
