"""Log events in memory, for simulations and tests: a ``LogStore`` like ``log_sqlite``."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import merge

from typing_extensions import override

from moyai.domain.logs.event import OVERHEAD, milliseconds
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LogGroupId, LogStreamId
from moyai.ports.logs import (
    PAGE_BYTES,
    EventPage,
    EventPosition,
    EventQuery,
    LogBatch,
    LogStore,
    LogStoreFault,
    StoredEvent,
    StreamTimes,
)

_DEFAULT_LIMIT = 64 * 1024 * 1024


class _MemoryStream:
    """The events of one stream in their order."""

    def __init__(self, group: LogGroupId) -> None:
        self.group = group
        self.events: list[StoredEvent] = []
        self.ingested_at = 0
        self.last = 0


class MemoryLogStore(LogStore):
    """A ``LogStore`` that holds at most ``limit`` bytes."""

    def __init__(self, limit: int = _DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._streams: dict[LogStreamId, _MemoryStream] = {}
        self._positions: dict[str, int] = {}
        self._arrived: deque[StoredEvent] = deque()
        self._bytes = 0
        self._number = 0
        self._closed = False

    @override
    async def append(self, batches: Sequence[LogBatch], now: Instant) -> None:
        self._require_open()
        at = milliseconds(now)
        for batch in batches:
            stream = self._streams.setdefault(batch.stream, _MemoryStream(batch.group))
            for event in batch.events:
                self._number += 1
                text = event.message.decode("utf-8", "replace")
                stored_event = StoredEvent(EventPosition(event.at, self._number), batch.stream, at, text)
                insort(stream.events, stored_event)
                self._arrived.append(stored_event)
                self._bytes += _size(stored_event)
                stream.ingested_at, stream.last = at, max(stream.last, event.at)
            if batch.position is not None:
                self._positions[batch.position.source] = batch.position.offset
        while self._bytes > self._limit and self._arrived:
            self._drop(self._arrived.popleft())

    @override
    async def read(self, question: EventQuery) -> EventPage:
        self._require_open()
        events: list[StoredEvent] = []
        size = 0
        streams = [
            _between(stream.events, question)
            for key, stream in self._streams.items()
            if stream.group == question.group and (question.streams is None or key in question.streams)
        ]
        for event in merge(*streams, reverse=question.descending):
            if len(events) >= question.limit or size >= PAGE_BYTES:
                return EventPage(events, more=True)
            events.append(event)
            size += len(event.message)
        return EventPage(events, more=False)

    @override
    async def times(self, streams: Collection[LogStreamId]) -> Mapping[LogStreamId, StreamTimes]:
        self._require_open()
        filled = {key: self._streams[key] for key in streams if key in self._streams and self._streams[key].events}
        return {key: StreamTimes(s.events[0].place.at, s.last, s.ingested_at) for key, s in filled.items()}

    @override
    async def sizes(self, groups: Collection[LogGroupId]) -> Mapping[LogGroupId, int]:
        self._require_open()
        sizes = {stream.group: 0 for stream in self._streams.values() if stream.group in groups}
        for stream in self._streams.values():
            if stream.group in sizes:
                sizes[stream.group] += sum(map(_size, stream.events))
        return sizes

    @override
    async def positions(self) -> Mapping[str, int]:
        self._require_open()
        return dict(self._positions)

    @override
    async def streams(self) -> Collection[LogStreamId]:
        self._require_open()
        return frozenset(self._streams)

    @override
    async def trim(self, group: LogGroupId, before: int) -> None:
        self._require_open()
        expired_events = {
            event
            for stream in self._streams.values()
            if stream.group == group
            for event in stream.events[: bisect_left(stream.events, EventPosition(before, -1), key=_place)]
        }
        self._remove(expired_events)

    @override
    async def forget(self, streams: Collection[LogStreamId], sources: Collection[str] = ()) -> None:
        self._require_open()
        self._remove({event for key in streams if key in self._streams for event in self._streams[key].events})
        for key in streams:
            self._streams.pop(key, None)
        for source in sources:
            self._positions.pop(source, None)

    @override
    async def fault(self) -> str | None:
        """Memory has no faults."""
        return None

    @override
    async def close(self) -> None:
        self._closed = True

    def _remove(self, gone: set[StoredEvent]) -> None:
        self._arrived = deque(event for event in self._arrived if event not in gone)
        for event in gone:
            self._drop(event)

    def _drop(self, event: StoredEvent) -> None:
        events = self._streams[event.stream].events
        del events[bisect_left(events, event.place, key=_place)]
        self._bytes -= _size(event)

    def _require_open(self) -> None:
        if self._closed:
            raise LogStoreFault("The log store is closed.")


def _between(events: list[StoredEvent], question: EventQuery) -> Iterator[StoredEvent]:
    first = bisect_left(events, EventPosition(question.start, -1), key=_place)
    end = bisect_left(events, EventPosition(question.end, -1), key=_place)
    if question.beyond is not None and question.descending:
        end = min(end, bisect_left(events, question.beyond, key=_place))
    elif question.beyond is not None:
        first = max(first, bisect_right(events, question.beyond, key=_place))
    selected = events[first:end]
    return reversed(selected) if question.descending else iter(selected)


def _place(event: StoredEvent) -> EventPosition:
    return event.place


def _size(event: StoredEvent) -> int:
    return len(event.message.encode("utf-8", "replace")) + OVERHEAD
