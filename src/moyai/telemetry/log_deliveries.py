"""Log events on their way to the destinations of subscription filters.

Promise: what matches a filter when it is stored waits here until it is taken, in the order of its arrival. At most
16 MiB of events wait, in memory: what goes beyond, and what waits when the process ends, is not delivered.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import lru_cache
from typing import Final

from typing_extensions import override

from moyai.domain.logs.event import LogEvent
from moyai.expressions.log_filter.operand import TextPredicate
from moyai.expressions.log_filter.pattern import compile_filter_pattern
from moyai.ports.logs import LogBatch, LogDeliveries, LogDelivery
from moyai.ports.store import Store

_MOST_BYTES: Final = 16 * 1024 * 1024
_log = logging.getLogger(__name__)


class PendingLogDeliveries(LogDeliveries):
    """Implements LogDeliveries with a bounded queue."""

    def __init__(self, store: Store, most_bytes: int = _MOST_BYTES) -> None:
        self._store, self._most_bytes = store, most_bytes
        self._pending: deque[LogDelivery] = deque()
        self._bytes = 0
        self._is_full = False
        """Whether a delivery was left out since the queue was last empty, so that the log has it once."""
        self._arrival = asyncio.Event()

    def offer(self, batch: LogBatch) -> None:
        """Add what the filters of the batch's group match."""
        world = self._store.world
        if not len(world.subscription_filters):
            return
        for group in world.log_groups.by("id", batch.group):
            for subscription_filter in world.subscription_filters.by("group", group.arn):
                events = _matching(subscription_filter.pattern, batch)
                stream = next((each.name for each in world.log_streams.by("id", batch.stream)), "")
                if events:
                    self._add(LogDelivery(subscription_filter, group.name, stream, events))

    @override
    async def take(self) -> LogDelivery:
        while not self._pending:
            self._arrival.clear()
            await self._arrival.wait()
        delivery = self._pending.popleft()
        self._bytes -= _size(delivery)
        self._is_full = self._is_full and bool(self._pending)
        return delivery

    def _add(self, delivery: LogDelivery) -> None:
        if self._bytes + _size(delivery) > self._most_bytes:
            if not self._is_full:
                _log.warning(
                    "log events for %s are not delivered: its destination, or another one, takes them too slowly",
                    delivery.subscription_filter.destination,
                )
            self._is_full = True
            return
        self._pending.append(delivery)
        self._bytes += _size(delivery)
        self._arrival.set()


def _size(delivery: LogDelivery) -> int:
    return sum(event.size for event in delivery.events)


def _matching(pattern: str, batch: LogBatch) -> tuple[LogEvent, ...]:
    matches = _compiled(pattern)
    return tuple(event for event in batch.events if matches(event.message.decode("utf-8", "replace")))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> TextPredicate:
    return compile_filter_pattern(pattern)
