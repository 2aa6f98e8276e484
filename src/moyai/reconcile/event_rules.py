"""The loop of EventBridge's rules: it makes the events of schedules, and brings events to their targets.

Promise: an accepted event stays recorded until its target has accepted it, also across ``kill -9``. A failed delivery
is tried again with growing delays as its retry policy says; an event that was given up is sent to its dead-letter
queue, for up to a day. The event of a schedule that was missed is made late, once.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.domain.eventbridge.errors import InvalidEventRequest
from moyai.domain.eventbridge.rule import EventDelivery, EventRule
from moyai.domain.world import Delete, Put, table_name
from moyai.expressions.event_input import target_input
from moyai.expressions.schedule import next_time
from moyai.kernel.arn import Arn, parse_arn
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import Ids
from moyai.plan.event_rules import (
    MOST_HOPS,
    TooManyDeliveries,
    deliveries,
    give_up,
    has_event_bus,
    is_too_old,
    matched_event,
    next_attempt,
    rules_of,
    scheduled_event,
)
from moyai.ports.outgoing_calls import AwsCaller
from moyai.ports.store import Key, Store
from moyai.reconcile.event_targets import DeliveryProblem, give_to_dead_letter_queue, give_to_target
from moyai.reconcile.work_queue import WorkQueue

_WORKERS: Final = 8
"""Deliveries that are made at the same time."""
_log = logging.getLogger(__name__)


class EventRuleLoop:
    """Follows rules and deliveries. ``run`` it once."""

    def __init__(self, store: Store, caller: AwsCaller, clock: Clock, ids: Ids) -> None:
        self._store, self._caller, self._clock, self._ids = store, caller, clock, ids
        self._queue = WorkQueue(clock)

    async def run(self) -> None:
        """Make the events of schedules, and bring all events to their targets, until cancelled."""
        await self._queue.serve(self._store, self._changed_keys, self._advance, "the event", workers=_WORKERS)

    def _changed_keys(self, keys: Iterable[Key]) -> set[str]:
        return {key.key for key in keys if key.table in {table_name(EventRule), table_name(EventDelivery)}}

    async def _advance(self, key: str) -> Instant | None:
        """Make the event of a rule's schedule, or a delivery, if it is due. Returns when the next one is due."""
        rule = self._store.world.event_rules.get(key)
        if rule is not None:
            return self._advance_schedule(rule)
        delivery = self._store.world.event_deliveries.get(key)
        return None if delivery is None else await self._deliver(delivery)

    def _advance_schedule(self, rule: EventRule) -> Instant | None:
        now = self._clock.now()
        if rule.next_at is None or not rule.enabled or now < rule.next_at:
            return rule.next_at if rule.enabled else None
        later_rule = replace(rule, next_at=next_time(rule, now))
        event = scheduled_event(rule, rule.next_at, now, self._ids.uuid())
        try:
            due = deliveries(self._store.world, rule.scope, [event], now, self._ids)
        except TooManyDeliveries as problem:
            _log.warning("%s: the event of its schedule was dropped: %s", rule.arn, problem)
            due = []
        self._store.apply([Put(later_rule), *(Put(delivery) for delivery in due)])
        return later_rule.next_at

    async def _deliver(self, delivery: EventDelivery) -> Instant | None:
        now = self._clock.now()
        if now < delivery.due_at:
            return delivery.due_at
        if delivery.given_up_at is not None:
            return await self._give_to_dead_letter_queue(delivery, now)
        outcome = DeliveryProblem("it is too old") if is_too_old(delivery, now) else await self._give(delivery, now)
        if not isinstance(outcome, DeliveryProblem):
            self._store.apply([Delete(EventDelivery, delivery.id), *(Put(further) for further in outcome)])
            return None
        due_at = self._retry(delivery, outcome, now)
        if due_at is not None:
            return due_at
        _log.warning("%s: %s did not take an event: %s", delivery.rule, delivery.target.arn, outcome.text)
        return await self._give_to_dead_letter_queue(give_up(delivery, now), now)

    async def _give(self, delivery: EventDelivery, now: Instant) -> Sequence[EventDelivery] | DeliveryProblem:
        """Give the event to its target. Returns the deliveries that follow if this is an event bus, or the problem."""
        arn = parse_arn(delivery.target.arn)
        if arn is not None and arn.service == "events":
            return self._deliveries_of_bus(delivery, arn, now)
        try:
            text = target_input(delivery.target, delivery.rule, delivery.event)
        except InvalidEventRequest as problem:
            return DeliveryProblem(problem.message)
        return await give_to_target(self._caller, delivery, text, now) or ()

    def _deliveries_of_bus(
        self, delivery: EventDelivery, bus: Arn, now: Instant
    ) -> Sequence[EventDelivery] | DeliveryProblem:
        """The deliveries of the event to the targets of another event bus."""
        world, name = self._store.world, bus.resource.removeprefix("event-bus/")
        if delivery.hops >= MOST_HOPS:
            return DeliveryProblem(f"it has passed {MOST_HOPS} event buses")
        if not has_event_bus(world, bus.scope, name):
            return DeliveryProblem("there is no such event bus")
        event = matched_event(
            world, rules_of(world, bus.scope, name), msgspec.json.decode(delivery.event), delivery.hops + 1
        )
        try:
            return deliveries(world, bus.scope, [event], now, self._ids)
        except TooManyDeliveries as problem:
            return DeliveryProblem(str(problem), passes=True)

    async def _give_to_dead_letter_queue(self, delivery: EventDelivery, now: Instant) -> Instant | None:
        """Bring an event that was given up to the dead-letter queue."""
        problem = await give_to_dead_letter_queue(self._caller, delivery)
        if problem is not None:
            due_at = self._retry(delivery, problem, now)
            if due_at is not None:
                return due_at
            _log.warning("%s: the dead-letter queue did not take an event: %s", delivery.rule, problem.text)
        self._store.apply([Delete(EventDelivery, delivery.id)])
        return None

    def _retry(self, delivery: EventDelivery, problem: DeliveryProblem, now: Instant) -> Instant | None:
        """Record another attempt, where the problem may pass and the policy has one left. Returns when it is due."""
        again = next_attempt(delivery, now) if problem.passes else None
        if again is None:
            return None
        self._store.apply([Put(again)])
        return again.due_at
