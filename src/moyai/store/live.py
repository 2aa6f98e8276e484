"""The world in memory, as every store has it.

Promise: ``apply`` makes all changes or none, and rings the watchers once for all of them. What it
returns is what has to be written; whether and when is the business of the store that owns this. What is not
yet written can be rolled back: each record is then what it was, but one that comes back after it was deleted comes
back as the last of its table.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import NamedTuple

from moyai.domain.world import AnyRecord, Change, Delete, Put, World, table_name
from moyai.ports.store import Key
from moyai.store.codec import Codec
from moyai.store.watch import Watchers


class Row(NamedTuple):
    """One change as it is written: the record's bytes, or None for a deletion."""

    key: Key
    body: bytes | None


class LiveWorld:
    """A world with its watchers, in which nothing is unwritten at first."""

    def __init__(self, records: Iterable[AnyRecord] = ()) -> None:
        self.world = World()
        self._codec = Codec()
        self._watchers = Watchers()
        self._inverses: deque[Change] = deque()
        """What undoes each change that is not yet known to be written, oldest first."""
        for record in records:
            self.world.apply(Put(record))

    def apply(self, changes: Sequence[Change]) -> list[Row]:
        """Make all changes in their order. TypeError or ValueError, and no change at all, for one that is none."""
        for change in changes:
            self.world.check(change)
        rows = [self._row(change) for change in changes]
        for change in changes:
            self._inverses.append(self._inverse(change))
            self.world.apply(change)
        if rows:
            self._watchers.ring(frozenset(row.key for row in rows))
        return rows

    def forget_written(self, unwritten: int) -> None:
        """Know that all changes are written but so many of the newest."""
        while len(self._inverses) > unwritten:
            self._inverses.popleft()

    def roll_back(self, unwritten: int) -> None:
        """Undo so many of the newest changes, and ring the watchers for their records."""
        self.forget_written(unwritten)
        undone = set()
        while self._inverses:
            inverse = self._inverses.pop()
            self.world.apply(inverse)
            undone.add(_changed(inverse))
        self._watchers.ring(undone)

    def watch(self) -> AsyncIterator[frozenset[Key]]:
        """See ``Store.watch``."""
        return self._watchers.add(_key(record) for record in self.world.records())

    def end(self) -> None:
        """Let every watcher's iteration end."""
        self._watchers.end()

    def _inverse(self, change: Change) -> Change:
        kind, key = (type(change.record), change.record.key) if isinstance(change, Put) else (change.kind, change.key)
        before = self.world.table(kind).get(key)
        return Delete(kind, key) if before is None else Put(before)

    def _row(self, change: Change) -> Row:
        return Row(_changed(change), self._codec.encode(change.record) if isinstance(change, Put) else None)


def _changed(change: Change) -> Key:
    return _key(change.record) if isinstance(change, Put) else Key(table_name(change.kind), change.key)


def _key(record: AnyRecord) -> Key:
    return Key(table_name(type(record)), record.key)
