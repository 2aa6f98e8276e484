"""One metric in one minute: the whole minute, and its twelve slots of five seconds.

Promise: every sample is added both to its slot and to the whole minute. One slot is open: its accumulator distinguishes
the samples of tasks. All others are closed: they are encoded bytes, as in the store, because they are stored many times
and hardly ever read. When a closed slot is opened again, it may have two samples of one task; its sum stays exact. If a
part of the minute is stored already (by an earlier control plane, or because a value came late), new samples are added
to it; it is never replaced.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

import msgspec

from moyai.domain.cloudwatch.metric import Summary
from moyai.telemetry.series.accumulators import accumulator_type
from moyai.telemetry.series.encoding import (
    WHOLE_MINUTE,
    BoundsIndex,
    Entries,
    decode_column,
    encode_body,
    encode_column,
    encode_entry,
)
from moyai.telemetry.values import SampleKind

SLOT: Final = 5
"""Seconds of a slot."""
MINUTE: Final = 60
HOUR: Final = 3600
_NO_SLOT: Final = -1


class MinuteBucket:
    """A metric's minute.

    ``slot_number`` is the number of the open slot. ``open_slot`` and ``whole_minute`` are the accumulators of this slot
    and of the minute. ``saved``: no sample was added since the last save, so the next one marks the minute as dirty.
    """

    __slots__ = (
        "_bounds",
        "_closed_entries",
        "_closed_slots",
        "_new_accumulator",
        "_open_entry",
        "_stored_minute",
        "_stored_slot",
        "open_slot",
        "saved",
        "slot_number",
        "whole_minute",
    )

    def __init__(self, kind: SampleKind, bounds: BoundsIndex) -> None:
        self.saved = True
        self.slot_number = _NO_SLOT
        self._new_accumulator = accumulator_type(kind)
        self.open_slot = self.whole_minute = self._new_accumulator()
        self._bounds = bounds
        self._closed_entries, self._closed_slots = b"", 0
        """The encoded entries of closed slots, and a bit for each closed slot."""
        self._open_entry: bytes | None = None
        """The open slot's entry as it was last saved."""
        self._stored_minute: Summary | None = None
        """The summary that was stored before this bucket existed."""
        self._stored_slot: Summary | None = None
        """The summary of the open slot before it was opened."""

    def roll(self, slot_number: int) -> None:
        """Close the open slot, if there is one, and open the slot ``slot_number``."""
        if self.slot_number == _NO_SLOT:
            self.whole_minute = self._new_accumulator()
        elif self.saved and self._open_entry is not None:
            self._close(self.slot_number, self._open_entry)
        else:
            self._close(self.slot_number, encode_entry(self.slot_number, self._slot_summary(), self._bounds))
        self.slot_number, self.open_slot = slot_number, self._new_accumulator()
        self._open_entry, self._stored_slot = None, self._reopen(slot_number)

    def add_stored(self, entries: Entries) -> None:
        """Add the stored entries of this minute."""
        for key, summary in entries:
            if key == WHOLE_MINUTE:
                self._stored_minute = _plus(summary, self._stored_minute)
            elif key == self.slot_number:
                self._stored_slot, self._open_entry = _plus(summary, self._stored_slot), None
            else:
                self._close(key, encode_entry(key, _plus(summary, self._reopen(key)), self._bounds))

    def save(self) -> msgspec.Raw:
        """The minute as a column of a stored body."""
        entries, count = self._closed_entries, self._closed_slots.bit_count()
        if self.slot_number != _NO_SLOT:
            if not self.saved or self._open_entry is None:
                self._open_entry = encode_entry(self.slot_number, self._slot_summary(), self._bounds)
            entries += encode_entry(WHOLE_MINUTE, self._minute_summary(), self._bounds) + self._open_entry
            count += 2
        elif self._stored_minute is not None:
            entries += encode_entry(WHOLE_MINUTE, self._stored_minute, self._bounds)
            count += 1
        self.saved = True
        return encode_column(entries, count)

    def minute(self) -> Summary | None:
        """The summary of the whole minute; None without a sample."""
        return self._stored_minute if self.slot_number == _NO_SLOT else self._minute_summary()

    def entries(self) -> Entries:
        """The whole minute and every slot that has a sample."""
        minute = self.minute()
        whole = [] if minute is None else [(WHOLE_MINUTE, minute)]
        open_slot = [] if self.slot_number == _NO_SLOT else [(self.slot_number, self._slot_summary())]
        return [*whole, *open_slot, *self._decode_closed()]

    def _minute_summary(self) -> Summary:
        return _plus(self.whole_minute.summary(), self._stored_minute)

    def _slot_summary(self) -> Summary:
        return _plus(self.open_slot.summary(), self._stored_slot)

    def _close(self, slot_number: int, entry: bytes) -> None:
        self._closed_entries += entry
        self._closed_slots |= 1 << slot_number

    def _reopen(self, slot_number: int) -> Summary | None:
        """Remove a slot from the closed slots, and return its summary; None when it has no samples."""
        if not self._closed_slots >> slot_number & 1:
            return None
        entries = dict(self._decode_closed())
        summary = entries.pop(slot_number)
        self._closed_entries, self._closed_slots = b"", 0
        for key, entry_summary in entries.items():
            self._close(key, encode_entry(key, entry_summary, self._bounds))
        return summary

    def _decode_closed(self) -> Entries:
        column = encode_column(self._closed_entries, self._closed_slots.bit_count())
        return decode_column(column, self._bounds)


def _plus(summary: Summary, before: Summary | None) -> Summary:
    return summary if before is None else before.plus(summary)


class GroupMinute(dict[int, MinuteBucket]):
    """One minute of a group of metrics: a bucket for each column. ``bounds``: the bounds of all its histograms."""

    def __init__(self) -> None:
        super().__init__()
        self.bounds: BoundsIndex = {}

    def bucket(self, column: int, kind: SampleKind) -> MinuteBucket:
        """The column's bucket, created when there is none yet."""
        bucket = self.get(column)
        if bucket is None:
            bucket = self[column] = MinuteBucket(kind, self.bounds)
        return bucket

    def save(self, columns: Container[int]) -> bytes:
        """The body in which these columns are stored."""
        encoded = {column: bucket.save() for column, bucket in self.items() if column in columns}
        return encode_body(encoded, self.bounds)
