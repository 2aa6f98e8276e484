"""The commands of the command line, run in the tests' own process."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from typer.main import get_command

from moyai.cli.main import command_line, main
from tests.e2e.installation import Installation


def all_commands() -> Mapping[str, Any]:
    """Each command of typer's by its name, such as ``image pull``."""
    return dict(_commands(get_command(command_line())))


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from _commands(below, (*path, name))
    else:
        yield " ".join(path), command


class CommandRunner:
    """Runs commands as a user of an installation does; what they print goes to a stream of the caller's."""

    def __init__(self, installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        for name, value in installation.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("MOYAI_STATE", str(installation.state))

    def run(self, words: Sequence[str], output: io.StringIO, errors: io.StringIO) -> object:
        """The exit code."""
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["moyai", *words])
            patch.setattr(sys, "stdout", output)
            patch.setattr(sys, "stderr", errors)
            try:
                main()
            except SystemExit as end:
                return end.code
        return 0
