"""Reads the output that a container monitor wrote: the older file, then the newer one, and on as that grows.

A line that is not complete yet is left for the next read. Each read is limited, so a container that prints much can't
fill the control plane's memory.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from moyai.domain.sandbox.state import LogLine
from moyai.kernel.clock import Clock, Seconds
from moyai.ports.runtime import Output
from moyai.runtime.linux.shim.output import is_header, read_base

_MAX_LINE_BYTES = 256 * 1024
_OUTPUT_BYTES = 1024 * 1024
_POLL_INTERVAL = Seconds(0.2)
_READER = msgspec.json.Decoder(LogLine)


async def read_lines(
    directory: Path, clock: Clock, has_ended: Callable[[], Awaitable[bool]] | None = None
) -> AsyncIterator[LogLine]:
    """The lines of a container. With ``has_ended``: also those to come, until it returns True and nothing is left."""
    files: list[BinaryIO] = []
    try:
        while True:
            is_last_read = has_ended is None or await has_ended()
            newer = _open_newer(directory, files[-1] if files else None)
            files += newer  # opened before older files are read to their end, because those get no more lines then
            for file in tuple(files):
                for line in filter(None, _complete_lines(file)):
                    yield line
            while len(files) > 1:
                files.pop(0).close()
            if not newer and is_last_read:
                return
            if not newer:
                await clock.sleep(_POLL_INTERVAL)
    finally:
        for file in files:
            file.close()


def _open_newer(directory: Path, file: BinaryIO | None) -> Sequence[BinaryIO]:
    """The files that began after this one, or all of them, the oldest first."""
    read_inodes = set() if file is None else {os.fstat(file.fileno()).st_ino}
    newer: list[BinaryIO] = []
    for name in ("current.log", "previous.log"):  # a rotation in between leaves the same file twice, and loses none
        with suppress(FileNotFoundError):
            opened = (directory / name).open("rb")
            inode = os.fstat(opened.fileno()).st_ino
            if inode in read_inodes:
                opened.close()
                if file is not None:
                    break
                continue
            read_inodes.add(inode)
            newer.insert(0, opened)
    return newer


def read_output(directory: Path, after: int) -> Output:
    """Complete lines from a position on, and the position behind them. A position counts bytes of all files so far."""
    lines, position = read_with_gaps(directory, after)
    return Output([line for line in lines if line is not None], position)


def read_with_gaps(directory: Path, after: int, until: int | None = None) -> tuple[Sequence[LogLine | None], int]:
    """As ``read_output``. None stands for lines that are missing: they were discarded, or can't be read. ``until``:
    the position to stop at, which an earlier call has returned.
    """
    end = after + _OUTPUT_BYTES if until is None else until
    lines: list[LogLine | None] = []
    with ExitStack() as open_files:
        files: list[BinaryIO] = []
        for name in ("previous.log", "current.log"):
            with suppress(FileNotFoundError):
                files.append(open_files.enter_context((directory / name).open("rb")))
        if _inode(directory / "previous.log") not in {os.fstat(file.fileno()).st_ino for file in files[:1]} | {None}:
            return (), after  # a rotation between the two opens: one file is missing, so the caller has to try again
        position = after
        for file in files:
            base = read_base(file.fileno())
            if base > position:
                lines.append(None)
            file.seek(max(position - base, 0))
            for line in _complete_lines(file):
                lines.append(line)
                if base + file.tell() >= end:
                    return lines, base + file.tell()
            position = max(position, base + file.tell())
    return lines, position


def output_end(directory: Path) -> int:
    """The position behind all output; 0 if there is none."""
    try:
        with (directory / "current.log").open("rb") as file:
            return read_base(file.fileno()) + os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return 0


def _complete_lines(file: BinaryIO) -> Iterator[LogLine | None]:
    """The lines from the file's position, which stays before an incomplete line. None: a line that can't be read."""
    while True:
        start = file.tell()
        raw = file.readline(_MAX_LINE_BYTES)
        if not raw.endswith(b"\n") and len(raw) < _MAX_LINE_BYTES:
            file.seek(start)
            return
        if start == 0 and is_header(raw):
            continue
        try:
            yield _READER.decode(raw)
        except msgspec.MsgspecError:  # a part of too long a line, or one that a full disk cut short
            yield None


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
