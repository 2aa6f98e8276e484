"""A store without a disk, for simulations and tests, and a peer of the one with a disk.

Promise: everything of ``ports.store`` but the power cut. What a crash would leave can still be
asked (``saved``), so a simulation can stop a control plane between ``apply`` and ``durable`` and
start the next one on what had been acknowledged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from moyai.domain.world import AnyRecord, Change, Put, World
from moyai.ports.store import Key, StoreFault
from moyai.store.live import LiveWorld, key_of


class MemoryStore:
    """A ``Store`` that starts with ``records``."""

    def __init__(self, records: Iterable[AnyRecord] = ()) -> None:
        self._live = LiveWorld(records)
        self._saved = {key_of(Put(record)): record for record in self._live.world.records()}
        self._unsaved: list[Change] = []
        self._closed = False

    @property
    def world(self) -> World:
        """See ``Store.world``."""
        return self._live.world

    def apply(self, changes: Sequence[Change]) -> None:
        """See ``Store.apply``."""
        self._require_open()
        self._live.apply(changes)
        self._unsaved.extend(changes)

    async def durable(self) -> None:
        """See ``Store.durable``: at once."""
        self._require_open()
        self._save()

    def saved(self) -> tuple[AnyRecord, ...]:
        """What a crash at this moment would leave: the world as of the last ``durable``."""
        return tuple(self._saved.values())

    def watch(self) -> AsyncIterator[frozenset[Key]]:
        """See ``Store.watch``."""
        return self._live.watch()

    async def close(self) -> None:
        """See ``Store.close``."""
        self._closed = True
        self._save()
        self._live.end()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreFault("The store is closed.")

    def _save(self) -> None:
        for change in self._unsaved:
            if isinstance(change, Put):
                self._saved[key_of(change)] = change.record
            else:
                self._saved.pop(key_of(change), None)
        self._unsaved.clear()
