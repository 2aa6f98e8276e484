"""Rules of deployment strategies and lifecycle hooks.

Promise: a deployment strategy has its own settings, within AWS's bounds, and none of another strategy.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html,
.../API_CanaryConfiguration.html, .../API_DeploymentLifecycleHook.html
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from moyai.api.ecs.unsupported import unsupported_value
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.hook_function import FUNCTION_ARN
from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.strategy import (
    CanaryConfiguration,
    CircuitBreaker,
    DeploymentAlarms,
    EarlySuccess,
    HookTarget,
    HookTimeout,
    LifecycleHook,
    LifecycleStage,
    LinearConfiguration,
    Strategy,
)
from moyai.plan.strategy.hooks import MAX_HOOK_DETAILS

T = TypeVar("T")

_MEMBER = "deploymentConfiguration"
_HOOKS = "deploymentConfiguration.lifecycleHooks"
_LONGEST_BAKE = 1440
_LONGEST_HOOK = 1440
_LEAST_STEP, _LEAST_CANARY = 3.0, 0.1
_FULL = 100.0
_MAX_INTEGER = 2**31 - 1
_MOST_ALARMS = 100
_TENTHS = 10
_ROLLING_STAGES = frozenset(
    {LifecycleStage.RECONCILE_SERVICE, LifecycleStage.PRE_SCALE_UP, LifecycleStage.POST_SCALE_UP}
)
"""The stages of a rolling deployment; all others are about traffic shifts."""
_NO_PAUSE = frozenset({LifecycleStage.TEST_TRAFFIC_SHIFT, LifecycleStage.PRODUCTION_TRAFFIC_SHIFT})


class StrategySettings(msgspec.Struct, frozen=True):
    """The part of a request's deploymentConfiguration that is about strategies."""

    strategy: Strategy | None = None
    bake_time_in_minutes: int | None = None
    lifecycle_hooks: tuple[LifecycleHook, ...] | None = None
    linear_configuration: LinearConfiguration | None = None
    canary_configuration: CanaryConfiguration | None = None
    deployment_circuit_breaker: CircuitBreaker | None = None
    alarms: DeploymentAlarms | None = None
    early_success_criteria: EarlySuccess | None = None


def checked_strategy(settings: StrategySettings, current: DeploymentConfiguration) -> DeploymentConfiguration:
    """The configuration with the requested strategy. Absent settings stay as they are, and are cleared when the
    strategy changes. Raises InvalidParameter.
    """
    strategy = settings.strategy or current.strategy
    inherited = current if strategy is current.strategy else DeploymentConfiguration()
    configuration = msgspec.structs.replace(
        current,
        strategy=strategy,
        bake_time_in_minutes=_or_default(settings.bake_time_in_minutes, inherited.bake_time_in_minutes),
        lifecycle_hooks=_or_default(settings.lifecycle_hooks, inherited.lifecycle_hooks),
        linear_configuration=_or_default(settings.linear_configuration, inherited.linear_configuration),
        canary_configuration=_or_default(settings.canary_configuration, inherited.canary_configuration),
        deployment_circuit_breaker=_or_default(settings.deployment_circuit_breaker, current.deployment_circuit_breaker),
        alarms=_or_default(settings.alarms, current.alarms),
        early_success_criteria=_or_default(settings.early_success_criteria, inherited.early_success_criteria),
    )
    _check_breaker(configuration.deployment_circuit_breaker)
    _check_early_success(configuration)
    if configuration.alarms.enable and not 1 <= len(configuration.alarms.alarm_names) <= _MOST_ALARMS:
        raise InvalidParameter(f"{_MEMBER}.alarms.alarmNames must have 1 to {_MOST_ALARMS} names.")
    _check_settings(settings, configuration, inherited)
    _check_linear(configuration.linear_configuration)
    _check_canary(configuration.canary_configuration)
    for hook in configuration.lifecycle_hooks:
        _check_hook(hook)
    return configuration


def _or_default(requested: T | None, default: T) -> T:
    return default if requested is None else requested


def _check_settings(
    settings: StrategySettings, configuration: DeploymentConfiguration, inherited: DeploymentConfiguration
) -> None:
    """Raises InvalidParameter for settings of another strategy."""
    strategy = configuration.strategy
    if configuration.linear_configuration is not None and strategy is not Strategy.LINEAR:
        raise InvalidParameter(f"{_MEMBER}.linearConfiguration is valid with the strategy LINEAR only.")
    if configuration.canary_configuration is not None and strategy is not Strategy.CANARY:
        raise InvalidParameter(f"{_MEMBER}.canaryConfiguration is valid with the strategy CANARY only.")
    if strategy is Strategy.ROLLING:
        _check_rolling_stages(configuration.lifecycle_hooks)
    if strategy is Strategy.BLUE_GREEN and settings.bake_time_in_minutes is None and inherited.strategy is not strategy:
        raise InvalidParameter(f"{_MEMBER}.bakeTimeInMinutes is required with the strategy BLUE_GREEN.")
    if not 0 <= configuration.bake_time_in_minutes <= _LONGEST_BAKE:
        raise InvalidParameter(f"{_MEMBER}.bakeTimeInMinutes must be between 0 and {_LONGEST_BAKE}.")


def _check_rolling_stages(hooks: tuple[LifecycleHook, ...]) -> None:
    unsupported_stage = next((s for hook in hooks for s in hook.lifecycle_stages if s not in _ROLLING_STAGES), None)
    if unsupported_stage is not None:
        raise unsupported_value(
            f"{_MEMBER}.lifecycleHooks[].lifecycleStages", unsupported_stage, "a ROLLING deployment moves no traffic"
        )


def _check_linear(linear: LinearConfiguration | None) -> None:
    if linear is not None:
        _check_percent("linearConfiguration.stepPercent", linear.step_percent, _LEAST_STEP)
        _check_bake("linearConfiguration.stepBakeTimeInMinutes", linear.step_bake_time_in_minutes)


def _check_canary(canary: CanaryConfiguration | None) -> None:
    if canary is not None:
        _check_percent("canaryConfiguration.canaryPercent", canary.canary_percent, _LEAST_CANARY)
        _check_bake("canaryConfiguration.canaryBakeTimeInMinutes", canary.canary_bake_time_in_minutes)


def _check_percent(member: str, percent: float, least: float) -> None:
    is_tenth = abs(percent * _TENTHS - round(percent * _TENTHS)) < 1e-6 if least <= percent <= _FULL else False  # noqa: PLR2004
    if not is_tenth:
        raise InvalidParameter(f"{_MEMBER}.{member} must be a multiple of 0.1 from {least} to {_FULL}.")


def _check_bake(member: str, minutes: int) -> None:
    if not 0 <= minutes <= _LONGEST_BAKE:
        raise InvalidParameter(f"{_MEMBER}.{member} must be between 0 and {_LONGEST_BAKE}.")


def _check_breaker(breaker: CircuitBreaker) -> None:
    threshold = breaker.threshold_configuration
    if threshold is not None and not 1 <= threshold.value <= _MAX_INTEGER:
        raise InvalidParameter(f"{_MEMBER}.deploymentCircuitBreaker.thresholdConfiguration.value must be at least 1.")


def _check_early_success(configuration: DeploymentConfiguration) -> None:
    criteria = configuration.early_success_criteria
    if criteria is None or not criteria.enable:
        return
    place = f"{_MEMBER}.earlySuccessCriteria"
    if configuration.strategy is not Strategy.ROLLING:
        raise InvalidParameter(f"{place} is valid with the strategy ROLLING only.")
    if criteria.healthy_percent is None or criteria.source_service_revision_cleanup is None:
        raise InvalidParameter(f"{place}.healthyPercent and sourceServiceRevisionCleanup are required with enable.")
    if criteria.healthy_percent < configuration.minimum_healthy_percent:
        raise InvalidParameter(f"{place}.healthyPercent must be at least minimumHealthyPercent.")


def _check_hook(hook: LifecycleHook) -> None:
    if not hook.lifecycle_stages:
        raise InvalidParameter("Lifecycle stage cannot be null or empty.")
    if hook.target_type is HookTarget.PAUSE:
        _check_pause(hook)
    else:
        _check_function(hook)


def _check_pause(hook: LifecycleHook) -> None:
    invalid = next((stage for stage in hook.lifecycle_stages if stage in _NO_PAUSE), None)
    if invalid is not None:
        raise InvalidParameter(f"{_HOOKS}: PAUSE hooks cannot be configured at {invalid}.")
    if hook.hook_target_arn or hook.role_arn or hook.hook_details:
        raise InvalidParameter(f"{_HOOKS}: a PAUSE hook has no hookTargetArn, roleArn or hookDetails.")


def _check_function(hook: LifecycleHook) -> None:
    if hook.hook_target_arn is None or not FUNCTION_ARN.fullmatch(hook.hook_target_arn):
        raise InvalidParameter(f"{_HOOKS}[].hookTargetArn must be the ARN of a Lambda function.")
    if not isinstance(hook.hook_details, dict | None):
        raise InvalidParameter(f"{_HOOKS}[].hookDetails must be a JSON object.")
    if len(msgspec.json.encode(hook.hook_details)) > MAX_HOOK_DETAILS:
        raise InvalidParameter(f"{_HOOKS}[].hookDetails must have at most {MAX_HOOK_DETAILS} bytes.")
    if (hook.timeout_configuration or HookTimeout()).timeout_in_minutes > _LONGEST_HOOK:
        raise InvalidParameter(f"{_HOOKS}[].timeoutConfiguration.timeoutInMinutes must be at most {_LONGEST_HOOK}.")
