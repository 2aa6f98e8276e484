"""How the demo ends when it is asked to: in order, and asking again does not hurry it.

Ctrl-C, SIGTERM (a CI job that is cancelled) and SIGHUP (a terminal that is closed) are one; a signal that was ignored
from the start, as under ``nohup``, stays so.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Handler = Callable[[int, FrameType | None], object] | signal.Handlers


@contextmanager
def interruptible() -> Iterator[None]:
    """What runs here is ended by each of the signals as by Ctrl-C, with KeyboardInterrupt."""
    with _handled_by(signal.default_int_handler):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """What runs here, and the commands that it runs, come to their end."""
    with _handled_by(signal.SIG_IGN):
        yield


@contextmanager
def _handled_by(handler: _Handler) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _ENDING}
    changed = {number: was for number, was in before.items() if was is not signal.SIG_IGN}
    for number in changed:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, was in changed.items():
            signal.signal(number, was)
