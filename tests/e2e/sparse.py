"""The contents of a sparse file: a task's disk looks as large as it may become."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path


def written_bytes(path: Path) -> bytes:
    """All that was ever written to the file; nothing, if a task that ends has just removed it."""
    try:
        with path.open("rb") as file:
            return b"".join(_pieces(file.fileno()))
    except FileNotFoundError:
        return b""


def _pieces(fd: int) -> Iterator[bytes]:
    end, size = 0, os.fstat(fd).st_size
    while end < size:
        try:
            begin = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                return
            raise
        end = os.lseek(fd, begin, os.SEEK_HOLE)
        yield os.pread(fd, end - begin, begin)
