"""The lock that lets only one control plane use a state directory.

Promise: one process at a time has the lock, and the kernel releases it however that process ends. The lock file is
never removed: otherwise two processes could lock two files of the same name.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from moyai.ports.store import StateLocked, StoreFault

_PID_DIGITS = 20


class DirectoryLock:
    """An exclusive lock on a state directory, which is created (mode 0700) if it does not exist."""

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def take(cls, directory: Path) -> Self:
        """Lock the directory, or raise StateLocked, which names the process that has it."""
        try:
            _ensure(directory)
            file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise StoreFault(f"The state directory {directory} can't be used: {exc.strerror}.") from exc
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            holder = _holder(file)
            os.close(file)
            raise StateLocked(f"The state in {directory} is in use by process {holder or 'unknown'}.", holder) from exc
        written = os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        os.ftruncate(file, written)  # after the write: a full disk could not give truncated space back
        return cls(file)

    def release(self) -> None:
        """Release the lock. Harmless when repeated."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _holder(file: int) -> int | None:
    """The process that the file names, if it has the file open: after a crash another process may have its number."""
    pid = os.pread(file, _PID_DIGITS, 0).decode("ascii", "replace").strip()
    with suppress(OSError):
        for link in Path("/proc", pid, "fd").iterdir() if pid.isdecimal() else ():
            if os.path.samestat(link.stat(), os.fstat(file)):
                return int(pid)
    return None


def _ensure(directory: Path) -> None:
    """Create the directory if it does not exist, so that it survives a power cut as its files do."""
    if directory.is_dir():
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    parent = os.open(directory.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
