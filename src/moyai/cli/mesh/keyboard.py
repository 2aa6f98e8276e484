"""Keys as they are pressed, from a terminal that does not wait for the end of a line."""

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

_LONGEST: Final = 64
_KEY: Final = re.compile(r"\x1b\[[0-9;]*.|\x1b[^\x1b]|.", re.DOTALL)
"""One key: held down, it comes several times at once."""
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
def keys_at_once() -> Iterator[None]:
    """Have the terminal hand over each key as it is pressed, unseen; Ctrl-C still interrupts."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def next_keys(seconds: float) -> list[str]:
    """The keys pressed by the end of so many seconds, as soon as there are any."""
    fd = sys.stdin.fileno()
    if not select.select([fd], [], [], max(seconds, 0))[0]:
        return []
    return named(os.read(fd, _LONGEST).decode(errors="ignore"))


def named(text: str) -> list[str]:
    """What a terminal sent, key by key: a character, or a name of the view's."""
    if not text:
        return ["q"]  # the terminal is gone
    sent = _KEY.findall(text)
    return [_NAMES.get(one, one) for one in sent if one in _NAMES or not one.startswith("\x1b")]
