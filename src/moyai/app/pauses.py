"""The garbage collector's pauses, kept short while there is much to look at.

Promise: what is there when serving begins, and what a collection has found to be in use, is not looked at again: at
50,000 instances a look at everything takes a sixth of a second, in which nobody is answered. What is no longer used
still goes at once, as in all of Python; only what is held by nothing but itself, and was in use when it was
last looked at, stays until the end. That is little: records are values, and have no cycles.
Source: https://docs.python.org/3/library/gc.html#gc.freeze
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Final

_OLDEST: Final = 2
_SLOW: Final = 0.004
"""Seconds that a full collection may take before what it found is left alone."""
_THRESHOLDS: Final = (700, 10, 3)
"""Python's own, but that the oldest are looked at three times as often: new ones, that is, and few at a time."""


@contextmanager
def short_pauses(clock: Callable[[], float] = perf_counter) -> Iterator[None]:
    """For as long as this process serves."""
    usual = gc.get_threshold()
    watch = _Watch(clock)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.callbacks.append(watch)
    try:
        yield
    finally:
        gc.callbacks.remove(watch)
        gc.set_threshold(*usual)
        gc.unfreeze()


class _Watch:
    """Called around each collection."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = 0.0

    def __call__(self, phase: str, info: Mapping[str, Any]) -> None:
        if info["generation"] != _OLDEST:
            return
        if phase == "start":
            self._began = self._clock()
        elif self._clock() - self._began > _SLOW:
            gc.freeze()
