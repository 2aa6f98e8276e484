"""Tunes Python's garbage collector, so that its pauses stay short when there are many objects.

Promise: objects that exist when serving begins, and objects that a slow collection found to be in use, are not examined
again. With 50,000 instances a full collection takes a sixth of a second, in which no request is answered. Unused
objects are still freed at once, by reference counting; only a reference cycle that becomes unused after it was examined
stays until the process ends. There are few of them, because records are values without cycles.
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
"""Seconds of a full collection; after one that takes longer, the objects that remain are frozen."""
_THRESHOLDS: Final = (700, 10, 3)
"""Python's own thresholds, except that full collections are three times as frequent: each examines only few objects,
the new ones.
"""


@contextmanager
def gc_tuned(clock: Callable[[], float] = perf_counter) -> Iterator[None]:
    """Tune the garbage collector inside the ``with`` block."""
    defaults = gc.get_threshold()
    freezer = _FreezeAfterSlowCollection(clock)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.callbacks.append(freezer)
    try:
        yield
    finally:
        gc.callbacks.remove(freezer)
        gc.set_threshold(*defaults)
        gc.unfreeze()


class _FreezeAfterSlowCollection:
    """A callback of the garbage collector."""

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
