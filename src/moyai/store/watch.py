"""Doorbells for those who follow the world.

Promise: a watcher first hears every key there is, then the keys that changed since it last looked;
it never misses one. What a watcher has not yet picked up is a set of keys, so one that is slow
holds up nobody and costs at most one entry per key. A watcher that nobody holds any longer is
forgotten by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Self
from weakref import WeakSet

from moyai.ports.store import Key


class Watcher:
    """One follower's iterator over sets of keys; ends when the store is closed."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._missed = set(keys)
        self._bell = asyncio.Event()
        self._bell.set()  # the first look must not wait, not even in an empty world
        self._ended = False

    def ring(self, keys: Iterable[Key]) -> None:
        """Remember these keys until the next look."""
        self._missed.update(keys)
        self._bell.set()

    def end(self) -> None:
        """Let the iteration end once what was missed has been looked at."""
        self._ended = True
        self._bell.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> frozenset[Key]:
        await self._bell.wait()
        if self._ended and not self._missed:
            raise StopAsyncIteration
        keys = frozenset(self._missed)
        self._missed.clear()
        if not self._ended:
            self._bell.clear()
        return keys


class Watchers:
    """Everyone who follows one store."""

    def __init__(self) -> None:
        self._watchers: WeakSet[Watcher] = WeakSet()

    def add(self, keys: Iterable[Key]) -> Watcher:
        """A new watcher, whose first item is ``keys`` and whatever changes until it looks."""
        watcher = Watcher(keys)
        self._watchers.add(watcher)
        return watcher

    def ring(self, keys: Iterable[Key]) -> None:
        """Tell everyone that these keys changed."""
        for watcher in self._watchers:
            watcher.ring(keys)

    def end(self) -> None:
        """Let everyone's iteration end."""
        for watcher in self._watchers:
            watcher.end()
