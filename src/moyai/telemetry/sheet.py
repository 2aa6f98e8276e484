"""What each proxy of a group counted, metric by metric, in the slot that is being filled and in its minute.

Promise: however often a proxy is added, it is one sample of a metric in the slot, and one in the minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from moyai.kernel.ids import ProxyId
from moyai.telemetry.arrays import Ints
from moyai.telemetry.series import Moment

_MOST: Final = np.iinfo(np.int64).max


class Sheet:
    """A row for each proxy, and a column for each metric."""

    __slots__ = ("_counted", "_rows", "_slot", "_start")

    def __init__(self) -> None:
        self._start = self._slot = -1
        self._rows: dict[ProxyId, int] = {}
        self._counted = np.zeros((2, 0, 0), np.int64)
        """Of the slot and of the minute."""

    def add(self, when: Moment, proxies: Sequence[ProxyId], columns: Ints, counted: Ints) -> Ints:
        """Add what proxies counted, each in the row of its own. What all have counted by now: of the slot and of the
        minute, by column, the samples, their sum, their minimum and their maximum.
        """
        self._turn(when)
        rows = np.array([self._rows.setdefault(proxy, len(self._rows)) for proxy in proxies])
        self._grow(len(self._rows), int(np.max(columns)) + 1)
        both = np.arange(len(self._counted))[:, np.newaxis, np.newaxis]
        np.add.at(self._counted, (both, rows[:, np.newaxis], columns), counted)
        return samples(self._counted[:, : len(self._rows), columns])

    def _turn(self, when: Moment) -> None:
        if when.start != self._start:
            self._rows.clear()
            self._counted = np.zeros((2, 0, self._counted.shape[2]), np.int64)
        elif when.slot != self._slot:
            self._counted[0] = 0
        self._start, self._slot = when.start, when.slot

    def _grow(self, rows: int, columns: int) -> None:
        _, held_rows, held_columns = self._counted.shape
        if rows > held_rows or columns > held_columns:
            grown = np.zeros((2, max(rows, held_rows), max(columns, held_columns)), np.int64)
            grown[:, :held_rows, :held_columns] = self._counted
            self._counted = grown


def samples(values: Ints) -> Ints:
    """Of those that are not 0, by column: how many there are, their sum, their minimum and their maximum. The columns
    are the last axis, and what is in them the one before.
    """
    there = values != 0
    least = np.where(there, values, _MOST).min(axis=-2, initial=_MOST)
    return np.stack((there.sum(axis=-2), values.sum(axis=-2), least, values.max(axis=-2, initial=0)), axis=-1)
