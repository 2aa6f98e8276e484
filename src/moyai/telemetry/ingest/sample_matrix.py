"""The counts of each proxy of a group by metric, in the current slot and in its minute.

Promise: a metric has one sample of each proxy in the slot and one in the minute, however often counts are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from moyai.kernel.ids import ProxyId
from moyai.telemetry.series.group import SlotTime
from moyai.telemetry.values import Ints

_MAX: Final = 2**63 - 1


class SampleMatrix:
    """Two matrices, one for the slot and one for the minute, with a row for each proxy and a column for each metric."""

    __slots__ = ("_counts", "_minute", "_rows", "_slot_number")

    def __init__(self) -> None:
        self._minute = self._slot_number = -1
        self._rows: dict[ProxyId, int] = {}
        self._counts = np.zeros((2, 0, 0), np.int64)
        """The counts by slot (0) or minute (1), row and column."""

    def add(self, time: SlotTime, proxies: Sequence[ProxyId], columns: Ints, counts: Ints) -> Ints:
        """Add the counts of proxies (a row for each) to these columns.

        Returns the summaries of these columns over all proxies, for the slot (0) and for the minute (1): of each column
        the number of samples, their sum, their minimum and their maximum.
        """
        self._advance_to(time)
        rows = np.array([self._rows.setdefault(proxy, len(self._rows)) for proxy in proxies])
        self._grow(len(self._rows), int(np.max(columns)) + 1)
        slot_and_minute = np.arange(len(self._counts))[:, np.newaxis, np.newaxis]
        np.add.at(self._counts, (slot_and_minute, rows[:, np.newaxis], columns), counts)
        return summarize_columns(self._counts[:, : len(self._rows), columns])

    def _advance_to(self, time: SlotTime) -> None:
        """Empty the slot's matrix when another slot begins, and both matrices when another minute begins."""
        if time.minute != self._minute:
            self._rows.clear()
            self._counts = np.zeros((2, 0, self._counts.shape[2]), np.int64)
        elif time.slot_number != self._slot_number:
            self._counts[0] = 0
        self._minute, self._slot_number = time.minute, time.slot_number

    def _grow(self, rows: int, columns: int) -> None:
        _, old_rows, old_columns = self._counts.shape
        if rows > old_rows or columns > old_columns:
            grown = np.zeros((2, max(rows, old_rows), max(columns, old_columns)), np.int64)
            grown[:, :old_rows, :old_columns] = self._counts
            self._counts = grown


def summarize_columns(values: Ints) -> Ints:
    """The summary of each column's values that are not 0: how many there are, their sum, minimum and maximum.

    The columns are the last axis, and their values the one before it.
    """
    present = values != 0
    minimum = np.where(present, values, _MAX).min(axis=-2, initial=_MAX)
    return np.stack((present.sum(axis=-2), values.sum(axis=-2), minimum, values.max(axis=-2, initial=0)), axis=-1)
