"""The stages of a deployment, their order, and how long each takes.

A rolling deployment moves no traffic. It has a stage only where it stands still: before its tasks start and after they
all have, where hooks are asked, and while it bakes after that. In between it rolls, in no stage.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html (lifecycleStage)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceDeploymentStatus
from moyai.domain.ecs.strategy import CanaryConfiguration, LifecycleStage, LinearConfiguration, Strategy
from moyai.plan.strategy.weights import steps

STAGE_LIMIT = 24 * 3600.0
"""Seconds that the new tasks may take until they are all healthy; then the deployment is rolled back."""

_ORDER = tuple(LifecycleStage)
_ROLLING: Mapping[LifecycleStage | None, LifecycleStage | None] = MappingProxyType(
    {
        LifecycleStage.PRE_SCALE_UP: None,
        None: LifecycleStage.POST_SCALE_UP,
        LifecycleStage.POST_SCALE_UP: LifecycleStage.BAKE_TIME,
        LifecycleStage.BAKE_TIME: LifecycleStage.CLEAN_UP,
    }
)
_STANDING = frozenset({LifecycleStage.RECONCILE_SERVICE, LifecycleStage.PRE_SCALE_UP, LifecycleStage.POST_SCALE_UP})
_SECONDS = 60.0


class Place(NamedTuple):
    """A stage, and which step of the production traffic it belongs to."""

    stage: LifecycleStage | None
    step: int = 0


def first(configuration: DeploymentConfiguration, *, several: bool) -> Place:
    """Where a deployment begins. ``several``: more than one pool has traffic, or a half of it."""
    if several:
        return Place(LifecycleStage.RECONCILE_SERVICE)
    rolls = configuration.strategy is Strategy.ROLLING and not stands(configuration, LifecycleStage.PRE_SCALE_UP)
    return Place(None if rolls else LifecycleStage.PRE_SCALE_UP)


def stands(configuration: DeploymentConfiguration, stage: LifecycleStage) -> bool:
    """Whether a hook is asked in the stage."""
    return any(stage in hook.lifecycle_stages for hook in configuration.lifecycle_hooks)


def following(record: ServiceDeployment) -> Place:
    """What comes after the record's stage."""
    stage = record.stage
    if record.status is ServiceDeploymentStatus.ROLLBACK_IN_PROGRESS:
        return Place(LifecycleStage.CLEAN_UP)
    if stage is LifecycleStage.RECONCILE_SERVICE:
        return first(record.configuration, several=False)
    if record.configuration.strategy is Strategy.ROLLING:
        return Place(_ROLLING.get(stage))
    last = record.step + 1 >= len(steps(record))
    if stage is LifecycleStage.PRODUCTION_TRAFFIC_SHIFT and not last:
        return Place(LifecycleStage.PRE_PRODUCTION_TRAFFIC_SHIFT, record.step + 1)
    return Place(None if stage is None else _ORDER[_ORDER.index(stage) + 1], record.step)


def bake(record: ServiceDeployment) -> float:
    """Seconds that the record's stage lasts once its traffic has arrived."""
    asked = record.configuration
    if record.status is ServiceDeploymentStatus.ROLLBACK_IN_PROGRESS:
        return 0
    if asked.strategy is Strategy.ROLLING:
        return 0 if record.stage in _STANDING else max(asked.bake_time_in_minutes * _SECONDS, record.alarm_bake)
    if record.stage is LifecycleStage.BAKE_TIME:
        return asked.bake_time_in_minutes * _SECONDS
    last = record.step + 1 >= len(steps(record))
    if record.stage is not LifecycleStage.PRODUCTION_TRAFFIC_SHIFT or last:
        return 0
    if asked.strategy is Strategy.LINEAR:
        return (asked.linear_configuration or LinearConfiguration()).step_bake_time_in_minutes * _SECONDS
    return (asked.canary_configuration or CanaryConfiguration()).canary_bake_time_in_minutes * _SECONDS
