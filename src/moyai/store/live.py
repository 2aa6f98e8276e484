"""The world in memory, as every store has it.

Promise: ``apply`` makes all changes or none, and rings the watchers once for all of them. Whether
the changes survive a power cut is the business of the store that owns this.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from moyai.domain.world import AnyRecord, Change, Put, World, table_name
from moyai.ports.store import Key
from moyai.store.watch import Watchers


def key_of(change: Change) -> Key:
    """What a change touches."""
    if isinstance(change, Put):
        return Key(table_name(type(change.record)), change.record.key)
    return Key(table_name(change.kind), change.key)


class LiveWorld:
    """A world with its watchers. ``records`` are in it from the start, and ring nobody."""

    def __init__(self, records: Iterable[AnyRecord] = ()) -> None:
        self.world = World()
        self._watchers = Watchers()
        for record in records:
            self.world.apply(Put(record))

    def check(self, changes: Sequence[Change]) -> None:
        """Raise what ``apply`` would raise for a change that doesn't fit the world; change nothing."""
        for change in changes:
            self.world.check(change)

    def apply(self, changes: Sequence[Change]) -> None:
        """Make all changes in their order, or none (then TypeError or ValueError: a programming error)."""
        self.check(changes)
        for change in changes:
            self.world.apply(change)
        if changes:
            self._watchers.ring(frozenset(map(key_of, changes)))

    def watch(self) -> AsyncIterator[frozenset[Key]]:
        """See ``Store.watch``."""
        return self._watchers.add(key_of(Put(record)) for record in self.world.records())

    def end(self) -> None:
        """Let every watcher's iteration end."""
        self._watchers.end()
