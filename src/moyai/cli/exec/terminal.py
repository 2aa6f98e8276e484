"""This process's terminal, handed through: every key goes to the command, Ctrl-C too."""

from __future__ import annotations

import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def raw(terminal: bool) -> Iterator[None]:
    """Have it so, where there is one; as it was afterwards."""
    if not terminal:
        yield
        return
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
