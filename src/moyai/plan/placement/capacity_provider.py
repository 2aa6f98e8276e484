"""Which capacity provider the next task of a strategy goes to.

Promise: the provider with a base gets that many tasks before any other gets one; tasks beyond the base are shared by
weight, so that no provider is ever a whole task behind its share. A provider without weight gets no tasks beyond its
base.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.kernel.ids import CapacityProviderName

FARGATE_PROVIDERS = frozenset({"FARGATE", "FARGATE_SPOT"})
"""The capacity providers that every account has."""


def next_provider(strategy: Sequence[CapacityProviderStrategyItem], counts: Mapping[str, int]) -> CapacityProviderName:
    """The provider of one more task. ``counts``: the tasks of each. At least one item of the strategy has a weight."""
    short = next((item for item in strategy if counts.get(item.capacity_provider, 0) < item.base), None)
    if short is not None:
        return CapacityProviderName(short.capacity_provider)
    beyond = {i.capacity_provider: max(0, counts.get(i.capacity_provider, 0) - i.base) for i in strategy}
    weight, tasks = sum(item.weight for item in strategy), sum(beyond.values()) + 1

    def behind(item: CapacityProviderStrategyItem) -> int:
        return item.weight * tasks - beyond[item.capacity_provider] * weight

    heavy = [item for item in strategy if item.weight > 0]
    return CapacityProviderName(max(heavy, key=behind).capacity_provider)
