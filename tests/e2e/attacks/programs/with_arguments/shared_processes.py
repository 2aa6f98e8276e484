"""Attacks on the processes of a namespace that tasks share, on the process that holds it, and through both on others.

Arguments: the ``sleep`` of a task that shares the namespace, a file of the host that no container sees, and pids of
processes, as the host counts them, that are in no container that shares it.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.e2e.attacks.attempts import attempt, check, libc
from tests.e2e.attacks.programs.with_arguments.process_entry import trace_process

HOLDER, NEIGHBOUR = "the holder", "a neighbour"
READ_ENVIRONMENT, READ_MEMORY, LIST_ROOT, LIST_FILES, TRACE, STOP, END, SET_LIMIT, ENTER = DEEDS = (
    *("read the environment of {}", "read the memory of {}", "list the root of {}", "list the open files of {}"),
    *("trace {}", "stop {}", "end {}", "set a limit of {}", "enter the network of {}"),
)
FIND, SIGNAL_OTHERS, TRACE_OTHERS, READ_HOST, WRITE_KERNEL = OUTSIDE = (
    *("find a process of the host, of moyai or of a task apart", "signal one by its number on the host"),
    *("trace one by its number on the host", "read a file of the host through the root of any process"),
    "open a file of the kernel for writing through the root of any process",
)
_KERNEL = ("proc/sys/kernel/core_pattern", "proc/sys/kernel/modprobe", "proc/sysrq-trigger", "sys/kernel/uevent_helper")
_STRANGERS = ("moyai", "pytest", "envoy", "python")
"""Words in the command lines of processes that are in none of these tasks, and of this program's own."""
_CLONE_NEWNET = 0x40000000
_HOLDER_PID = 1
_HOLDER_SECONDS, _NEIGHBOUR_SECONDS = 1, 20
"""The time that a signal may take to have an effect."""
_POLL_SECONDS = 0.01


def _command(pid: int) -> str:
    """The command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def _visible_processes() -> Iterator[int]:
    yield from (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _is_running(pid: int) -> bool:
    """Whether it is neither stopped nor over."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return not any(f"State:\t{state}" in status for state in "TtZX")


def _any(result: object) -> str:
    """What an attempt has found. Raises OSError for nothing."""
    if not result:
        raise OSError(errno.ENOENT, "nothing")
    return str(result)[:200]


def _read_memory(pid: int) -> str:
    start = int(Path(f"/proc/{pid}/maps").read_text().partition("-")[0], 16)
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(start)
        return _any(memory.read(16))


def _trace(pid: int) -> None:
    with trace_process(pid):
        pass


def _await_effect(pid: int) -> None:
    """Wait until a signal has stopped or ended the process. Raises OSError if it runs on."""
    end = time.monotonic() + (_HOLDER_SECONDS if pid == _HOLDER_PID else _NEIGHBOUR_SECONDS)
    while time.monotonic() < end:
        if not _is_running(pid):
            return
        select.select([], [], [], _POLL_SECONDS)
    raise OSError(errno.EPERM, "it runs on")


def _stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    _await_effect(pid)
    os.kill(pid, signal.SIGCONT)


def _end(pid: int) -> None:
    """By SIGKILL, or by any other signal where that has no effect."""
    os.kill(pid, signal.SIGKILL)
    try:
        _await_effect(pid)
    except OSError:
        for number in set(signal.Signals) - {signal.SIGSTOP}:
            os.kill(pid, number)
        _await_effect(pid)


def _set_limit(pid: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _enter(pid: int) -> None:
    check(libc.setns(os.pidfd_open(pid), _CLONE_NEWNET))


def _find(numbers: list[int]) -> str:
    own = {os.getpid(), os.getppid()}
    visible = {pid: _command(pid) for pid in _visible_processes() if pid not in own}
    strangers = [text for text in visible.values() if any(name in text for name in _STRANGERS)]
    return _any([*strangers, *(visible.keys() & set(numbers))])


def _first(numbers: list[int], deed: Callable[[int], object]) -> str:
    """The first process to which it can be done. Raises OSError for none."""
    for number in numbers:
        try:
            deed(number)
        except OSError:
            continue
        return str(number)
    raise OSError(errno.ESRCH, "none")


def _open_below(paths: list[str], flags: int) -> str:
    """The first of the files that can be opened below the root of any other process."""
    for pid in _visible_processes():
        for path in () if pid == os.getpid() else paths:
            try:
                os.close(os.open(f"/proc/{pid}/root/{path}", flags))
            except OSError:
                continue
            return f"{pid}: {path}"
    raise OSError(errno.EACCES, "none")


_ACTIONS = {
    READ_ENVIRONMENT: lambda pid: _any(Path(f"/proc/{pid}/environ").read_bytes()),
    READ_MEMORY: _read_memory,
    LIST_ROOT: lambda pid: _any(list(Path(f"/proc/{pid}/root").iterdir())),
    LIST_FILES: lambda pid: _any(list(Path(f"/proc/{pid}/fd").iterdir())),
    TRACE: _trace,
    STOP: _stop,
    SET_LIMIT: _set_limit,
    ENTER: _enter,
    END: _end,
}


def main(neighbour: str, canary: str, *numbers: str) -> None:
    """Try everything, and end the neighbour last."""
    others = [int(number) for number in numbers]
    [sleep] = [pid for pid in _visible_processes() if _command(pid) == neighbour]
    attempt(FIND, partial(_find, others))
    attempt(SIGNAL_OTHERS, partial(_first, others, lambda pid: os.kill(pid, 0)))
    attempt(TRACE_OTHERS, partial(_first, others, _trace))
    attempt(READ_HOST, partial(_open_below, [canary.lstrip("/")], os.O_RDONLY))
    attempt(WRITE_KERNEL, partial(_open_below, list(_KERNEL), os.O_WRONLY))
    for deed, action in _ACTIONS.items():
        for name, pid in ((HOLDER, _HOLDER_PID), (NEIGHBOUR, sleep)):
            attempt(deed.format(name), partial(action, pid))


if __name__ == "__main__":
    main(*sys.argv[1:])
