"""Processes that are killed while they change files."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator

_CHANGES = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.mknod"})


def kill_at_change(number: int, work: Callable[[], object]) -> bool:
    """Run work in a process that is killed before its Nth change of a file. Returns whether it came so far."""
    if (child := os.fork()) == 0:
        changes = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal changes
            writes = event == "open" and isinstance(arguments[1], str) and arguments[1][:1] in {"w", "a"}
            if event in _CHANGES or writes:
                changes += 1
                if changes == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        work()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def kill_at_each_change(prepare: Callable[[], object], work: Callable[[], object]) -> Iterator[int]:
    """Prepare, and run work in a process that is killed at its first change; then again, at its second; and so on until
    it ends. Yields the number of the change after each.
    """
    number = 1
    prepare()
    while kill_at_change(number, work):
        yield number
        prepare()
        number += 1
    assert number > 1
