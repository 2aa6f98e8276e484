"""The store of log events, which are far too many for the World.

Promise: events for which ``append`` has returned survive a kill and a power cut, exactly once; the position up to which
their source was read is written in the same transaction. Events of a stream or a group are read in the order of their
time, then of their arrival; reading takes time by the number of events read, not of all events. The store is bounded:
when it is full, the events that arrived first are deleted. Groups and streams are identified by the ids of their
records; those of deleted records stay until ``forget``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

import msgspec

from moyai.domain.logs.event import LogEvent
from moyai.domain.logs.subscription_filter import SubscriptionFilter
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import LogGroupId, LogStreamId


class LogStoreFault(MoyaiError):
    """Events can't be written or read; nothing of the call was stored. The next call may succeed."""


class EventPosition(NamedTuple):
    """An event's position in the order of a stream or a group. ``number`` is larger for an event that arrived later."""

    at: int
    number: int


FIRST = EventPosition(-1, -1)
"""The position before every event."""
PAGE_BYTES = 1024 * 1024
"""Bytes of messages on a page, as on AWS; the last message may exceed it."""


class StoredEvent(NamedTuple):
    """A stored event; ``at`` and ``ingested_at`` are in milliseconds."""

    place: EventPosition
    stream: LogStreamId
    ingested_at: int
    message: str


class SourcePosition(NamedTuple):
    """The offset up to which a source has been read, in a unit of the source."""

    source: str
    offset: int


class LogBatch(msgspec.Struct, frozen=True):
    """Events of one stream, and the position that their source has been read up to with them."""

    group: LogGroupId
    stream: LogStreamId
    events: Sequence[LogEvent]
    position: SourcePosition | None = None


class LogDelivery(NamedTuple):
    """Events of a stream that a subscription filter matched; ``group``, ``stream``: their names."""

    subscription_filter: SubscriptionFilter
    group: str
    stream: str
    events: tuple[LogEvent, ...]


class LogDeliveries(Protocol):
    """The events that wait for the destinations of subscription filters."""

    def take(self) -> AbstractAsyncContextManager[LogDelivery]:
        """The next delivery, as soon as there is one: the oldest for its destination. It is taken out of the queue, and
        no other delivery for its destination is taken within the context.
        """


class EventQuery(msgspec.Struct, frozen=True):
    """A query for the events of a group (``streams`` None), or of some of its streams, with ``start <= at < end``.

    The page has the events after ``beyond``, oldest first, or with ``descending`` those before it, newest first: at
    most ``limit`` of them, and none after the event that fills PAGE_BYTES.
    """

    group: LogGroupId
    streams: tuple[LogStreamId, ...] | None
    start: int
    end: int
    beyond: EventPosition | None
    limit: int
    descending: bool = False


class EventPage(NamedTuple):
    """A page of events in their order, and whether there are more."""

    events: Sequence[StoredEvent]
    more: bool


class StreamTimes(NamedTuple):
    """The times of a stream's first and last event and of its last arrival, in milliseconds."""

    first: int
    last: int
    ingested_at: int


class LogStore(Protocol):
    """Stores events. Every method may raise LogStoreFault."""

    async def append(self, batches: Sequence[LogBatch], now: Instant) -> None:
        """Store all batches or none."""

    async def read(self, question: EventQuery) -> EventPage:
        """The page of events that a query selects."""

    async def times(self, streams: Collection[LogStreamId]) -> Mapping[LogStreamId, StreamTimes]:
        """The times of those of the streams that have events."""

    async def sizes(self, groups: Collection[LogGroupId]) -> Mapping[LogGroupId, int]:
        """The bytes of events, as AWS counts them, for those of the groups that ever had an event."""

    async def positions(self) -> Mapping[str, int]:
        """The offset up to which each source has been read."""

    async def streams(self) -> Collection[LogStreamId]:
        """All streams that ever had an event and were not forgotten."""

    async def trim(self, group: LogGroupId, before: int) -> None:
        """Delete a group's events before this time."""

    async def forget(self, streams: Collection[LogStreamId], sources: Collection[str] = ()) -> None:
        """Delete all events of these streams, and the positions of these sources."""

    async def fault(self) -> str | None:
        """Why the last events could not be stored, where, and what to do; None when a trial write succeeds."""

    async def close(self) -> None:
        """Close the store. Harmless when repeated."""
