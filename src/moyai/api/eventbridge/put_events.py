"""PutEvents: sends the caller's events to the rules of an event bus.

Promise: an accepted event is recorded for each target before the response is sent. The response has the reason in the
place of an event that is not accepted; the other events are accepted all the same.
Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from moyai.api.eventbridge.lookup import bus_of
from moyai.api.operation import Context
from moyai.domain.eventbridge.errors import EventResourceNotFound, InvalidEventRequest
from moyai.domain.world import Put
from moyai.expressions.event_pattern import MOST_LEVELS, is_nested_too_deeply
from moyai.kernel.clock import Instant
from moyai.plan.event_rules import (
    MatchedEvent,
    NewEvent,
    TooManyDeliveries,
    deliveries,
    envelope,
    matched_event,
    rules_of,
)

_MAX_BYTES: Final = 1024 * 1024
"""Bytes of all entries of a request, as AWS counts them."""
_TIME_BYTES: Final = 14
_DETAIL: Final = msgspec.json.Decoder(dict[str, Any])
_RESERVED_SOURCE: Final = "aws."


class EventEntry(msgspec.Struct, frozen=True):
    """An event of a request."""

    time: Instant | None = None
    source: str | None = None
    resources: tuple[str, ...] = ()
    detail_type: str | None = None
    detail: str | None = None
    event_bus_name: str | None = None
    trace_header: str | None = None


class PutEventsRequest(msgspec.Struct, frozen=True):
    entries: tuple[EventEntry, ...]


class _Rejected(NamedTuple):
    code: str
    message: str


def put_events(ctx: Context, request: PutEventsRequest) -> dict[str, object]:
    """Send events to the rules of their buses."""
    if sum(map(_size, request.entries)) > _MAX_BYTES:
        raise InvalidEventRequest("Total size of the entries in the request is over the limit.")
    matched: list[MatchedEvent] = []
    answers: list[Mapping[str, object]] = []
    for entry in request.entries:
        event = _event(entry)
        outcome = event if isinstance(event, _Rejected) else _match(ctx, entry, event)
        if isinstance(outcome, _Rejected):
            answers.append({"error_code": outcome.code, "error_message": outcome.message})
        else:
            answers.append({"event_id": outcome[0]})
            matched.append(outcome[1])
    try:
        sent = deliveries(ctx.store.world, ctx.scope, matched, ctx.now, ctx.ids)
    except TooManyDeliveries as problem:
        busy = {"error_code": "ThrottlingException", "error_message": str(problem)}
        return {"failed_entry_count": len(answers), "entries": [busy for _ in answers]}
    ctx.store.apply([Put(delivery) for delivery in sent])
    return {"failed_entry_count": sum("error_code" in answer for answer in answers), "entries": answers}


def _event(entry: EventEntry) -> NewEvent | _Rejected:
    for name, value in (("Source", entry.source), ("DetailType", entry.detail_type), ("Detail", entry.detail)):
        if not value:
            return _Rejected(
                "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
            )
    if (entry.source or "").startswith(_RESERVED_SOURCE):
        return _Rejected("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = _DETAIL.decode(entry.detail or "")
    except (msgspec.MsgspecError, RecursionError):
        return _Rejected("MalformedDetail", "Detail is malformed.")
    if is_nested_too_deeply(detail):
        return _Rejected("MalformedDetail", f"Detail is malformed: it is nested deeper than {MOST_LEVELS} levels.")
    return NewEvent(entry.source or "", entry.detail_type or "", detail, entry.resources, entry.time)


def _match(ctx: Context, entry: EventEntry, event: NewEvent) -> tuple[str, MatchedEvent] | _Rejected:
    try:
        bus = bus_of(ctx, entry.event_bus_name)
    except EventResourceNotFound as fault:
        return _Rejected(fault.code, fault.message)
    event_id = ctx.ids.uuid()
    rules = rules_of(ctx.store.world, ctx.scope, bus.name)
    return event_id, matched_event(ctx.store.world, rules, envelope(event, ctx.scope, ctx.now, event_id))


def _size(entry: EventEntry) -> int:
    texts = (entry.source, entry.detail_type, entry.detail, *entry.resources)
    return sum(len(text.encode()) for text in texts if text) + (_TIME_BYTES if entry.time is not None else 0)
