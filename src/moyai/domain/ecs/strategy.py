"""How a service moves from one revision to the next, as it is asked for.

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
    """Where a deployment that moves traffic is; in this order."""

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
    """What a lifecycle hook asks: a function, or whoever calls ContinueServiceDeployment."""

    AWS_LAMBDA = "AWS_LAMBDA"
    PAUSE = "PAUSE"


class HookAction(StrEnum):
    """What follows a hook."""

    CONTINUE = "CONTINUE"
    ROLLBACK = "ROLLBACK"


class HookTimeout(msgspec.Struct, frozen=True):
    """How long a hook may take, and what follows when it takes longer."""

    timeout_in_minutes: int = 1440
    action: HookAction = HookAction.ROLLBACK


class LifecycleHook(msgspec.Struct, frozen=True):
    """Something to wait for in each of these stages. ``hook_details``: what a function is given, any JSON object."""

    target_type: HookTarget = HookTarget.AWS_LAMBDA
    lifecycle_stages: tuple[LifecycleStage, ...] = ()
    timeout_configuration: HookTimeout | None = None
    hook_target_arn: str | None = None
    role_arn: str | None = None
    hook_details: Mapping[str, Any] | None = None


class ThresholdType(StrEnum):
    """What a circuit breaker's value is: tasks, or percent of desiredCount, which may be kept within bounds."""

    COUNT = "COUNT"
    BOUNDED_PERCENT = "BOUNDED_PERCENT"
    UNBOUNDED_PERCENT = "UNBOUNDED_PERCENT"


class ThresholdConfiguration(msgspec.Struct, frozen=True):
    """How many failures are too many."""

    type: ThresholdType
    value: int


class CircuitBreaker(msgspec.Struct, frozen=True):
    """Whether a deployment fails when its tasks do, and goes back then. None: as AWS has it when it isn't asked."""

    enable: bool
    rollback: bool
    reset_on_healthy_task: bool | None = None
    threshold_configuration: ThresholdConfiguration | None = None


class DeploymentAlarms(msgspec.Struct, frozen=True):
    """CloudWatch alarms, any of which fails a deployment by going to ALARM; ``rollback``: it goes back then."""

    alarm_names: tuple[str, ...]
    rollback: bool
    enable: bool


class Cleanup(StrEnum):
    """Whether the tasks before a deployment leave before it is successful, or after that."""

    BLOCKING = "BLOCKING"
    DEFERRED = "DEFERRED"


class EarlySuccess(msgspec.Struct, frozen=True):
    """A rolling deployment that is successful with ``healthy_percent`` of desiredCount; None where it isn't enabled."""

    enable: bool
    healthy_percent: int | None = None
    source_service_revision_cleanup: Cleanup | None = None


class LinearConfiguration(msgspec.Struct, frozen=True):
    """Equal steps of the production traffic, and minutes between two of them."""

    step_percent: float = 10.0
    step_bake_time_in_minutes: int = 6


class CanaryConfiguration(msgspec.Struct, frozen=True):
    """A first share of the production traffic, and minutes until the rest follows."""

    canary_percent: float = 5.0
    canary_bake_time_in_minutes: int = 10
