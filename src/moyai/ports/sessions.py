"""Commands inside a running container, and the session of a started command.

Promise: the command has the container's namespaces, root, limits, environment and capabilities, and nothing more. It
and all processes that it has started end with the session. The session ends with its container, when it is closed, and
when the process that opened it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec

from moyai.kernel.ids import TaskId


class TerminalSize(msgspec.Struct, frozen=True):
    """The size of a terminal in characters."""

    rows: int
    columns: int


class Execution(msgspec.Struct, frozen=True):
    """A command to run in a container."""

    task: TaskId
    container: str
    arguments: tuple[str, ...]
    terminal: TerminalSize | None = None
    """The size of the command's terminal; None = three pipes instead of a terminal."""
    user: str | None = None
    """``user[:group]``, names of the container or numbers; None = the container's own user."""
    environment: Mapping[str, str] = {}
    """Variables in addition to the container's."""


class StandardStream(StrEnum):
    """The stream that output was written to. A terminal has only OUT."""

    OUT = "stdout"
    ERR = "stderr"


class CommandOutput(msgspec.Struct, frozen=True):
    """Some output of a command."""

    stream: StandardStream
    data: bytes


class CommandSession(Protocol):
    """The session of a started command. It must be closed, whatever happens."""

    async def read(self) -> CommandOutput | None:
        """Wait for the next output; None when there will be no more."""

    async def write(self, data: bytes) -> None:
        """Send input; waits until the command can take it. Input is dropped once the command has stopped reading."""

    def end_input(self) -> None:
        """End the input: end of file, or Ctrl-D on a terminal."""

    def resize(self, size: TerminalSize) -> None:
        """Change the terminal's size; does nothing without a terminal."""

    async def wait(self) -> int:
        """Wait for the end of the command and of all processes that it has started; returns its exit code (128+N:
        signal N).
        """

    async def close(self) -> None:
        """End the command, if it still runs, and release all resources. Harmless when repeated."""
