"""Printing to the terminal."""

from __future__ import annotations

from rich.console import Console

_WIDTH = 10_000
"""Columns where there is no terminal, so that nothing is cut off in a file or a pipe."""


def console() -> Console:
    """A console that prints text literally: an ARN with ``:secret:`` or ``[job]`` in it stays as it is.

    It is as wide as the terminal, and prints colours there and only there.
    """
    terminal = Console(highlight=False, markup=False, emoji=False)
    return terminal if terminal.is_terminal else Console(highlight=False, markup=False, emoji=False, width=_WIDTH)


def can_redraw(out: Console) -> bool:
    """Whether printed text can be overwritten: not in a file, a pipe, or a terminal of the type ``dumb``."""
    return out.is_terminal and not out.is_dumb_terminal
