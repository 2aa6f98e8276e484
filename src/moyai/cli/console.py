"""Where the commands print."""

from __future__ import annotations

from rich.console import Console

_WIDTH = 10_000
"""Columns where there is no terminal: nothing is cut off in a file or a pipe."""


def console() -> Console:
    """As wide as the terminal, with colours there and only there."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=_WIDTH)


def redraws(out: Console) -> bool:
    """Whether what was drawn can be drawn over: neither a file nor a pipe can, nor a terminal that is ``dumb``."""
    return out.is_terminal and not out.is_dumb_terminal
