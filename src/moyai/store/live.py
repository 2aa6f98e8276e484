"""The World in memory and its watchers: the part that all stores share.

Promise: ``apply`` makes all changes or none, and notifies the watchers once. It returns the rows that the store has to
write. Changes that are not written yet can be rolled back: each record returns to its former value, but a record that
was deleted becomes the last of its table. A watcher first gets every key, then the keys that have changed since its
last iteration; it misses none. A watcher's pending keys are a set, so a slow watcher delays no other and costs at most
one entry per key. A watcher that is no longer referenced is dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import NamedTuple, Self
from weakref import WeakSet

from moyai.domain.record import StoredRecord
from moyai.domain.world import Change, Delete, Put, World, table_name
from moyai.ports.store import Key
from moyai.store.codec import RecordCodec


class Watcher:
    """An iterator over sets of changed keys, which ends when the store is closed."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._pending = set(keys)
        self._has_keys = asyncio.Event()
        self._has_keys.set()  # the first iteration must not wait, not even for an empty world
        self._ended = False

    def notify(self, keys: Iterable[Key]) -> None:
        """Add these keys to the next iteration."""
        self._pending.update(keys)
        self._has_keys.set()

    def end(self) -> None:
        """End the iteration after the pending keys."""
        self._ended = True
        self._has_keys.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> frozenset[Key]:
        await self._has_keys.wait()
        if self._ended and not self._pending:
            raise StopAsyncIteration
        keys = frozenset(self._pending)
        self._pending.clear()
        if not self._ended:
            self._has_keys.clear()
        return keys


class Watchers:
    """All watchers of one store."""

    def __init__(self) -> None:
        self._watchers: WeakSet[Watcher] = WeakSet()

    def add(self, keys: Iterable[Key]) -> Watcher:
        """Add a watcher, whose first item has ``keys`` and the keys that change until it is read."""
        watcher = Watcher(keys)
        self._watchers.add(watcher)
        return watcher

    def notify(self, keys: Iterable[Key]) -> None:
        """Notify every watcher of these keys."""
        for watcher in self._watchers:
            watcher.notify(keys)

    def end(self) -> None:
        """End every watcher's iteration."""
        for watcher in self._watchers:
            watcher.end()


class StoredRow(NamedTuple):
    """A change to be written: the record's bytes, or None for a deletion."""

    key: Key
    body: bytes | None


class LiveWorld:
    """A World with its watchers; its initial records count as written."""

    def __init__(self, records: Iterable[StoredRecord] = ()) -> None:
        self.world = World()
        self._codec = RecordCodec()
        self._watchers = Watchers()
        self._inverses: deque[Change] = deque()
        """The inverse of each change that is not yet known to be written, oldest first."""
        for record in records:
            self.world.apply(Put(record))

    def apply(self, changes: Sequence[Change]) -> list[StoredRow]:
        """Make all changes in order. Raises TypeError or ValueError, and changes nothing, if one is not possible."""
        for change in changes:
            self.world.check(change)
        rows = [self._row(change) for change in changes]
        for change in changes:
            self._inverses.append(self._inverse(change))
            self.world.apply(change)
        if rows:
            self._watchers.notify(frozenset(row.key for row in rows))
        return rows

    def forget_written(self, unwritten: int) -> None:
        """Keep only the inverses of the newest changes, as many as are ``unwritten``."""
        while len(self._inverses) > unwritten:
            self._inverses.popleft()

    def roll_back(self, unwritten: int) -> None:
        """Undo the newest ``unwritten`` changes, and notify the watchers of their records."""
        self.forget_written(unwritten)
        undone = set()
        while self._inverses:
            inverse = self._inverses.pop()
            self.world.apply(inverse)
            undone.add(_key_of(inverse))
        self._watchers.notify(undone)

    def watch(self) -> AsyncIterator[frozenset[Key]]:
        """Yield the keys that have changed since the last item; the first item has all keys."""
        return self._watchers.add(_key_of(Put(record)) for record in self.world.records())

    def end(self) -> None:
        """Let every watcher's iteration end."""
        self._watchers.end()

    def _inverse(self, change: Change) -> Change:
        before = self.world.table(change.record_type).get(change.key)
        return Delete(change.record_type, change.key) if before is None else Put(before)

    def _row(self, change: Change) -> StoredRow:
        return StoredRow(_key_of(change), self._codec.encode(change.record) if isinstance(change, Put) else None)


def _key_of(change: Change) -> Key:
    return Key(table_name(change.record_type), change.key)
