"""One metric in one minute: its whole, and its twelve slots of five seconds.

Promise: a sample is in its slot and in the whole at once. What was kept of the minute before (by another life of the
control plane, or of a value that came late) is added to, never replaced. Only the slot that is being filled tells
samples of one task apart; in one that is added to a second time, a task may count as two samples. Sums are exact
always. A slot that is over is bytes, as it is kept: it is written many times and hardly ever read.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

import msgspec

from moyai.domain.cloudwatch.metric import Summary
from moyai.telemetry.accumulate import accumulators
from moyai.telemetry.blocks import WHOLE, Bounds, Entries, encode, entry, read, row
from moyai.telemetry.names import Kind

FINE: Final = 5
"""Seconds of a slot."""
COARSE: Final = 60
"""Seconds of a whole."""


class Cell:
    """A metric's minute. ``slot`` is the one being filled, ``filling`` what is in it; ``total`` is the minute's."""

    __slots__ = (
        "_before",
        "_bounds",
        "_closed",
        "_empty",
        "_entry",
        "_kept",
        "_over",
        "filling",
        "saved",
        "slot",
        "total",
    )

    def __init__(self, kind: Kind, bounds: Bounds) -> None:
        self.saved = True
        """Nothing was added since it was saved: the group need not be told that there is something to save."""
        self.slot = -1
        self._empty = accumulators(kind)
        self.filling = self.total = self._empty()
        self._bounds = bounds
        self._closed, self._over = b"", 0
        """Slots that are over: their entries, and a bit for each."""
        self._entry: bytes | None = None
        """That of the slot that is being filled, as it was saved."""
        self._before: Summary | None = None
        """What was kept of the minute."""
        self._kept: Summary | None = None
        """What was in the slot that is being filled before it was."""

    def turn(self, slot: int) -> None:
        """Fill another slot."""
        if self.slot < 0:
            self.total = self._empty()
        elif self.saved and self._entry is not None:
            self._close(self.slot, self._entry)
        else:
            self._close(self.slot, entry(self.slot, self._filled(), self._bounds))
        self.slot, self.filling, self._entry, self._kept = slot, self._empty(), None, self._opened(slot)

    def add_kept(self, kept: Entries) -> None:
        """Add what was kept elsewhere."""
        for key, of in kept:
            if key == WHOLE:
                self._before = _plus(of, self._before)
            elif key == self.slot:
                self._kept, self._entry = _plus(of, self._kept), None
            else:
                self._close(key, entry(key, _plus(of, self._opened(key)), self._bounds))

    def save(self) -> msgspec.Raw:
        """All of it, as it is kept."""
        entries, count = self._closed, self._over.bit_count()
        if self.slot >= 0:
            if not self.saved or self._entry is None:
                self._entry = entry(self.slot, self._filled(), self._bounds)
            entries += entry(WHOLE, self._whole(), self._bounds) + self._entry
            count += 2
        elif self._before is not None:
            entries += entry(WHOLE, self._before, self._bounds)
            count += 1
        self.saved = True
        return row(entries, count)

    def entries(self) -> Entries:
        """All of it."""
        if self.slot >= 0:
            return [(WHOLE, self._whole()), (self.slot, self._filled()), *self._read()]
        return [*([] if self._before is None else [(WHOLE, self._before)]), *self._read()]

    def _whole(self) -> Summary:
        return _plus(self.total.summary(), self._before)

    def _filled(self) -> Summary:
        return _plus(self.filling.summary(), self._kept)

    def _close(self, slot: int, entry: bytes) -> None:
        self._closed += entry
        self._over |= 1 << slot

    def _opened(self, slot: int) -> Summary | None:
        """What is in a slot that is over, which it no longer is."""
        if not self._over >> slot & 1:
            return None
        others = dict(self._read())
        found = others.pop(slot)
        self._closed, self._over = b"", 0
        for key, of in others.items():
            self._close(key, entry(key, of, self._bounds))
        return found

    def _read(self) -> Entries:
        return read(row(self._closed, self._over.bit_count()), self._bounds)


def _plus(of: Summary, before: Summary | None) -> Summary:
    return of if before is None else before.plus(of)


class Minute(dict[int, Cell]):
    """A group's cells, by column. ``bounds``: those of their histograms."""

    def __init__(self) -> None:
        super().__init__()
        self.bounds: Bounds = {}

    def cell(self, column: int, kind: Kind) -> Cell:
        """The column's, made when there is none yet."""
        found = self.get(column)
        if found is None:
            found = self[column] = Cell(kind, self.bounds)
        return found

    def save(self, columns: Container[int]) -> bytes:
        """Those columns, as they are kept."""
        rows = {column: cell.save() for column, cell in self.items() if column in columns}
        return encode(rows, self.bounds)
