"""A command inside a container that runs: what is asked for, and the session that it becomes.

Promise: the command has the container's namespaces, root, limits, environment and capabilities, and nothing more. It
and everything that it started end with the session, the session ends with its container, and both end when whoever
opened it closes it or dies.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec

from moyai.kernel.ids import TaskId


class TerminalSize(msgspec.Struct, frozen=True):
    """In characters."""

    rows: int
    columns: int


class Execution(msgspec.Struct, frozen=True):
    """One command in one container."""

    task: TaskId
    container: str
    arguments: tuple[str, ...]
    terminal: TerminalSize | None = None
    """The size of its terminal; None = three pipes."""
    user: str | None = None
    """``user[:group]``, names or numbers as the container knows them; None = the container's own."""
    environment: Mapping[str, str] = {}
    """On top of the container's."""


class StandardStream(StrEnum):
    """Where output was written. A terminal has only one."""

    OUT = "stdout"
    ERR = "stderr"


class CommandOutput(msgspec.Struct, frozen=True):
    """Some bytes of output."""

    stream: StandardStream
    data: bytes


class CommandSession(Protocol):
    """One command that was started. ``close`` it, whatever happened."""

    async def read(self) -> CommandOutput | None:
        """The next output, as soon as there is some; None when there will be no more."""

    async def write(self, data: bytes) -> None:
        """Give the command input; waits until it is taken. Input for a command that reads no more is dropped."""

    def end_input(self) -> None:
        """There is no more input: end of file, or Ctrl-D on a terminal."""

    def resize(self, size: TerminalSize) -> None:
        """The terminal has this size now; without a terminal nothing happens."""

    async def wait(self) -> int:
        """Wait for the command's end, and that of everything it started; its exit code (128+N: signal N)."""

    async def close(self) -> None:
        """End the command, if it still runs, and let go of everything. May be said twice."""
