"""Watchers of the world, which are notified of changed keys.

Promise: a watcher first gets every key, then the keys that have changed since it last looked; it misses none. Keys that
a watcher has not yet taken are a set, so a slow watcher delays no other and costs at most one entry per key. A watcher
that is no longer referenced is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Self
from weakref import WeakSet

from moyai.ports.store import Key


class Watcher:
    """An iterator over sets of changed keys, which ends when the store is closed."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._pending = set(keys)
        self._has_news = asyncio.Event()
        self._has_news.set()  # the first iteration must not wait, not even for an empty world
        self._ended = False

    def notify(self, keys: Iterable[Key]) -> None:
        """Add these keys to the next iteration."""
        self._pending.update(keys)
        self._has_news.set()

    def end(self) -> None:
        """End the iteration after the pending keys."""
        self._ended = True
        self._has_news.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> frozenset[Key]:
        await self._has_news.wait()
        if self._ended and not self._pending:
            raise StopAsyncIteration
        keys = frozenset(self._pending)
        self._pending.clear()
        if not self._ended:
            self._has_news.clear()
        return keys


class Watchers:
    """All watchers of one store."""

    def __init__(self) -> None:
        self._watchers: WeakSet[Watcher] = WeakSet()

    def add(self, keys: Iterable[Key]) -> Watcher:
        """Add a watcher, whose first item is ``keys`` and those that change until it is taken."""
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
