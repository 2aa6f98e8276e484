"""A store as the suite needs it beyond its port: how to make one, and how to start again on its state."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from moyai.app.ids import SystemIds
from moyai.domain.record import StoredRecord
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

    def refuse(self, store: Store) -> None:
        """Have the store's disk take nothing from now on."""

    async def accept_again(self, store: Store) -> None:
        """Have it take everything again; returns when the store knows."""


class MemoryPeer:
    def __init__(self, kept: Iterable[StoredRecord] = ()) -> None:
        self._kept = tuple(kept)

    def open(self) -> MemoryStore:
        return MemoryStore(self._kept)

    async def reopen(self, store: Store) -> MemoryStore:
        assert isinstance(store, MemoryStore)
        await store.close()
        return MemoryPeer(store.saved_records()).open()

    def refuse(self, store: Store) -> None:
        assert isinstance(store, MemoryStore)
        store.refuse("The disk is full.")

    async def accept_again(self, store: Store) -> None:
        assert isinstance(store, MemoryStore)
        store.refuse(None)


class SqlitePeer:
    def __init__(self, directory: Path) -> None:
        self.database = directory / "state" / "moyai.db"

    def open(self) -> SqliteStore:
        return SqliteStore.open(self.database, SystemIds(), Instant(1.0))

    async def reopen(self, store: Store) -> SqliteStore:
        await store.close()
        return self.open()

    def refuse(self, store: Store) -> None:
        writing(store).execute("PRAGMA query_only = ON")

    async def accept_again(self, store: Store) -> None:
        writing(store).execute("PRAGMA query_only = OFF")
        while store.fault is not None:  # noqa: ASYNC110 - the store has no other word for it
            await asyncio.sleep(0.001)


def writing(store: Store) -> sqlite3.Connection:
    """The connection that the store's thread writes with."""
    assert isinstance(store, SqliteStore)
    return store._writer._connection
