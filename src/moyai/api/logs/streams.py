"""Log streams: create, describe, delete.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.logs.lookup import MOST, group_named, group_of, page_of, raise_unavailable, stream_named
from moyai.api.operation import Context
from moyai.domain.logs.errors import InvalidParameter, LogsValidation, ResourceAlreadyExists
from moyai.domain.logs.event import milliseconds
from moyai.domain.logs.group import ID_DIGITS, LogStream, stream_arn
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import LogStreamId
from moyai.ports.logs import LogStore, StreamTimes

_BY_TIME = "LastEventTime"


class StreamRequest(msgspec.Struct, frozen=True):
    """A log stream of a group, by name."""

    log_group_name: str
    log_stream_name: str


class DescribeLogStreamsRequest(msgspec.Struct, frozen=True):
    """Streams of a group, by the start of their names."""

    log_group_name: str | None = None
    log_group_identifier: str | None = None
    log_stream_name_prefix: str | None = None
    order_by: str = "LogStreamName"
    descending: bool = False
    next_token: str | None = None
    limit: int = MOST


def create_log_stream(ctx: Context, request: StreamRequest) -> None:
    """Create a log stream in a group."""
    group = group_named(ctx, request.log_group_name)
    arn = stream_arn(group.arn, request.log_stream_name)
    if arn in ctx.store.world.log_streams:
        raise ResourceAlreadyExists("The specified log stream already exists")
    stream = LogStream(arn, LogStreamId(ctx.ids.hex(ID_DIGITS)), group.arn, request.log_stream_name, ctx.now)
    ctx.store.apply([Put(stream)])


def delete_log_stream(ctx: Context, request: StreamRequest) -> None:
    """Delete a log stream and its events."""
    group = group_named(ctx, request.log_group_name)
    stream = stream_named(ctx, group, request.log_stream_name)
    if group.deletion_protected:
        raise LogsValidation("The log group has deletion protection enabled. Disable it before you delete its streams.")
    ctx.store.apply([Delete(LogStream, stream.key)])


@raise_unavailable
async def describe_log_streams(logs: LogStore, ctx: Context, request: DescribeLogStreamsRequest) -> dict[str, object]:
    """Log streams by name, or by the time of their last event."""
    group = group_of(ctx, request.log_group_name, request.log_group_identifier)
    by_time = request.order_by == _BY_TIME
    if by_time and request.log_stream_name_prefix is not None:
        raise InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    prefix = request.log_stream_name_prefix or ""
    streams = [s for s in ctx.store.world.log_streams.each("group", group.arn) if s.name.startswith(prefix)]
    times = await logs.times([stream.id for stream in streams]) if by_time else {}
    by_key = {_key(s.name, times.get(s.id)) if by_time else s.name: s for s in streams}
    listing = ("DescribeLogStreams", group.id, replace(request, next_token=None, limit=MOST))
    page = page_of(by_key, listing, request.next_token, request.limit, descending=request.descending)
    on_page = [by_key[key] for key in page.keys]
    if not by_time:
        times = await logs.times([stream.id for stream in on_page])
    return {"log_streams": [_view(stream, times.get(stream.id)) for stream in on_page], "next_token": page.next_token}


def _key(name: str, times: StreamTimes | None) -> str:
    """A sort key that orders streams by their last event."""
    return f"{0 if times is None else times.last:020}/{name}"


def _view(stream: LogStream, times: StreamTimes | None) -> dict[str, object]:
    return {
        "log_stream_name": stream.name,
        "creation_time": milliseconds(stream.created_at),
        "first_event_timestamp": None if times is None else times.first,
        "last_event_timestamp": None if times is None else times.last,
        "last_ingestion_time": None if times is None else times.ingested_at,
        "arn": stream.arn,
        "stored_bytes": 0,  # AWS counts by group only, since 2019
    }
