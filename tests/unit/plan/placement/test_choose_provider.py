"""How tasks are shared among capacity providers."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.ecs.cluster import CapacityProviderStrategyItem as Item
from moyai.plan.placement.choose import choose_provider


def counts_by_provider(strategy: list[Item], count: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for _ in range(count):
        counts[choose_provider(strategy, counts)] += 1
    return counts


def test_the_base_first_then_by_weight():
    strategy = [Item("FARGATE", weight=1, base=2), Item("FARGATE_SPOT", weight=4)]
    assert counts_by_provider(strategy, 2) == {"FARGATE": 2}
    assert counts_by_provider(strategy, 7) == {"FARGATE": 3, "FARGATE_SPOT": 4}
    assert counts_by_provider(strategy, 12) == {"FARGATE": 4, "FARGATE_SPOT": 8}


def test_a_provider_without_weight_gets_only_its_base():
    strategy = [Item("a", weight=0, base=1), Item("b", weight=1)]
    assert counts_by_provider(strategy, 5) == {"a": 1, "b": 4}


@st.composite
def strategies(draw: st.DrawFn) -> list[Item]:
    weights = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any))
    based = draw(st.integers(0, len(weights) - 1))
    base = draw(st.integers(0, 7))
    return [Item(f"p{n}", weight, base if n == based else 0) for n, weight in enumerate(weights)]


@given(strategies(), st.integers(0, 60))
def test_every_provider_is_within_one_task_of_its_share(strategy, count):
    counts = counts_by_provider(strategy, count)
    beyond = max(0, count - max(item.base for item in strategy))
    whole = sum(item.weight for item in strategy)
    assert sum(counts.values()) == count
    for item in strategy:
        base = min(item.base, count)
        assert counts[item.capacity_provider] >= base
        share = beyond * item.weight / whole
        assert abs(counts[item.capacity_provider] - base - share) < len(strategy)
        if not item.weight:
            assert counts[item.capacity_provider] == base
