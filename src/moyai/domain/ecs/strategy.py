"""Deployment strategies and their settings.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec


class Strategy(StrEnum):
    """ROLLING replaces tasks one by one; the others start a whole second set and move the traffic to it."""

    ROLLING = "ROLLING"
    BLUE_GREEN = "BLUE_GREEN"
    LINEAR = "LINEAR"
    CANARY = "CANARY"


class LifecycleStage(StrEnum):
    """The stages of a deployment that moves traffic, in order."""

    RECONCILE_SERVICE = "RECONCILE_SERVICE"
    PRE_SCALE_UP = "PRE_SCALE_UP"
    SCALE_UP = "SCALE_UP"
    POST_SCALE_UP = "POST_SCALE_UP"
    TEST_TRAFFIC_SHIFT = "TEST_TRAFFIC_SHIFT"
    POST_TEST_TRAFFIC_SHIFT = "POST_TEST_TRAFFIC_SHIFT"
    PRE_PRODUCTION_TRAFFIC_SHIFT = "PRE_PRODUCTION_TRAFFIC_SHIFT"
    PRODUCTION_TRAFFIC_SHIFT = "PRODUCTION_TRAFFIC_SHIFT"
    POST_PRODUCTION_TRAFFIC_SHIFT = "POST_PRODUCTION_TRAFFIC_SHIFT"
    BAKE_TIME = "BAKE_TIME"
    CLEAN_UP = "CLEAN_UP"


class HookTarget(StrEnum):
    """The target that a lifecycle hook waits for: a function, or a call of ContinueServiceDeployment."""

    AWS_LAMBDA = "AWS_LAMBDA"
    PAUSE = "PAUSE"


class HookAction(StrEnum):
    """The action after a hook."""

    CONTINUE = "CONTINUE"
    ROLLBACK = "ROLLBACK"


class HookTimeout(msgspec.Struct, frozen=True):
    """The time limit of a hook, and what happens after it."""

    timeout_in_minutes: int = 1440
    action: HookAction = HookAction.ROLLBACK


class LifecycleHook(msgspec.Struct, frozen=True):
    """A hook that runs in each of these stages. ``hook_details``: a JSON object for the function."""

    target_type: HookTarget = HookTarget.AWS_LAMBDA
    lifecycle_stages: tuple[LifecycleStage, ...] = ()
    timeout_configuration: HookTimeout | None = None
    hook_target_arn: str | None = None
    role_arn: str | None = None
    hook_details: Mapping[str, Any] | None = None


class ThresholdType(StrEnum):
    """The unit of a circuit breaker's threshold: tasks, or percent of desiredCount, with bounds or without."""

    COUNT = "COUNT"
    BOUNDED_PERCENT = "BOUNDED_PERCENT"
    UNBOUNDED_PERCENT = "UNBOUNDED_PERCENT"


class ThresholdConfiguration(msgspec.Struct, frozen=True):
    """The number of failures that fails a deployment."""

    type: ThresholdType
    value: int


class CircuitBreaker(msgspec.Struct, frozen=True):
    """Whether a deployment fails when its tasks do, and is rolled back then. None: AWS's default."""

    enable: bool
    rollback: bool
    reset_on_healthy_task: bool | None = None
    threshold_configuration: ThresholdConfiguration | None = None


class DeploymentAlarms(msgspec.Struct, frozen=True):
    """CloudWatch alarms, any of which fails a deployment by going to ALARM; ``rollback``: it is rolled back then."""

    alarm_names: tuple[str, ...]
    rollback: bool
    enable: bool


class Cleanup(StrEnum):
    """Whether the previous tasks are stopped before a deployment is successful, or after."""

    BLOCKING = "BLOCKING"
    DEFERRED = "DEFERRED"


class EarlySuccess(msgspec.Struct, frozen=True):
    """A rolling deployment is successful with ``healthy_percent`` of desiredCount; None if it isn't enabled."""

    enable: bool
    healthy_percent: int | None = None
    source_service_revision_cleanup: Cleanup | None = None


class LinearConfiguration(msgspec.Struct, frozen=True):
    """Equal steps of the production traffic, and the minutes between them."""

    step_percent: float = 10.0
    step_bake_time_in_minutes: int = 6


class CanaryConfiguration(msgspec.Struct, frozen=True):
    """A first share of the production traffic, and the minutes until the rest follows."""

    canary_percent: float = 5.0
    canary_bake_time_in_minutes: int = 10
