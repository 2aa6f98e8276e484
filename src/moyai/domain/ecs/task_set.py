"""Task sets: the deployments of a service that its owner controls (EXTERNAL).

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
    """STEADY_STATE while a task set has its computed number of running tasks, and none pending or stopping."""

    STABILIZING = "STABILIZING"
    STEADY_STATE = "STEADY_STATE"


class Scale(msgspec.Struct, frozen=True):
    """The share of its service's desiredCount that a task set has; ``value`` in percent, 0 to 100."""

    value: float = 0.0
    unit: str = "PERCENT"


class TaskSet(msgspec.Struct, frozen=True):
    """The members of a task set that other deployments do not have."""

    scale: Scale = Scale()
    external_id: str | None = None
    launch_type: str = "FARGATE"
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    """Has precedence over ``launch_type``."""
    platform_version: str | None = None
    client_token: str | None = None
    tags: Mapping[str, str] = {}
    stability_status: StabilityStatus = StabilityStatus.STABILIZING
    stability_at: Instant = Instant(0)
    """When the stability status last changed."""


def computed_count(desired_count: int, scale: Scale) -> int:
    """The scale's share of ``desired_count`` tasks, rounded up; 14.1 percent is computed exactly, not as a float."""
    return ceil(Fraction(str(scale.value)) * desired_count / _PERCENT)


def task_set_arn(service: ServiceArn, task_set: DeploymentId) -> TaskSetArn:
    """The ARN of a service's task set."""
    return TaskSetArn(arn("ecs", scope_of(service), f"task-set/{service.partition('service/')[2]}/{task_set}"))
