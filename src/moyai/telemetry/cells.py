"""One metric in one minute: its whole, and its twelve slots of five seconds.

Promise: a sample is in its slot and in the whole at once. What was kept of the minute before (by another life of the
control plane, or of a value that came late) is added to, never replaced. Only the slot that is being filled tells
samples of one task apart; in one that is added to a second time, a task may count as two samples. Sums are exact
always.
"""

from __future__ import annotations

from typing import Final

from moyai.domain.cloudwatch.metric import Summary
from moyai.telemetry.accumulate import accumulators
from moyai.telemetry.blocks import WHOLE, Entries
from moyai.telemetry.names import Kind

FINE: Final = 5
"""Seconds of a slot."""
COARSE: Final = 60
"""Seconds of a whole."""


class Cell:
    """A metric's minute. ``slot`` is the one being filled, ``filling`` what is in it; ``total`` is the minute's."""

    __slots__ = ("_before", "_closed", "_empty", "filling", "saved", "slot", "total")

    def __init__(self, kind: Kind, kept: Entries = ()) -> None:
        self.saved = True
        """Whether the group knows that there is something to save."""
        self.slot = -1
        self._empty = accumulators(kind)
        self.filling = self.total = self._empty()
        self._closed: dict[int, Summary] = dict(kept)
        self._before = self._closed.pop(WHOLE, None)

    def turn(self, slot: int) -> None:
        """Fill another slot."""
        self._close()
        if self.slot < 0:
            self.total = self._empty()
        self.slot, self.filling = slot, self._empty()

    def add_kept(self, kept: Entries) -> None:
        """Add what was kept elsewhere."""
        for key, of in kept:
            if key == WHOLE:
                self._before = of if self._before is None else of.plus(self._before)
            else:
                before = self._closed.get(key)
                self._closed[key] = of if before is None else of.plus(before)

    def whole(self) -> Summary | None:
        """The whole minute; None when nothing is in it."""
        if self.slot < 0:
            return self._before
        now = self.total.summary()
        return now if self._before is None else self._before.plus(now)

    def slots(self) -> Entries:
        """Slot and summary, in the order of time."""
        found = dict(self._closed)
        if self.slot >= 0:
            found[self.slot] = self._filled()
        return [(slot, found[slot]) for slot in sorted(found)]

    def entries(self) -> Entries:
        """All of it, as it is kept."""
        whole = self.whole()
        return self.slots() if whole is None else [(WHOLE, whole), *self.slots()]

    def _close(self) -> None:
        if self.slot >= 0:
            self._closed[self.slot] = self._filled()

    def _filled(self) -> Summary:
        now, before = self.filling.summary(), self._closed.get(self.slot)
        return now if before is None else before.plus(now)
