"""Which targets get an event, and what follows when one did not take it.

Promise: an event is written as AWS writes it. One that goes from bus to bus ends after ``MOST_HOPS`` of them, so that
buses that send events to each other do not do so for ever.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from moyai.domain.eventbridge.errors import InvalidEventPattern
from moyai.domain.eventbridge.rule import DEFAULT_BUS, EventDelivery, EventRule, event_bus_arn
from moyai.domain.scheduler.schedule import InvocationRetries
from moyai.domain.world import World
from moyai.expressions.event_pattern import parse_event_pattern
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import EventDeliveryId, Ids
from moyai.kernel.scope import Scope

MOST_HOPS: Final = 5
MOST_DELIVERIES: Final = 10_000
"""Events of an account and region that are on their way."""
_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 300.0
_NO_POLICY: Final = InvocationRetries()


class NewEvent(msgspec.Struct, frozen=True):
    """An event without what EventBridge adds."""

    source: str
    detail_type: str
    detail: Mapping[str, Any]
    resources: Sequence[str] = ()
    at: Instant | None = None
    """When it happened; None: now."""


def envelope(event: NewEvent, scope: Scope, now: Instant, event_id: str) -> dict[str, Any]:
    """An event as its rules see it."""
    at = datetime.fromtimestamp(now if event.at is None else event.at, UTC)
    return {
        "version": "0",
        "id": event_id,
        "detail-type": event.detail_type,
        "source": event.source,
        "account": scope.account,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": scope.region,
        "resources": list(event.resources),
        "detail": dict(event.detail),
    }


def deliveries(
    rules: Sequence[EventRule], event: Mapping[str, Any], now: Instant, ids: Ids, hops: int = 0
) -> list[EventDelivery]:
    """What brings an event to the targets of those of the rules that match it."""
    matching = [rule for rule in rules if _matches(rule, event)]
    text = msgspec.json.encode(event).decode() if matching else ""
    return [delivery for rule in matching for delivery in _to_targets(rule, text, now, ids, hops)]


def rules_of(world: World, scope: Scope, bus: str) -> list[EventRule]:
    """The rules of a bus that may match an event."""
    arn = event_bus_arn(scope, bus)
    return [rule for rule in world.event_rules.each("bus", arn) if rule.enabled and rule.pattern is not None]


def scheduled_deliveries(rule: EventRule, at: Instant, now: Instant, ids: Ids) -> list[EventDelivery]:
    """What brings the event of a schedule that was due at this time to the rule's targets."""
    event = NewEvent("aws.events", "Scheduled Event", {}, [rule.arn], at)
    text = msgspec.json.encode(envelope(event, rule.scope, now, ids.uuid())).decode()
    return list(_to_targets(rule, text, now, ids, 0))


def sends_ecs_events(world: World, scope: Scope) -> bool:
    """Whether a rule of the default bus may match an event of ECS."""
    return bool(rules_of(world, scope, DEFAULT_BUS))


def next_attempt(delivery: EventDelivery, now: Instant) -> EventDelivery | None:
    """A delivery that failed, to be tried again later; None when it is to be given up."""
    policy = delivery.target.retry_policy or _NO_POLICY
    if delivery.failures >= policy.maximum_retry_attempts or is_too_old(delivery, now):
        return None
    delay = min(_FIRST_DELAY * 2.0**delivery.failures, _LONGEST_DELAY)
    return replace(delivery, failures=delivery.failures + 1, due_at=later(now, delay))


def is_too_old(delivery: EventDelivery, now: Instant) -> bool:
    """Whether it is on its way for longer than its target allows."""
    policy = delivery.target.retry_policy or _NO_POLICY
    return now - delivery.created_at > policy.maximum_event_age_in_seconds


def _matches(rule: EventRule, event: Mapping[str, Any]) -> bool:
    try:
        return rule.pattern is not None and parse_event_pattern(rule.pattern)(event)
    except InvalidEventPattern:  # PutRule accepts none of these
        return False


def _to_targets(rule: EventRule, text: str, now: Instant, ids: Ids, hops: int) -> Iterator[EventDelivery]:
    for target in rule.targets:
        yield EventDelivery(EventDeliveryId(ids.uuid()), rule.scope, rule.arn, target, text, now, now, hops=hops)
