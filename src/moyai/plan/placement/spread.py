"""What a task is spread over: an attribute of its container instance, or the instance itself."""

from __future__ import annotations

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.placement import PlacementStrategy

ITSELF = frozenset({"instanceid", "host"})


def field_of(instance: ContainerInstance, strategy: PlacementStrategy) -> str:
    """The instance's value of the strategy's field; empty where it has none."""
    field = strategy.field or ""
    if field.lower() in ITSELF:
        return instance.arn
    name = field.removeprefix("attribute:")
    return next((a.value or "" for a in instance.attributes if a.name == name), "")
