"""Task sets: the revisions of a service whose deployments are its owner's own affair (EXTERNAL).

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from math import ceil

import msgspec

from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.keys import scope_of
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DeploymentId, ServiceArn, TaskSetArn

_PERCENT = 100


class StabilityStatus(StrEnum):
    """STEADY_STATE while a task set has as many running tasks as it is to have, and nothing is under way."""

    STABILIZING = "STABILIZING"
    STEADY_STATE = "STEADY_STATE"


class Scale(msgspec.Struct, frozen=True):
    """How much of its service's desiredCount a task set has; ``value`` in percent, 0 to 100."""

    value: float = 0.0
    unit: str = "PERCENT"


class TaskSet(msgspec.Struct, frozen=True):
    """What a task set has beside what any deployment has."""

    scale: Scale = Scale()
    external_id: str | None = None
    launch_type: str = "FARGATE"
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    """Instead of ``launch_type``, where there is any."""
    platform_version: str | None = None
    client_token: str | None = None
    tags: Mapping[str, str] = {}
    stability_status: StabilityStatus = StabilityStatus.STABILIZING
    stability_at: Instant = Instant(0)
    """When it last became so."""


def computed_count(desired: int, scale: Scale) -> int:
    """How many tasks of ``desired`` the scale makes, rounded up; 14.1 percent is that, and not the float next to it."""
    return ceil(Fraction(str(scale.value)) * desired / _PERCENT)


def task_set_arn(service: ServiceArn, task_set: DeploymentId) -> TaskSetArn:
    """The ARN of a service's task set."""
    return TaskSetArn(arn("ecs", scope_of(service), f"task-set/{service.partition('service/')[2]}/{task_set}"))
