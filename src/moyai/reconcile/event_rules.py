"""The loop of EventBridge's rules: it makes the events of schedules, and brings events to their targets.

Promise: an event that was accepted is recorded until its target has taken it, also across ``kill -9``. A failed
delivery is tried again with growing delays as its retry policy says; one that is given up goes to its dead-letter
queue. A schedule that was missed is made up for once.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
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
from moyai.plan.event_rules import MOST_HOPS, deliveries, is_too_old, next_attempt, rules_of, scheduled_deliveries
from moyai.ports.aws_calls import AwsCaller
from moyai.ports.store import Key, Store
from moyai.reconcile.event_targets import DeliveryProblem, give_to_target, send_message
from moyai.reconcile.work_queue import WorkQueue
from moyai.stacks.types.procedure import AwsCallFailed

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
        await self._queue.serve(self._store, self._changed, self._advance, "the event", workers=_WORKERS)

    def _changed(self, keys: Iterable[Key]) -> set[str]:
        return {key.key for key in keys if key.table in {table_name(EventRule), table_name(EventDelivery)}}

    async def _advance(self, key: str) -> Instant | None:
        """Make what is due of a rule's schedule or of a delivery. Returns when it is due next."""
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
        due = scheduled_deliveries(rule, rule.next_at, now, self._ids)
        self._store.apply([Put(later_rule), *(Put(delivery) for delivery in due)])
        return later_rule.next_at

    async def _deliver(self, delivery: EventDelivery) -> Instant | None:
        now = self._clock.now()
        if now < delivery.due_at:
            return delivery.due_at
        problem = DeliveryProblem("it is too old") if is_too_old(delivery, now) else await self._give(delivery, now)
        again = next_attempt(delivery, now) if problem is not None and problem.passes else None
        if again is not None:
            self._store.apply([Put(again)])
            return again.due_at
        if problem is not None:
            _log.warning("%s: %s did not take an event: %s", delivery.rule, delivery.target.arn, problem.text)
            await self._bury(delivery)
        self._store.apply([Delete(EventDelivery, delivery.id)])
        return None

    async def _give(self, delivery: EventDelivery, now: Instant) -> DeliveryProblem | None:
        arn = parse_arn(delivery.target.arn)
        if arn is not None and arn.service == "events":
            return self._pass_on(delivery, arn, now)
        try:
            text = target_input(delivery.target, delivery.rule, delivery.event)
        except InvalidEventRequest as problem:
            return DeliveryProblem(problem.message)
        return await give_to_target(self._caller, delivery, text, now)

    def _pass_on(self, delivery: EventDelivery, bus: Arn, now: Instant) -> DeliveryProblem | None:
        """Send the event to the rules of another event bus."""
        if delivery.hops >= MOST_HOPS:
            return DeliveryProblem(f"it has passed {MOST_HOPS} event buses")
        world, name = self._store.world, bus.resource.removeprefix("event-bus/")
        rules = rules_of(world, bus.scope, name)
        event = msgspec.json.decode(delivery.event)
        passed = deliveries(rules, event, now, self._ids, delivery.hops + 1)
        self._store.apply([Put(further) for further in passed])
        return None

    async def _bury(self, delivery: EventDelivery) -> None:
        config = delivery.target.dead_letter_config
        queue = None if config is None or config.arn is None else parse_arn(config.arn)
        if queue is None:
            return
        try:
            await send_message(self._caller, queue, delivery.event)
        except AwsCallFailed as fault:
            _log.warning("%s: the dead-letter queue %s did not take an event: %s", delivery.rule, queue, fault.message)
