"""A blob's file, open for reading.

Promise: threads read the file a MiB at a time, by position, so that several readers of one file do not disturb each
other. It can be read to its end even if it is removed meanwhile.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Final

from typing_extensions import override

from moyai.ports.blobs import BlobMissing, BlobReader

CHUNK: Final = 1024 * 1024
"""Bytes that are read or written at a time."""


class FileReader(BlobReader):
    """An open blob's file."""

    def __init__(self, file: BinaryIO, threads: ThreadPoolExecutor) -> None:
        self._file, self._threads = file, threads
        self._size = os.fstat(file.fileno()).st_size

    @property
    @override
    def size(self) -> int:
        return self._size

    @override
    async def chunks(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        position, end = start, self._size if end is None else min(end, self._size)
        loop, descriptor = asyncio.get_running_loop(), self._file.fileno()
        while position < end:
            chunk = await loop.run_in_executor(
                self._threads, os.pread, descriptor, min(CHUNK, end - position), position
            )
            if not chunk:
                raise BlobMissing("The blob's file has become shorter.")
            position += len(chunk)
            yield chunk

    @override
    def close(self) -> None:
        self._file.close()


def open_file(path: Path) -> BinaryIO:
    """Open a blob's file. Raises FileNotFoundError."""
    return path.open("rb")
