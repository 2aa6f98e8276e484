"""The queries of the log store's reading thread. Rows are read from the indexes one by one, up to the limit."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from heapq import merge
from typing import Final

from moyai.kernel.ids import LogGroupId, LogStreamId
from moyai.ports.logs import PAGE_BYTES, EventPage, EventPosition, EventQuery, StoredEvent, StreamTimes

_MAX_INTEGER: Final = 2**63 - 1


def read(connection: sqlite3.Connection, question: EventQuery) -> EventPage:
    """The page of events that a query selects."""
    events: list[StoredEvent] = []
    size = 0
    for event in merge(*_sources(connection, question), reverse=question.descending):
        if len(events) >= question.limit or size >= PAGE_BYTES:
            return EventPage(events, more=True)
        events.append(event)
        size += len(event.message)
    return EventPage(events, more=False)


def times(connection: sqlite3.Connection, streams: Collection[LogStreamId]) -> Mapping[LogStreamId, StreamTimes]:
    """The times of those of the streams that have events."""
    times_of: dict[LogStreamId, StreamTimes] = {}
    for stream in streams:
        row = connection.execute(
            "SELECT (SELECT min(at) FROM events WHERE stream = num), last, ingested FROM streams WHERE id = ?",
            (stream,),
        ).fetchone()
        if row is not None and row[0] is not None:
            times_of[stream] = StreamTimes(*row)
    return times_of


def sizes(connection: sqlite3.Connection, groups: Collection[LogGroupId]) -> Mapping[LogGroupId, int]:
    """The bytes of events, for those of the groups that ever had an event."""
    rows = (
        (group, connection.execute("SELECT bytes FROM groups WHERE id = ?", (group,)).fetchone()) for group in groups
    )
    return {group: row[0] for group, row in rows if row is not None}


def positions(connection: sqlite3.Connection) -> Mapping[str, int]:
    """The offset up to which each source has been read."""
    return dict(connection.execute("SELECT source, offset FROM positions"))


def streams(connection: sqlite3.Connection) -> Collection[LogStreamId]:
    """The streams that ever had an event and were not forgotten."""
    return frozenset(LogStreamId(key) for (key,) in connection.execute("SELECT id FROM streams"))


def _sources(connection: sqlite3.Connection, question: EventQuery) -> Iterator[Iterator[StoredEvent]]:
    """The ordered events of each stream, or of the group."""
    if question.streams is None:
        row = connection.execute("SELECT num FROM groups WHERE id = ?", (question.group,)).fetchone()
        if row is not None:
            yield _read_in_order(connection, "grp", row[0], question)
        return
    for stream in question.streams:
        row = connection.execute("SELECT num FROM streams WHERE id = ?", (stream,)).fetchone()
        if row is not None:
            yield _read_in_order(connection, "stream", row[0], question)


def _read_in_order(
    connection: sqlite3.Connection, column: str, value: int, question: EventQuery
) -> Iterator[StoredEvent]:
    if question.descending:
        bound, order, beyond = "<", "DESC", question.beyond or EventPosition(question.end, -1)
    else:
        bound, order, beyond = ">", "ASC", question.beyond or EventPosition(question.start, -1)
    rows = connection.execute(
        "SELECT events.at, events.number, streams.id, events.ingested, CAST(events.message AS BLOB)"  # noqa: S608 (constants only)
        f" FROM events JOIN streams ON streams.num = events.stream WHERE events.{column} = ?"
        f" AND events.at >= ? AND events.at < ? AND (events.at, events.number) {bound} (?, ?)"
        f" ORDER BY events.at {order}, events.number {order}",
        (value, question.start, min(question.end, _MAX_INTEGER), *beyond),
    )
    for at, number, stream, ingested, message in rows:
        yield StoredEvent(EventPosition(at, number), LogStreamId(stream), ingested, message.decode("utf-8", "replace"))
