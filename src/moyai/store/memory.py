"""A store in memory, for simulations and tests: a ``Store`` like ``sqlite``.

Promise: as in ``ports.store``. ``saved_records`` returns the records that a crash would leave, so that a simulation can
stop a control plane between ``apply`` and ``durable`` and start the next one with the acknowledged records; ``refuse``
simulates a full disk.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from typing_extensions import override

from moyai.domain.record import StoredRecord
from moyai.domain.world import Change, Put, World
from moyai.ports.store import Key, StateUnwritable, Store, StoreFault
from moyai.store.codec import RecordCodec
from moyai.store.live import LiveWorld, StoredRow


class MemoryStore(Store):
    """A ``Store`` that starts with ``records``, all of them saved."""

    fault: str | None = None
    rollbacks = 0

    def __init__(self, records: Iterable[StoredRecord] = ()) -> None:
        self._live = LiveWorld()
        self._saved: dict[Key, bytes] = {}
        self._unsaved: list[StoredRow] = self._live.apply([Put(record) for record in records])
        self._closed = False
        self._refusal: str | None = None
        self._save()

    @property
    @override
    def world(self) -> World:
        return self._live.world

    def refuse(self, why: str | None) -> None:
        """Fail every write from now on, for this reason, as with a full disk; None = write again."""
        self._refusal = why
        if why is None:
            self.fault = None

    @override
    def apply(self, changes: Sequence[Change]) -> None:
        self._require_open()
        if self.fault is not None:
            raise StateUnwritable(self.fault)
        self._unsaved.extend(self._live.apply(changes))

    @override
    async def durable(self, rollbacks: int | None = None) -> None:
        """Save everything applied so far; nothing is awaited."""
        self._require_open()
        if self._unsaved and self._refusal is not None:
            self.fault = self._refusal
            self.rollbacks += 1
            self._live.roll_back(len(self._unsaved))
            self._unsaved.clear()
            raise StateUnwritable(self._refusal)
        if rollbacks not in {None, self.rollbacks}:
            raise StateUnwritable(self.fault or "What was applied has been rolled back.")
        self._save()

    def saved_records(self) -> tuple[StoredRecord, ...]:
        """The records that a crash at this moment would leave: those of the last ``durable``."""
        codec = RecordCodec()
        return tuple(codec.decode(key.table, body) for key, body in self._saved.items())

    @override
    def watch(self) -> AsyncIterator[frozenset[Key]]:
        return self._live.watch()

    @override
    async def close(self) -> None:
        self._closed = True
        self._save()
        self._live.end()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreFault("The store is closed.")

    def _save(self) -> None:
        for row in self._unsaved:
            if row.body is None:
                self._saved.pop(row.key, None)
            else:
                self._saved[row.key] = row.body
        self._unsaved.clear()
        self._live.forget_written(0)
