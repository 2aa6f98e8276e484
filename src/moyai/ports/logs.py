"""Where log events are kept: far too many for the world, so they have a place of their own.

Promise: what ``append`` has returned for survives a kill and a power cut, once; with it, in the same stroke, the
position up to which its source was read. Events of a stream and of a group come back ordered by their time, then by
when they arrived, in a time that depends on how many are asked for and not on how many there are. All of it together
is bounded: when it is full, what arrived first goes. Groups and streams are known by the ids of their records; one
that the world no longer has is forgotten when somebody says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from moyai.domain.logs.event import LogEvent
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import LogGroupId, LogStreamId


class LogStoreFault(MoyaiError):
    """Events can't be written or read; nothing of the call was kept. The next call may succeed."""


class EventPosition(NamedTuple):
    """Where an event stands in the order of a stream or a group. ``number``: larger for what arrived later."""

    at: int
    number: int


FIRST = EventPosition(-1, -1)
"""Before every event."""
PAGE_BYTES = 1024 * 1024
"""Of messages, as much as AWS has on a page; the last may go beyond it."""


class StoredEvent(NamedTuple):
    """An event as it is kept; ``at`` and ``ingested_at`` in milliseconds."""

    place: EventPosition
    stream: LogStreamId
    ingested_at: int
    message: str


class SourcePosition(NamedTuple):
    """How far a source has been read, in whatever it counts."""

    source: str
    offset: int


class LogBatch(msgspec.Struct, frozen=True):
    """Events of one stream, and how far their source has been read with them."""

    group: LogGroupId
    stream: LogStreamId
    events: Sequence[LogEvent]
    position: SourcePosition | None = None


class EventQuery(msgspec.Struct, frozen=True):
    """Events of a group (``streams`` None), or of some of its streams, with ``start <= at < end``.

    Those behind ``beyond``, oldest first; with ``descending`` those before it, newest first. At most ``limit`` of them,
    and none behind the one that makes PAGE_BYTES full.
    """

    group: LogGroupId
    streams: tuple[LogStreamId, ...] | None
    start: int
    end: int
    beyond: EventPosition | None
    limit: int
    descending: bool = False


class EventPage(NamedTuple):
    """Some events in their order, and whether there are more."""

    events: Sequence[StoredEvent]
    more: bool


class StreamTimes(NamedTuple):
    """The first and last event of a stream, and when something last arrived; milliseconds."""

    first: int
    last: int
    ingested_at: int


class LogStore(Protocol):
    """Keeps events. Every method may raise LogStoreFault."""

    async def append(self, batches: Sequence[LogBatch], now: Instant) -> None:
        """Keep these, all together or none."""

    async def read(self, question: EventQuery) -> EventPage:
        """The events that are asked for."""

    async def times(self, streams: Collection[LogStreamId]) -> Mapping[LogStreamId, StreamTimes]:
        """Of those among them that have events."""

    async def sizes(self, groups: Collection[LogGroupId]) -> Mapping[LogGroupId, int]:
        """Bytes of the events of those among them that ever had any, as AWS counts them."""

    async def positions(self) -> Mapping[str, int]:
        """How far each source has been read."""

    async def streams(self) -> Collection[LogStreamId]:
        """All streams that ever had an event and were not forgotten."""

    async def trim(self, group: LogGroupId, before: int) -> None:
        """Delete a group's events that happened before this."""

    async def forget(self, streams: Collection[LogStreamId], sources: Collection[str] = ()) -> None:
        """Delete all there is of these streams, and the positions of these sources."""

    async def fault(self) -> str | None:
        """Why the last events could not be kept, where and what to do; None when events can be kept, which is tried."""

    async def close(self) -> None:
        """Let go. Harmless when repeated."""
