"""A thread that gets no processor for a while: stopped by ptrace, without a word to the process it belongs to."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_WALL = 0x40000000


def thread(pid: int, name: str) -> int:
    """A process's thread of this name."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    (found,) = [int(task.name) for task in threads if (task / "comm").read_text().strip() == name]
    return found


@contextmanager
def starved(tid: int) -> Iterator[None]:
    """The thread stands still meanwhile."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ptrace(request: int) -> None:
        if libc.ptrace(request, tid, None, None) == -1:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {tid}")

    def seize() -> None:
        ptrace(_SEIZE)
        ptrace(_INTERRUPT)
        os.waitpid(tid, _WALL)

    with ThreadPoolExecutor(1) as tracer:  # whoever seizes a thread must be who lets it go
        tracer.submit(seize).result()
        try:
            yield
        finally:
            tracer.submit(ptrace, _DETACH).result()
