"""The first process of a container with ``initProcessEnabled``: it reaps orphans and forwards signals.

Promise: it ends as the command ends, with its exit code or 128 + its signal. The container's own processes can't trace
it. With SYS_PTRACE they can, and gain nothing: it has the container's user, capabilities, filter, namespaces and root,
no other open files, and in its memory its own configuration. Its program is this machine's interpreter, which they can
read; it is on a read-only mount.
"""

from __future__ import annotations

import os
import select

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.entry import reap
from moyai.runtime.linux.shim.syscalls import SIGCHLD

_EVERY_SIGNAL = tuple(number for number in range(1, 65) if number not in {9, 19, 32, 33})
_SIGINFO_BYTES = 128


def become_reaper(failure: int) -> None:
    """Fork: return in the child, which becomes the command in a process group of its own, in the foreground of its
    terminal, and stay as the first process until the command's end.

    ``failure``: the descriptor whose end tells the monitor that the command runs.
    """
    syscalls.block_signals(_EVERY_SIGNAL)
    syscalls.adopt_orphans()
    syscalls.forbid_tracing()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        if os.isatty(0):
            os.tcsetpgrp(0, os.getpgrp())  # SIGTTOU is blocked
        syscalls.default_signals()
        return
    os.close(failure)
    _forward_signals_until_end(child)


def pause(failure: int) -> None:
    """Stay as the first process of namespaces that containers share, and do nothing. Never returns.

    It closes all files, also ``failure``, and handles no signal: only the monitor's SIGKILL ends it.
    """
    syscalls.block_signals(_EVERY_SIGNAL)
    syscalls.auto_reap_children()
    syscalls.set_process_title(b"/pause")
    syscalls.forbid_tracing()
    os.closerange(0, failure + 1)
    while True:
        select.select([], [], [])


def _forward_signals_until_end(child: int) -> None:
    signals = syscalls.signal_fd(_EVERY_SIGNAL, waits=True)
    while True:
        number = int.from_bytes(os.read(signals, _SIGINFO_BYTES)[:4], "little")
        if number != SIGCHLD:
            try:
                os.kill(child, number)
            except ProcessLookupError:
                continue
            continue
        for pid, code in reap():
            if pid == child:
                os._exit(code)
