"""PutLogEvents.

Promise: a batch that breaks a rule is refused as a whole. In any other batch, events that are too old or too new are
rejected and reported. Acknowledged events are on disk.
Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from moyai.api.logs.lookup import group_named, raise_unavailable, stream_named
from moyai.api.operation import Context
from moyai.domain.logs.errors import InvalidParameter
from moyai.domain.logs.event import (
    BATCH_BYTES,
    BATCH_SPAN,
    EVENT_BYTES,
    NEWEST,
    OLDEST,
    LogEvent,
    kept_since,
    milliseconds,
)
from moyai.domain.logs.group import LogGroup
from moyai.kernel.clock import Instant
from moyai.ports.logs import LogBatch, LogStore


class InputLogEvent(msgspec.Struct, frozen=True):
    """A log event to store."""

    timestamp: int
    message: str


class PutLogEventsRequest(msgspec.Struct, frozen=True):
    """Events of one stream. As on AWS, the sequence token is ignored."""

    log_group_name: str
    log_stream_name: str
    log_events: tuple[InputLogEvent, ...]
    sequence_token: str | None = None


@raise_unavailable
async def put_log_events(logs: LogStore, ctx: Context, request: PutLogEventsRequest) -> dict[str, object]:
    """Store log events in a stream."""
    group = group_named(ctx, request.log_group_name)
    stream = stream_named(ctx, group, request.log_stream_name)
    events = [LogEvent(e.timestamp, e.message.encode("utf-8", "replace")) for e in request.log_events]
    _check(events)
    accepted_events, rejections = _accepted_and_rejections(group, events, ctx.now)
    if accepted_events:
        await logs.append([LogBatch(group.id, stream.id, accepted_events)], ctx.now)
    return {"next_sequence_token": f"{milliseconds(ctx.now):056}", "rejected_log_events_info": rejections or None}


def _check(events: Sequence[LogEvent]) -> None:
    for event in events:
        if len(event.message) > EVENT_BYTES:
            raise InvalidParameter(f"Log event too large: {len(event.message)} bytes exceeds limit of {EVENT_BYTES}")
    size = sum(event.size for event in events)
    if size > BATCH_BYTES:
        raise InvalidParameter(f"Upload too large: {size} bytes exceeds limit of {BATCH_BYTES}")
    if any(event.at > following.at for event, following in pairwise(events)):
        raise InvalidParameter("Log events in a single PutLogEvents request must be in chronological order.")


def _accepted_and_rejections(
    group: LogGroup, events: Sequence[LogEvent], now: Instant
) -> tuple[list[LogEvent], dict[str, int]]:
    """The accepted events, and AWS's three indexes of the rejected ones, each set only when it rejects an event."""
    at = milliseconds(now)
    oldest, retention_start, newest = at - OLDEST, kept_since(group, now), at + NEWEST
    too_old = sum(event.at < oldest for event in events)
    expired_count = sum(event.at < retention_start for event in events)
    accepted_events = [event for event in events if max(oldest, retention_start) <= event.at <= newest]
    if accepted_events and accepted_events[-1].at - accepted_events[0].at > BATCH_SPAN:
        raise InvalidParameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    rejections: dict[str, int] = {}
    if too_old:
        rejections["too_old_log_event_end_index"] = too_old
    if expired_count:
        rejections["expired_log_event_end_index"] = expired_count
    if any(event.at > newest for event in events):
        rejections["too_new_log_event_start_index"] = sum(event.at <= newest for event in events)
    return accepted_events, rejections
