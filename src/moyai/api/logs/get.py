"""GetLogEvents: pages of the events of one stream, in both directions.

Promise: the events of a page are in order of time. Without a token the page is the last, or with ``startFromHead`` the
first. The answer always has both tokens; at an end of the stream, the token of the request is returned.
Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from moyai.api.logs.lookup import (
    BACKWARD,
    FORWARD,
    decode_token,
    encode_token,
    group_of,
    raise_unavailable,
    stream_named,
)
from moyai.api.operation import Context
from moyai.domain.logs.errors import InvalidParameter
from moyai.domain.logs.event import kept_since
from moyai.ports.logs import FIRST, EventPosition, EventQuery, LogStore, StoredEvent

MOST_EVENTS: Final = 10_000
END_OF_TIME: Final = 2**62


class GetLogEventsRequest(msgspec.Struct, frozen=True):
    """Events of one stream with ``startTime <= timestamp < endTime``. Nothing is masked that ``unmask`` could show."""

    log_stream_name: str
    log_group_name: str | None = None
    log_group_identifier: str | None = None
    start_time: int = 0
    end_time: int = END_OF_TIME
    next_token: str | None = None
    limit: int = MOST_EVENTS
    start_from_head: bool = False


@raise_unavailable
async def get_log_events(logs: LogStore, ctx: Context, request: GetLogEventsRequest) -> dict[str, object]:
    """A page of events."""
    group = group_of(ctx, request.log_group_name, request.log_group_identifier)
    stream = stream_named(ctx, group, request.log_stream_name)
    if request.start_time > request.end_time:
        raise InvalidParameter("The start time can't be after the end time.")
    beyond: EventPosition | None = None
    descending = not request.start_from_head
    if request.next_token is not None:
        direction, beyond = decode_token(request.next_token)
        descending = direction == BACKWARD
    page = await logs.read(
        EventQuery(
            group=group.id,
            streams=(stream.id,),
            start=max(request.start_time, kept_since(group, ctx.now)),
            end=request.end_time,
            beyond=beyond,
            limit=request.limit,
            descending=descending,
        )
    )
    events = list(reversed(page.events)) if descending else list(page.events)
    return {"events": [_view(event) for event in events], **_tokens(events, beyond)}


def _tokens(events: Sequence[StoredEvent], beyond: EventPosition | None) -> dict[str, str]:
    first = last = beyond or FIRST
    if events:
        first, last = events[0].place, events[-1].place
    return {"next_forward_token": encode_token(FORWARD, last), "next_backward_token": encode_token(BACKWARD, first)}


def _view(event: StoredEvent) -> dict[str, object]:
    return {"timestamp": event.place.at, "message": event.message, "ingestion_time": event.ingested_at}
