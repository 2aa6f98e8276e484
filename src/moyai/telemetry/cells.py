"""One metric in one minute: its whole, and its twelve slots of five seconds.

Promise: a sample is in its slot and in the whole at once. What was kept of the minute before (by another life of the
control plane, or of a value that came late) is added to, never replaced. Only the slot that is being filled tells
samples of one task apart; in one that is added to a second time, a task may count as two samples. Sums are exact
always.
"""

from __future__ import annotations

from typing import Final

from moyai.domain.cloudwatch.metric import Summary
from moyai.telemetry.accumulate import Accumulator, Sample, accumulator
from moyai.telemetry.blocks import WHOLE, Entries
from moyai.telemetry.names import Kind

FINE: Final = 5
"""Seconds of a slot."""
COARSE: Final = 60
"""Seconds of a whole."""


class Cell:
    """A metric's minute."""

    __slots__ = ("_before", "_closed", "_kind", "_open", "_slot", "_whole", "saved")

    def __init__(self, kind: Kind, kept: Entries = ()) -> None:
        self.saved = True
        """Whether the group knows that there is something to save."""
        self._kind = kind
        self._whole: Accumulator | None = None
        self._slot = -1
        self._open: Accumulator | None = None
        self._closed: dict[int, Summary] = dict(kept)
        self._before = self._closed.pop(WHOLE, None)

    def add(self, second: float, sample: Sample) -> None:
        """Take a sample of that second of the minute."""
        slot = int(second // FINE)
        if self._open is None or slot != self._slot:
            self._close()
            self._slot, self._open = slot, accumulator(self._kind)
        if self._whole is None:
            self._whole = accumulator(self._kind)
        self._open.add(sample)
        self._whole.add(sample)

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
        if self._whole is None:
            return self._before
        now = self._whole.summary()
        return now if self._before is None else self._before.plus(now)

    def slots(self) -> Entries:
        """Slot and summary, in the order of time."""
        found = dict(self._closed)
        if self._open is not None:
            found[self._slot] = self._with(self._open)
        return [(slot, found[slot]) for slot in sorted(found)]

    def entries(self) -> Entries:
        """All of it, as it is kept."""
        whole = self.whole()
        return self.slots() if whole is None else [(WHOLE, whole), *self.slots()]

    def _close(self) -> None:
        if self._open is not None:
            self._closed[self._slot] = self._with(self._open)
            self._open = None

    def _with(self, slot: Accumulator) -> Summary:
        now, before = slot.summary(), self._closed.get(self._slot)
        return now if before is None else before.plus(now)
