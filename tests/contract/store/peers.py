"""What the suite needs to know of a store beyond its port: how to make one, and how to start again on its state."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from moyai.app.ids import SystemIds
from moyai.domain.world import AnyRecord
from moyai.kernel.clock import Instant
from moyai.ports.store import Store
from moyai.store.memory import MemoryStore
from moyai.store.sqlite import SqliteStore


class Peer(Protocol):
    """One adapter under test."""

    def open(self) -> Store:
        """The store on what was kept so far."""

    async def reopen(self, store: Store) -> Store:
        """Close this one and start again on its state."""


class MemoryPeer:
    def __init__(self, kept: Iterable[AnyRecord] = ()) -> None:
        self._kept = tuple(kept)

    def open(self) -> MemoryStore:
        return MemoryStore(self._kept)

    async def reopen(self, store: Store) -> MemoryStore:
        assert isinstance(store, MemoryStore)
        await store.close()
        return MemoryPeer(store.saved()).open()


class SqlitePeer:
    def __init__(self, directory: Path) -> None:
        self.database = directory / "state" / "moyai.db"

    def open(self) -> SqliteStore:
        return SqliteStore.open(self.database, SystemIds(), Instant(1.0))

    async def reopen(self, store: Store) -> SqliteStore:
        await store.close()
        return self.open()
