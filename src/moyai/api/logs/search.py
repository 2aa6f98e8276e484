"""FilterLogEvents: the events of a group, or of some of its streams, that pass a filter.

Promise: events are in the order of their time, each with an id that never changes. A page ends at its limit, at one
mebibyte, or when 20,000 events have been read, so that other requests are served; the last page has no token.
Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from moyai.api.logs.get import END_OF_TIME, MOST_EVENTS
from moyai.api.logs.lookup import (
    BACKWARD,
    FORWARD,
    decode_token,
    encode_token,
    group_of,
    invalid_token,
    raise_unavailable,
    stream_named,
)
from moyai.api.operation import Context
from moyai.domain.logs.errors import InvalidParameter
from moyai.domain.logs.event import kept_since
from moyai.domain.logs.group import LogGroup
from moyai.expressions.log_filter.operand import TextPredicate
from moyai.expressions.log_filter.pattern import compile_filter_pattern
from moyai.kernel.ids import LogStreamId
from moyai.ports.logs import PAGE_BYTES, EventPosition, EventQuery, LogStore, StoredEvent

_BATCH_SIZE: Final = 1000
_MOST_READ: Final = 20_000
"""The most events that one call reads."""
_MOST_MERGED_STREAMS: Final = 500
"""The most selected streams that are read one by one; for more, the whole group is read and filtered."""


class FilterLogEventsRequest(msgspec.Struct, frozen=True):
    """The streams, times and filter pattern. As on AWS, events are always interleaved."""

    log_group_name: str | None = None
    log_group_identifier: str | None = None
    log_stream_names: tuple[str, ...] = ()
    log_stream_name_prefix: str | None = None
    start_time: int = 0
    end_time: int = END_OF_TIME
    filter_pattern: str = ""
    next_token: str | None = None
    limit: int = MOST_EVENTS
    start_from_head: bool = True
    interleaved: bool = True


@raise_unavailable
async def filter_log_events(logs: LogStore, ctx: Context, request: FilterLogEventsRequest) -> dict[str, object]:
    """A page of events."""
    group = group_of(ctx, request.log_group_name, request.log_group_identifier)
    names = _names(ctx, group, request)
    passes = compile_filter_pattern(request.filter_pattern)
    search = _Search(logs, names, passes, _event_query(ctx, group, request, names))
    events, beyond = await search.page(request.limit)
    direction = FORWARD if request.start_from_head else BACKWARD
    return {
        "events": [_view(event, names[event.stream]) for event in events],
        "searched_log_streams": [],
        "next_token": None if beyond is None else encode_token(direction, beyond),
    }


class _Search:
    """The search of one FilterLogEvents call."""

    def __init__(
        self, logs: LogStore, names: Mapping[LogStreamId, str], passes: TextPredicate, query: EventQuery
    ) -> None:
        self._logs = logs
        self._names = names
        self._passes = passes
        self._event_query = query

    async def page(self, limit: int) -> tuple[list[StoredEvent], EventPosition | None]:
        """The matching events up to the limit, and the position after which there may be more."""
        events: list[StoredEvent] = []
        read_count = size = 0
        beyond = self._event_query.beyond
        while read_count < _MOST_READ:
            batch = await self._logs.read(msgspec.structs.replace(self._event_query, beyond=beyond))
            for event in batch.events:
                if len(events) >= limit or size >= PAGE_BYTES:
                    return events, beyond
                beyond = event.place
                if event.stream in self._names and self._passes(event.message):
                    events.append(event)
                    size += len(event.message)
            read_count += len(batch.events)
            if not batch.more:
                return events, None
        return events, beyond


def _event_query(
    ctx: Context, group: LogGroup, request: FilterLogEventsRequest, names: Mapping[LogStreamId, str]
) -> EventQuery:
    beyond: EventPosition | None = None
    descending = not request.start_from_head
    if request.next_token is not None:
        direction, beyond = decode_token(request.next_token)
        if (direction == BACKWARD) != descending:
            raise invalid_token()
    selects_streams = bool(request.log_stream_names or request.log_stream_name_prefix)
    return EventQuery(
        group=group.id,
        streams=tuple(names) if selects_streams and len(names) <= _MOST_MERGED_STREAMS else None,
        start=max(request.start_time, kept_since(group, ctx.now)),
        end=request.end_time,
        beyond=beyond,
        limit=_BATCH_SIZE,
        descending=descending,
    )


def _names(ctx: Context, group: LogGroup, request: FilterLogEventsRequest) -> Mapping[LogStreamId, str]:
    """The names of the streams to search, by id."""
    if request.start_time > request.end_time:
        raise InvalidParameter("The start time can't be after the end time.")
    if request.log_stream_names and request.log_stream_name_prefix is not None:
        raise InvalidParameter("logStreamNames and logStreamNamePrefix can't be specified together.")
    if request.log_stream_names:
        streams = [stream_named(ctx, group, name) for name in request.log_stream_names]
        return {stream.id: stream.name for stream in streams}
    prefix = request.log_stream_name_prefix or ""
    return {s.id: s.name for s in ctx.store.world.log_streams.each("group", group.arn) if s.name.startswith(prefix)}


def _view(event: StoredEvent, stream: str) -> dict[str, object]:
    return {
        "log_stream_name": stream,
        "timestamp": event.place.at,
        "message": event.message,
        "ingestion_time": event.ingested_at,
        "event_id": f"{event.place.at:020}{event.place.number:036}",
    }
