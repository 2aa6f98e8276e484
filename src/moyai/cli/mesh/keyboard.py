"""Reads single keys from the terminal, without waiting for the end of a line."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

_MAX_BYTES: Final = 64
_KEY: Final = re.compile(r"\x1b\[[0-9;]*.|\x1b[^\x1b]|.", re.DOTALL)
"""The escape sequence or character of one key. A key that is held down arrives several times in one read."""
_NAMES: Final = MappingProxyType(
    {
        "\x1b[A": "up",
        "\x1b[B": "down",
        "\x1b[5~": "pageup",
        "\x1b[6~": "pagedown",
        "\x1b[H": "home",
        "\x1b[1~": "home",
        "\x1b": "escape",
        "\r": "enter",
        "\n": "enter",
        "\x7f": "backspace",
        "\x08": "backspace",
    }
)


@contextmanager
def cbreak_terminal() -> Iterator[None]:
    """Switch the terminal to cbreak mode: keys arrive when pressed and are not echoed; Ctrl-C still interrupts."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def next_keys(seconds: float) -> list[str]:
    """Wait up to ``seconds`` for keys and return them."""
    fd = sys.stdin.fileno()
    if not select.select([fd], [], [], max(seconds, 0))[0]:
        return []
    return parse_keys(os.read(fd, _MAX_BYTES).decode(errors="ignore"))


def parse_keys(text: str) -> list[str]:
    """Split the terminal's input into keys: a character, or a name such as ``up``. End of input is ``q``."""
    if not text:
        return ["q"]  # the terminal was closed
    keys = _KEY.findall(text)
    return [_NAMES.get(key, key) for key in keys if key in _NAMES or not key.startswith("\x1b")]
