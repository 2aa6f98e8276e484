"""Event buses: create, describe, update, list, delete, tags.

Promise: only a bus without rules is deleted. A bus's encryption, logging and dead-letter queue are recorded and have no
effect.
Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.eventbridge.lookup import BUS_TAG_RULES, LONGEST_PAGE, RULE_TAG_RULES, bus_of, tagged_with_arn
from moyai.api.operation import Context
from moyai.api.tagging import Tag, TagOperations, checked_tags
from moyai.domain.eventbridge.errors import EventBusExists, EventLimitExceeded, InvalidEventRequest
from moyai.domain.eventbridge.rule import (
    DEFAULT_BUS,
    DeadLetterConfig,
    EventBus,
    EventBusLogging,
    EventRule,
    event_bus_arn,
)
from moyai.domain.keys import scope_key
from moyai.domain.paging import page
from moyai.domain.tagging import TagRules
from moyai.domain.world import Delete, Put

MAX_BUSES: Final = 100


class CreateEventBusRequest(msgspec.Struct, frozen=True):
    name: str
    description: str | None = None
    kms_key_identifier: str | None = None
    dead_letter_config: DeadLetterConfig | None = None
    log_config: EventBusLogging | None = None
    tags: tuple[Tag, ...] = ()


class UpdateEventBusRequest(msgspec.Struct, frozen=True):
    name: str | None = None
    description: str | None = None
    kms_key_identifier: str | None = None
    dead_letter_config: DeadLetterConfig | None = None
    log_config: EventBusLogging | None = None


class DescribeEventBusRequest(msgspec.Struct, frozen=True):
    name: str | None = None


class DeleteEventBusRequest(msgspec.Struct, frozen=True):
    name: str


class ListEventBusesRequest(msgspec.Struct, frozen=True):
    name_prefix: str = ""
    next_token: str | None = None
    limit: int = LONGEST_PAGE


def create_event_bus(ctx: Context, request: CreateEventBusRequest) -> dict[str, object]:
    """Create an event bus."""
    world, arn = ctx.store.world, event_bus_arn(ctx.scope, request.name)
    if request.name == DEFAULT_BUS or arn in world.event_buses:
        raise EventBusExists(f"Event bus {request.name} already exists.")
    if "/" in request.name:
        raise InvalidEventRequest("Event bus name must not contain '/'.")
    if world.event_buses.count("scope", scope_key(ctx.scope)) >= MAX_BUSES:
        raise EventLimitExceeded("The requested resource exceeds the maximum number allowed.")
    bus = EventBus(
        arn,
        ctx.scope,
        request.name,
        ctx.now,
        ctx.now,
        request.description,
        request.kms_key_identifier,
        request.dead_letter_config,
        request.log_config,
        checked_tags(BUS_TAG_RULES, request.tags),
    )
    ctx.store.apply([Put(bus)])
    return {"event_bus_arn": arn, **_settings(bus)}


def update_event_bus(ctx: Context, request: UpdateEventBusRequest) -> dict[str, object]:
    """Replace the settings that the request has."""
    bus = bus_of(ctx, request.name)
    changed = {
        name: value
        for name in ("description", "kms_key_identifier", "dead_letter_config", "log_config")
        if (value := getattr(request, name)) is not None
    }
    bus = replace(bus, modified_at=ctx.now, **changed)
    ctx.store.apply([Put(bus)])
    return {"arn": bus.arn, "name": bus.name, **_settings(bus)}


def describe_event_bus(ctx: Context, request: DescribeEventBusRequest) -> dict[str, object]:
    """An event bus with its settings."""
    bus = bus_of(ctx, request.name)
    return {**_summary(bus), **_settings(bus)}


def list_event_buses(ctx: Context, request: ListEventBusesRequest) -> dict[str, object]:
    """The event buses by name, in pages."""
    stored = ctx.store.world.event_buses.each("scope", scope_key(ctx.scope))
    buses = {bus.name: bus for bus in (bus_of(ctx, None), *stored)}
    names = [name for name in buses if name.startswith(request.name_prefix)]
    listing = ("ListEventBuses", request.name_prefix)
    on_page = page(names, listing, request.next_token, request.limit, fault=InvalidEventRequest)
    return {"event_buses": [_summary(buses[name]) for name in on_page.keys], "next_token": on_page.next_token}


def delete_event_bus(ctx: Context, request: DeleteEventBusRequest) -> None:
    """Delete an event bus; one that does not exist is no error."""
    arn = event_bus_arn(ctx.scope, request.name.removeprefix(event_bus_arn(ctx.scope, "")))
    if arn == event_bus_arn(ctx.scope, DEFAULT_BUS):
        raise InvalidEventRequest("Cannot delete event bus default.")
    if ctx.store.world.event_rules.count("bus", arn):
        raise InvalidEventRequest("Event bus can't be deleted since it has rules.")
    ctx.store.apply([Delete(EventBus, arn)])


def _summary(bus: EventBus) -> dict[str, object]:
    times = {"creation_time": bus.created_at, "last_modified_time": bus.modified_at} if bus.created_at else {}
    return {"name": bus.name, "arn": bus.arn, "description": bus.description, **times}


def _settings(bus: EventBus) -> dict[str, object]:
    return {
        "description": bus.description,
        "kms_key_identifier": bus.kms_key_identifier,
        "dead_letter_config": bus.dead_letter_config,
        "log_config": bus.log_config,
    }


def _tag_rules_of(record: EventRule | EventBus) -> TagRules:
    return BUS_TAG_RULES if isinstance(record, EventBus) else RULE_TAG_RULES


TAGS: Final = TagOperations(tagged_with_arn, _tag_rules_of)
