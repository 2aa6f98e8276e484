"""The first process of a container with ``initProcessEnabled``: it reaps what is left behind, and passes signals on.

Promise: it ends as the command ends, with its exit code or 128 + its signal. It is closed to the container's own
processes. With SYS_PTRACE they may look into it and change it all the same, and have nothing of it that is not theirs:
it has the container's user, capabilities, filter, namespaces and root and no file but theirs, and in its memory is its
own order. Its program is this machine's interpreter, which they can read; it is on a mount that is read-only.
"""

from __future__ import annotations

import os
import select

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.entry import reap
from moyai.runtime.linux.shim.syscalls import SIGCHLD

_EVERY_SIGNAL = tuple(number for number in range(1, 65) if number not in {9, 19, 32, 33})
_NEWS_BYTES = 128


def become_reaper(failure: int) -> None:
    """Return in a child, which is to be the command; stay here as its first process, and end with it.

    ``failure``: the descriptor that tells the keeper, by being closed, that the command runs.
    """
    syscalls.block_signals(_EVERY_SIGNAL)
    syscalls.reap_orphans()
    syscalls.close_to_others()
    child = os.fork()
    if child == 0:
        syscalls.default_signals()
        return
    os.close(failure)
    _outlive(child)


def hold(failure: int) -> None:
    """Stay as the first process of namespaces that containers share, and do nothing. Never returns.

    Nothing stays open, ``failure`` neither, and it answers no signal: only its keeper's SIGKILL ends it.
    """
    syscalls.block_signals(_EVERY_SIGNAL)
    syscalls.ignore_children()
    syscalls.call_itself(b"/pause")
    syscalls.close_to_others()
    os.closerange(0, failure + 1)
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
        for pid, code in reap():
            if pid == child:
                os._exit(code)
