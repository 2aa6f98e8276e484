"""Which targets get an event, and what follows when a target did not accept it.

Promise: an event is written as AWS writes it. An event that passes from bus to bus ends after ``MOST_HOPS`` buses, so
that buses can't send it to each other for ever; the deliveries of an account and region are bounded in number and
size, whatever makes them.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from moyai.domain.eventbridge.errors import InvalidEventPattern
from moyai.domain.eventbridge.rule import DEFAULT_BUS, EventDelivery, EventRule, event_bus_arn
from moyai.domain.keys import scope_key
from moyai.domain.scheduler.schedule import InvocationRetries
from moyai.domain.world import World
from moyai.expressions.event_pattern import parse_event_pattern
from moyai.kernel.clock import Instant, later
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import EventDeliveryId, Ids, TaskArn
from moyai.kernel.scope import Scope

ECS_SOURCE: Final = "aws.ecs"
MOST_HOPS: Final = 5
MOST_DELIVERIES: Final = 10_000
"""Deliveries of an account and region that are on their way."""
MOST_CHARACTERS: Final = 64 * 1024 * 1024
"""The most characters that their events have together: the store holds one copy for each delivery."""
_LONGEST_STARTED_BY: Final = 36
_MARK_CHARACTERS: Final = 16
_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 300.0
_DEFAULT_POLICY: Final = InvocationRetries()


class TooManyDeliveries(MoyaiError):
    """More events would be on their way than an account and region may have."""


class NewEvent(msgspec.Struct, frozen=True):
    """An event without the members that EventBridge adds."""

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


class MatchedEvent(msgspec.Struct, frozen=True):
    """An event, as JSON, with the rules that send it to their targets. ``hops``: the event buses that it has passed."""

    rules: Sequence[EventRule]
    text: str
    hops: int = 0

    @property
    def deliveries(self) -> int:
        """The number of deliveries that it takes."""
        return sum(len(rule.targets) for rule in self.rules)


def matched_event(world: World, rules: Sequence[EventRule], event: Mapping[str, Any], hops: int = 0) -> MatchedEvent:
    """An event with those of the rules that match it."""
    matching = [rule for rule in rules if _matches(rule, event) and not _would_repeat(world, rule, event)]
    return MatchedEvent(matching, msgspec.json.encode(event).decode() if matching else "", hops)


def deliveries(
    world: World, scope: Scope, events: Sequence[MatchedEvent], now: Instant, ids: Ids
) -> list[EventDelivery]:
    """The records that bring events to the targets of their rules. Every producer of deliveries uses this function.

    Raises TooManyDeliveries, before it makes any, where the limits of the account and region are exceeded.
    """
    added = sum(event.deliveries for event in events)
    if not added:
        return []
    waiting = world.event_deliveries.count("scope", scope_key(scope))
    if waiting + added > MOST_DELIVERIES:
        raise TooManyDeliveries(f"{waiting} events wait for their targets.")
    characters = sum(len(delivery.event) for delivery in world.event_deliveries.each("scope", scope_key(scope)))
    if characters + sum(len(event.text) * event.deliveries for event in events) > MOST_CHARACTERS:
        raise TooManyDeliveries(f"Events of {characters} characters wait for their targets.")
    return [delivery for event in events for rule in event.rules for delivery in _to_targets(rule, event, now, ids)]


def rules_of(world: World, scope: Scope, bus: str) -> list[EventRule]:
    """The rules of a bus that may match an event."""
    arn = event_bus_arn(scope, bus)
    return [rule for rule in world.event_rules.each("bus", arn) if rule.enabled and rule.pattern is not None]


def has_event_bus(world: World, scope: Scope, bus: str) -> bool:
    """Whether there is an event bus of this name. The default bus always exists."""
    return bus == DEFAULT_BUS or world.event_buses.get(event_bus_arn(scope, bus)) is not None


def scheduled_event(rule: EventRule, at: Instant, now: Instant, event_id: str) -> MatchedEvent:
    """The event of a schedule that was due at this time."""
    event = NewEvent("aws.events", "Scheduled Event", {}, [rule.arn], at)
    return MatchedEvent([rule], msgspec.json.encode(envelope(event, rule.scope, now, event_id)).decode())


def rule_started_by(rule_name: str) -> str:
    """The ``startedBy`` of a rule's tasks, which EventBridge shortens to 36 characters."""
    return f"events-rule/{rule_name}"[:_LONGEST_STARTED_BY]


def run_token(delivery: EventDelivery) -> str:
    """The client token with which a rule runs tasks: it tells rules apart whose tasks have the same ``startedBy``."""
    return f"{_rule_mark(delivery.rule)}{delivery.id.replace('-', '')}"


def _rule_mark(rule: str) -> str:
    return sha256(rule.encode()).hexdigest()[:_MARK_CHARACTERS]


def sends_ecs_events(world: World, scope: Scope) -> bool:
    """Whether a rule of the default bus may match an event of ECS."""
    return bool(rules_of(world, scope, DEFAULT_BUS))


def next_attempt(delivery: EventDelivery, now: Instant) -> EventDelivery | None:
    """A delivery that failed, to be tried again later; None when it is to be given up."""
    policy = _policy(delivery)
    if delivery.failures >= policy.maximum_retry_attempts or is_too_old(delivery, now):
        return None
    delay = min(_FIRST_DELAY * 2.0**delivery.failures, _LONGEST_DELAY)
    return replace(delivery, failures=delivery.failures + 1, due_at=later(now, delay))


def is_too_old(delivery: EventDelivery, now: Instant) -> bool:
    """Whether the delivery is on its way for longer than its policy allows; a dead-letter queue has the default one."""
    since = delivery.created_at if delivery.given_up_at is None else delivery.given_up_at
    return now - since > _policy(delivery).maximum_event_age_in_seconds


def give_up(delivery: EventDelivery, now: Instant) -> EventDelivery:
    """The delivery, addressed to the dead-letter queue from now on because its target does not accept it."""
    return replace(delivery, given_up_at=now, failures=0)


def _policy(delivery: EventDelivery) -> InvocationRetries:
    """The target's policy; the default policy for the dead-letter queue."""
    return _DEFAULT_POLICY if delivery.given_up_at is not None else delivery.target.retry_policy or _DEFAULT_POLICY


def _matches(rule: EventRule, event: Mapping[str, Any]) -> bool:
    try:
        return rule.pattern is not None and parse_event_pattern(rule.pattern)(event)
    except InvalidEventPattern:  # PutRule accepts none of these
        return False


def _would_repeat(world: World, rule: EventRule, event: Mapping[str, Any]) -> bool:
    """Whether the event is about a task that this rule has started, so that the rule would start tasks for ever. For a
    task that is gone, ``startedBy`` alone decides.
    """
    if event.get("source") != ECS_SOURCE or not any(target.ecs_parameters for target in rule.targets):
        return False
    detail = event.get("detail")
    if not isinstance(detail, Mapping) or detail.get("startedBy") != rule_started_by(rule.name):
        return False
    task = world.tasks.get(TaskArn(str(detail.get("taskArn"))))
    return task is None or (task.client_token or "").startswith(_rule_mark(rule.arn))


def _to_targets(rule: EventRule, event: MatchedEvent, now: Instant, ids: Ids) -> Iterator[EventDelivery]:
    for target in rule.targets:
        delivery_id = EventDeliveryId(ids.uuid())
        yield EventDelivery(delivery_id, rule.scope, rule.arn, target, event.text, now, now, hops=event.hops)
