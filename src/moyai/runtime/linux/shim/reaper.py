"""The first process of a container with ``initProcessEnabled``: it reaps what is left behind, and passes signals on.

Promise: it ends as the command ends, with its exit code or 128 + its signal. It is closed to the container's own
processes, who would find the keeper's program in it. With SYS_PTRACE they may look all the same, and find
nothing secret: the order is their own, and a program that runs (the keeper does, as long as they do) can't be written.
"""

from __future__ import annotations

import os
import select

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.syscalls import SIGCHLD

_EVERY_SIGNAL = tuple(number for number in range(1, 65) if number not in {9, 19, 32, 33})
_NEWS_BYTES = 128
_MOST_DESCRIPTORS = 4096


def become_reaper(failure: int) -> None:
    """Return in a child, which is to be the command; stay here as its first process, and end with it.

    ``failure``: the descriptor that tells the keeper, by being closed, that the command runs.
    """
    syscalls.block_signals(_EVERY_SIGNAL)
    syscalls.reap_orphans()
    child = os.fork()
    if child == 0:
        syscalls.default_signals()
        return
    os.close(failure)
    syscalls.close_to_others()
    os.closerange(3, _MOST_DESCRIPTORS)
    _outlive(child)


def hold() -> None:
    """Stay as the first process of namespaces that containers share, and do nothing. Never returns.

    Nothing that it was started with stays open, and it answers no signal: only its keeper's SIGKILL ends it.
    """
    syscalls.block_signals(_EVERY_SIGNAL)
    syscalls.ignore_children()
    syscalls.call_itself(b"/pause")
    syscalls.close_to_others()
    os.closerange(0, _MOST_DESCRIPTORS)
    while True:
        select.select([], [], [])


def _outlive(child: int) -> None:
    news = syscalls.signal_fd(_EVERY_SIGNAL, waits=True)
    while True:
        number = int.from_bytes(os.read(news, _NEWS_BYTES)[:4], "little")
        if number != SIGCHLD:
            try:
                os.kill(child, number)
            except ProcessLookupError:
                continue
            continue
        _reap(child)


def _reap(child: int) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
