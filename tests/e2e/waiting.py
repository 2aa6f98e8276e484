"""Waiting for what happens, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds: far more than anything here takes on a busy machine."""
STEP = 0.1


def eventually(condition: Callable[[], T], purpose: str = "what the test waits for", patience: float = PATIENCE) -> T:
    """Ask again and again until the answer is true, and give that answer.

    Fails with the last answer when it does not become true in time.
    """
    pause = Event()
    deadline = time.monotonic() + patience
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience:g} s: {purpose}; the last answer: {answer!r}")
        pause.wait(STEP)
    return answer


def while_it_lasts(seconds: float) -> None:
    """Let load or a change last for a while, where nothing marks its end."""
    Event().wait(seconds)
