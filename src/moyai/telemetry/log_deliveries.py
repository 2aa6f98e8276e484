"""Holds log events until they are delivered to the destinations of subscription filters.

Promise: an event that matches a filter when it is stored waits here until it is taken. Each destination's events are
taken in the order of their arrival, and destinations take turns. At most 16 MiB of events wait in memory, and 4 MiB for
one destination. Events beyond that, and events that wait when the process ends, are not delivered.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Final

from typing_extensions import override

from moyai.domain.logs.event import LogEvent
from moyai.expressions.log_filter.operand import TextPredicate
from moyai.expressions.log_filter.pattern import compile_filter_pattern
from moyai.ports.logs import LogBatch, LogDeliveries, LogDelivery
from moyai.ports.store import Store

_MOST_BYTES: Final = 16 * 1024 * 1024
"""The most bytes that wait for all destinations."""
_MOST_BYTES_EACH: Final = 4 * 1024 * 1024
"""The most bytes that wait for one destination."""
_log = logging.getLogger(__name__)


class _Waiting:
    """Deliveries that wait for one destination."""

    def __init__(self) -> None:
        self.deliveries: deque[LogDelivery] = deque()
        self.size = 0


class PendingLogDeliveries(LogDeliveries):
    """Implements LogDeliveries with a bounded queue for each destination."""

    def __init__(self, store: Store, most_bytes: int = _MOST_BYTES, most_bytes_each: int = _MOST_BYTES_EACH) -> None:
        self._store, self._most_bytes, self._most_bytes_each = store, most_bytes, most_bytes_each
        self._waiting: dict[str, _Waiting] = {}
        """The waiting deliveries by their destination's ARN. The first destination has the next turn."""
        self._taking: set[str] = set()
        """Destinations that are currently receiving a delivery."""
        self._full: set[str] = set()
        """Destinations of which a delivery was dropped since none waited last. Only the first drop is logged."""
        self._bytes = 0
        self._change = asyncio.Event()

    def offer(self, batch: LogBatch) -> None:
        """Add the events that match the filters of the batch's group."""
        world = self._store.world
        if not len(world.subscription_filters):
            return
        for group in world.log_groups.by("id", batch.group):
            for subscription_filter in world.subscription_filters.by("group", group.arn):
                events = _matching_events(subscription_filter.pattern, batch)
                stream = next((stream.name for stream in world.log_streams.by("id", batch.stream)), "")
                if events:
                    self._add(LogDelivery(subscription_filter, group.name, stream, events))

    @override
    @asynccontextmanager
    async def take(self) -> AsyncIterator[LogDelivery]:
        while (destination := self._next_destination()) is None:
            self._change.clear()
            await self._change.wait()
        delivery = self._remove_first(destination)
        self._taking.add(destination)
        try:
            yield delivery
        finally:
            self._taking.discard(destination)
            self._change.set()

    def _next_destination(self) -> str | None:
        return next((destination for destination in self._waiting if destination not in self._taking), None)

    def _remove_first(self, destination: str) -> LogDelivery:
        """Remove the destination's first delivery. Its next turn is after those of all others."""
        waiting = self._waiting.pop(destination)
        delivery = waiting.deliveries.popleft()
        waiting.size -= _size(delivery)
        self._bytes -= _size(delivery)
        if waiting.deliveries:
            self._waiting[destination] = waiting
        return delivery

    def _add(self, delivery: LogDelivery) -> None:
        destination, size = delivery.subscription_filter.destination, _size(delivery)
        waiting = self._waiting.get(destination) or _Waiting()
        if waiting.size + size > self._most_bytes_each or self._bytes + size > self._most_bytes:
            if destination not in self._full:
                _log.warning(
                    "log events for %s are not delivered: its destination, or another one, takes them too slowly",
                    destination,
                )
            self._full.add(destination)
            return
        if not waiting.deliveries:
            self._full.discard(destination)
        waiting.deliveries.append(delivery)
        waiting.size += size
        self._bytes += size
        self._waiting[destination] = waiting
        self._change.set()


def _size(delivery: LogDelivery) -> int:
    return sum(event.size for event in delivery.events)


def _matching_events(pattern: str, batch: LogBatch) -> tuple[LogEvent, ...]:
    matches = _predicate(pattern)
    return tuple(event for event in batch.events if matches(event.message.decode("utf-8", "replace")))


@lru_cache(maxsize=256)
def _predicate(pattern: str) -> TextPredicate:
    return compile_filter_pattern(pattern)
