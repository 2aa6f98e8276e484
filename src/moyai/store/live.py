"""The world in memory, as every store has it.

Promise: ``apply`` makes all changes or none, and rings the watchers once for all of them. What it
returns is what has to be written; whether and when is the business of the store that owns this.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import NamedTuple

from moyai.domain.world import AnyRecord, Change, Put, World, table_name
from moyai.ports.store import Key
from moyai.store.codec import Codec
from moyai.store.watch import Watchers


class Row(NamedTuple):
    """One change as it is written: the record's bytes, or None for a deletion."""

    key: Key
    body: bytes | None


class LiveWorld:
    """A world with its watchers. ``bodies`` are the stored records that it starts with."""

    def __init__(self, bodies: Iterable[bytes] = ()) -> None:
        self.world = World()
        self._codec = Codec()
        self._watchers = Watchers()
        for body in bodies:
            self.world.apply(Put(self._codec.decode(body)))

    def apply(self, changes: Sequence[Change]) -> list[Row]:
        """Make all changes in their order. TypeError or ValueError, and no change at all, for one that is none."""
        for change in changes:
            self.world.check(change)
        rows = [self._row(change) for change in changes]
        for change in changes:
            self.world.apply(change)
        if rows:
            self._watchers.ring(frozenset(row.key for row in rows))
        return rows

    def watch(self) -> AsyncIterator[frozenset[Key]]:
        """See ``Store.watch``."""
        return self._watchers.add(_key(record) for record in self.world.records())

    def end(self) -> None:
        """Let every watcher's iteration end."""
        self._watchers.end()

    def _row(self, change: Change) -> Row:
        if isinstance(change, Put):
            return Row(_key(change.record), self._codec.encode(change.record))
        return Row(Key(table_name(change.kind), change.key), None)


def _key(record: AnyRecord) -> Key:
    return Key(table_name(type(record)), record.key)
