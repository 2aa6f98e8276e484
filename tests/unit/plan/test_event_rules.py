"""The bounds of what is on its way to the targets of rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from moyai.domain.eventbridge.rule import EventRule, RuleTarget, event_rule_arn
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids
from moyai.plan.event_rules import MOST_CHARACTERS, MOST_DELIVERIES, MatchedEvent, TooManyDeliveries, deliveries
from moyai.store.memory import MemoryStore
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE

NOW = Instant(1000.0)


class NoIds(SeededIds):
    """Ids for what makes no delivery."""

    def uuid(self) -> str:
        raise AssertionError("a delivery is made")


def rules(count: int) -> Iterator[EventRule]:
    """Rules with five targets each."""
    targets = tuple(RuleTarget(str(n), f"arn:aws:sqs:us-east-1:{SCOPE.account}:q{n}") for n in range(5))
    for number in range(count):
        arn = event_rule_arn(SCOPE, "default", str(number))
        yield EventRule(arn, SCOPE, "default", str(number), NOW, targets=targets)


def store_deliveries(store: MemoryStore, events: list[MatchedEvent], ids: Ids) -> int:
    """Store the deliveries of the events, and return their number."""
    sent = deliveries(store.world, SCOPE, events, NOW, ids)
    store.apply([Put(delivery) for delivery in sent])
    return len(sent)


def test_the_number_of_deliveries_is_bounded_before_they_are_made():
    event = MatchedEvent(list(rules(300)), "{}")
    with pytest.raises(TooManyDeliveries, match="0 events wait"):
        store_deliveries(MemoryStore(), [event] * (MOST_DELIVERIES // 1500 + 1), NoIds(1))
    store = MemoryStore()
    assert store_deliveries(store, [event], SeededIds(1)) == 1500
    with pytest.raises(TooManyDeliveries, match="1500 events wait"):
        store_deliveries(store, [event] * (MOST_DELIVERIES // 1500), NoIds(1))


def test_the_characters_of_the_events_are_bounded_before_deliveries_are_made():
    text = "x" * (MOST_CHARACTERS // 12)
    store = MemoryStore()
    assert store_deliveries(store, [MatchedEvent(list(rules(2)), text)], SeededIds(1)) == 10
    with pytest.raises(TooManyDeliveries, match="characters wait"):
        store_deliveries(store, [MatchedEvent(list(rules(1)), text)], NoIds(1))
    assert store_deliveries(store, [MatchedEvent(list(rules(1)), "{}")], SeededIds(2)) == 5
