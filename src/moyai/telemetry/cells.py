"""One metric in one minute: its whole, and its twelve slots of five seconds.

Promise: a sample is in its slot and in the whole at once. What was kept of the minute before (by another life of the
control plane, or of a value that came late) is added to, never replaced. Only the slot that is being filled tells
samples of one task apart; in one that is added to a second time, a task may count as two samples. Sums are exact
always. A slot that is over is bytes, as it is kept: it is written many times and hardly ever read.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
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

    __slots__ = ("_before", "_bounds", "_closed", "_empty", "_kept", "_over", "filling", "saved", "slot", "total")

    def __init__(self, kind: Kind, bounds: Bounds) -> None:
        self.saved = True
        """Whether the group knows that there is something to save."""
        self.slot = -1
        self._empty = accumulators(kind)
        self.filling = self.total = self._empty()
        self._bounds = bounds
        self._closed, self._over = b"", 0
        """Slots that are over: their entries, and a bit for each."""
        self._before: Summary | None = None
        """What was kept of the minute."""
        self._kept: Summary | None = None
        """What was in the slot that is being filled before it was."""

    def turn(self, slot: int) -> None:
        """Fill another slot."""
        if self.slot >= 0:
            self._close(self.slot, self._filled())
        else:
            self.total = self._empty()
        self.slot, self.filling, self._kept = slot, self._empty(), self._opened(slot)

    def add_kept(self, kept: Entries) -> None:
        """Add what was kept elsewhere."""
        for key, of in kept:
            if key == WHOLE:
                self._before = _plus(of, self._before)
            elif key == self.slot:
                self._kept = _plus(of, self._kept)
            else:
                self._close(key, _plus(of, self._opened(key)))

    def row(self, bounds: Bounds) -> msgspec.Raw:
        """All of it, as it is kept; ``bounds`` are the minute's and more."""
        entries, count = self._closed, self._over.bit_count()
        for key, of in self._open():
            entries, count = entries + entry(key, of, bounds), count + 1
        return row(entries, count)

    def entries(self) -> Entries:
        """All of it."""
        return [*self._open(), *self._read()]

    def _open(self) -> Iterator[tuple[int, Summary]]:
        """The whole, and the slot that is being filled."""
        if self.slot >= 0:
            yield WHOLE, _plus(self.total.summary(), self._before)
            yield self.slot, self._filled()
        elif self._before is not None:
            yield WHOLE, self._before

    def _filled(self) -> Summary:
        return _plus(self.filling.summary(), self._kept)

    def _close(self, slot: int, of: Summary) -> None:
        self._closed += entry(slot, of, self._bounds)
        self._over |= 1 << slot

    def _opened(self, slot: int) -> Summary | None:
        """What is in a slot that is over, which it no longer is."""
        if not self._over >> slot & 1:
            return None
        others = dict(self._read())
        found = others.pop(slot)
        self._closed, self._over = b"", 0
        for key, of in others.items():
            self._close(key, of)
        return found

    def _read(self) -> Entries:
        return read(row(self._closed, self._over.bit_count()), self._bounds)


def _plus(of: Summary, before: Summary | None) -> Summary:
    return of if before is None else before.plus(of)


class Minute(dict[int, Cell]):
    """A group's cells, by column. ``bounds``: those of the histograms of slots that are over."""

    def __init__(self) -> None:
        super().__init__()
        self.bounds: Bounds = {}

    def cell(self, column: int, kind: Kind) -> Cell:
        """The column's, made when there is none yet."""
        found = self.get(column)
        if found is None:
            found = self[column] = Cell(kind, self.bounds)
        return found

    def body(self, columns: Container[int]) -> bytes:
        """Those columns, as they are kept."""
        bounds = dict(self.bounds)
        rows = {column: cell.row(bounds) for column, cell in self.items() if column in columns}
        return encode(rows, bounds)
