"""Rules of capacity provider strategies.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
"""

from __future__ import annotations

from collections.abc import Sequence

from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.errors import InvalidParameter
from moyai.plan.placement.choose import FARGATE_PROVIDERS

_MAX_ITEMS = 20


def check_items(
    strategy: Sequence[CapacityProviderStrategyItem], providers: Sequence[str], *, of_cluster: bool = False
) -> None:
    """Check a strategy against a cluster's providers. ``of_cluster``: whether it is to be the cluster's default.
    Raises InvalidParameter.
    """
    if any(item.capacity_provider not in providers for item in strategy):
        raise InvalidParameter(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with"
            " the cluster."
        )
    check_item_values(strategy, of_cluster=of_cluster)


def check_item_values(strategy: Sequence[CapacityProviderStrategyItem], *, of_cluster: bool = False) -> None:
    """Check a strategy that any cluster might have. Raises InvalidParameter."""
    names = [item.capacity_provider for item in strategy]
    if len(strategy) > _MAX_ITEMS or len(set(names)) < len(names):
        raise InvalidParameter(f"A capacity provider strategy has at most {_MAX_ITEMS} capacity providers, each once.")
    if len({name in FARGATE_PROVIDERS for name in names}) > 1:
        raise InvalidParameter(
            "The specified capacity provider strategy cannot contain both Fargate capacity providers and others."
        )
    if strategy and not any(item.weight > 0 for item in strategy):
        raise InvalidParameter(
            "There are no capacity providers in the capacity provider strategy with a weight value greater than zero"
        )
    if sum(item.base > 0 for item in strategy) > 1:
        raise InvalidParameter(
            "The specified capacity provider strategy contains multiple capacity providers with a base value defined"
            if of_cluster
            else "There are multiple capacity providers in the specified capacity provider strategy with a base value"
            " defined"
        )
