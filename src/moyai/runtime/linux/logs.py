"""Reading what a keeper wrote: the older file, then the newer one, and on as it grows.

A line that isn't whole yet is left for the next look. Every look is bounded, so a chatty container can't fill the
control plane's memory.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from moyai.domain.sandbox.state import LogLine
from moyai.kernel.clock import Clock, Seconds
from moyai.ports.runtime import Output
from moyai.runtime.linux.shim.output import read_base

_LONGEST = 256 * 1024
_ENOUGH = 1024 * 1024
_FOLLOW_EVERY = Seconds(0.2)
_READER = msgspec.json.Decoder(LogLine)


async def read(
    directory: Path, clock: Clock, ended: Callable[[], Awaitable[bool]] | None = None
) -> AsyncIterator[LogLine]:
    """The lines of a container. With ``ended``: also those to come, until it says True and nothing is left."""
    previous = directory / "previous.log"
    if previous.exists():
        with previous.open("rb") as file:
            for line in _whole_lines(file):
                yield line
    current = directory / "current.log"
    while not current.exists():
        if ended is None or await ended():
            return
        await clock.sleep(_FOLLOW_EVERY)
    file = current.open("rb")
    try:
        while True:
            last_look = ended is None or await ended()
            for line in _whole_lines(file):
                yield line
            if _was_rotated(file, current):
                for line in _whole_lines(file):  # what came between the look and the rotation
                    yield line
                file.close()
                file = current.open("rb")
            elif last_look:
                return
            else:
                await clock.sleep(_FOLLOW_EVERY)
    finally:
        file.close()


def output(directory: Path, after: int) -> Output:
    """Whole lines behind a position, and the position behind them. It counts the bytes of all files there were."""
    lines: list[LogLine] = []
    with ExitStack() as open_files:
        files: list[BinaryIO] = []
        for name in ("previous.log", "current.log"):
            with suppress(FileNotFoundError):
                files.append(open_files.enter_context((directory / name).open("rb")))
        if _inode(directory / "previous.log") not in {os.fstat(file.fileno()).st_ino for file in files[:1]} | {None}:
            return Output((), after)  # there was a rotation between the two: one is missing, so look again
        position = after
        for file in files:
            base = read_base(file.fileno())
            file.seek(max(position - base, 0))
            for line in _whole_lines(file):
                lines.append(line)
                if file.tell() + base - after > _ENOUGH:
                    return Output(lines, base + file.tell())
            position = max(position, base + file.tell())
    return Output(lines, position)


def _whole_lines(file: BinaryIO) -> Iterator[LogLine]:
    """Lines from where the file stands; it stays in front of one that isn't whole yet."""
    while True:
        start = file.tell()
        raw = file.readline(_LONGEST)
        if not raw.endswith(b"\n"):
            file.seek(start)
            return
        with suppress(msgspec.MsgspecError):  # the head, or a line that a full disk cut short
            yield _READER.decode(raw)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _was_rotated(file: BinaryIO, current: Path) -> bool:
    try:
        return os.fstat(file.fileno()).st_ino != current.stat().st_ino
    except FileNotFoundError:  # between the two renames
        return False
