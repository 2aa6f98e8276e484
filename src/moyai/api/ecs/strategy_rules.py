"""What a deployment strategy may be asked for.

Promise: each strategy's own settings, within AWS's bounds, and no other's.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html,
.../API_CanaryConfiguration.html, .../API_DeploymentLifecycleHook.html
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from moyai.api.ecs.hook_rules import check_hook
from moyai.api.ecs.refusal import unsupported
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.strategy import (
    CanaryConfiguration,
    CircuitBreaker,
    DeploymentAlarms,
    EarlySuccess,
    LifecycleHook,
    LifecycleStage,
    LinearConfiguration,
    Strategy,
)

T = TypeVar("T")

_MEMBER = "deploymentConfiguration"
_LONGEST_BAKE = 1440
_LEAST_STEP, _LEAST_CANARY = 3.0, 0.1
_FULL = 100.0
_MOST = 2**31 - 1
_MOST_ALARMS = 100
_TENTHS = 10
_OF_ROLLING = frozenset({LifecycleStage.RECONCILE_SERVICE, LifecycleStage.PRE_SCALE_UP, LifecycleStage.POST_SCALE_UP})
"""Stages of a rolling deployment; the others are about traffic that moves."""


class StrategySettings(msgspec.Struct, frozen=True):
    """The part of deploymentConfiguration that is about strategies, as it is asked for."""

    strategy: Strategy | None = None
    bake_time_in_minutes: int | None = None
    lifecycle_hooks: tuple[LifecycleHook, ...] | None = None
    linear_configuration: LinearConfiguration | None = None
    canary_configuration: CanaryConfiguration | None = None
    deployment_circuit_breaker: CircuitBreaker | None = None
    alarms: DeploymentAlarms | None = None
    early_success_criteria: EarlySuccess | None = None


def checked_strategy(asked: StrategySettings, current: DeploymentConfiguration) -> DeploymentConfiguration:
    """The configuration with its strategy as it is to be. What is left out stays, unless another strategy is asked
    for: that begins with nothing. Raises InvalidParameter.
    """
    strategy = asked.strategy or current.strategy
    before = current if strategy is current.strategy else DeploymentConfiguration()
    made = msgspec.structs.replace(
        current,
        strategy=strategy,
        bake_time_in_minutes=_given(asked.bake_time_in_minutes, before.bake_time_in_minutes),
        lifecycle_hooks=_given(asked.lifecycle_hooks, before.lifecycle_hooks),
        linear_configuration=_given(asked.linear_configuration, before.linear_configuration),
        canary_configuration=_given(asked.canary_configuration, before.canary_configuration),
        deployment_circuit_breaker=_given(asked.deployment_circuit_breaker, current.deployment_circuit_breaker),
        alarms=_given(asked.alarms, current.alarms),
        early_success_criteria=_given(asked.early_success_criteria, before.early_success_criteria),
    )
    _check_breaker(made.deployment_circuit_breaker)
    _check_early(made)
    if made.alarms.enable and not 1 <= len(made.alarms.alarm_names) <= _MOST_ALARMS:
        raise InvalidParameter(f"{_MEMBER}.alarms.alarmNames must have 1 to {_MOST_ALARMS} names.")
    _check_own(asked, made, before)
    _check_linear(made.linear_configuration)
    _check_canary(made.canary_configuration)
    for hook in made.lifecycle_hooks:
        check_hook(hook)
    return made


def _given(asked: T | None, before: T) -> T:
    return before if asked is None else asked


def _check_own(asked: StrategySettings, made: DeploymentConfiguration, before: DeploymentConfiguration) -> None:
    """Settings of another strategy than the one that is asked for."""
    strategy = made.strategy
    if made.linear_configuration is not None and strategy is not Strategy.LINEAR:
        raise InvalidParameter(f"{_MEMBER}.linearConfiguration is valid with the strategy LINEAR only.")
    if made.canary_configuration is not None and strategy is not Strategy.CANARY:
        raise InvalidParameter(f"{_MEMBER}.canaryConfiguration is valid with the strategy CANARY only.")
    if strategy is Strategy.ROLLING:
        _check_rolling_stages(made.lifecycle_hooks)
    if strategy is Strategy.BLUE_GREEN and asked.bake_time_in_minutes is None and before.strategy is not strategy:
        raise InvalidParameter(f"{_MEMBER}.bakeTimeInMinutes is required with the strategy BLUE_GREEN.")
    if not 0 <= made.bake_time_in_minutes <= _LONGEST_BAKE:
        raise InvalidParameter(f"{_MEMBER}.bakeTimeInMinutes must be between 0 and {_LONGEST_BAKE}.")


def _check_rolling_stages(hooks: tuple[LifecycleHook, ...]) -> None:
    moving = next((s for hook in hooks for s in hook.lifecycle_stages if s not in _OF_ROLLING), None)
    if moving is not None:
        raise unsupported(
            f"{_MEMBER}.lifecycleHooks[].lifecycleStages", moving, "a ROLLING deployment moves no traffic"
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
    whole = abs(percent * _TENTHS - round(percent * _TENTHS)) < 1e-6 if least <= percent <= _FULL else False  # noqa: PLR2004
    if not whole:
        raise InvalidParameter(f"{_MEMBER}.{member} must be a multiple of 0.1 from {least} to {_FULL}.")


def _check_bake(member: str, minutes: int) -> None:
    if not 0 <= minutes <= _LONGEST_BAKE:
        raise InvalidParameter(f"{_MEMBER}.{member} must be between 0 and {_LONGEST_BAKE}.")


def _check_breaker(breaker: CircuitBreaker) -> None:
    asked = breaker.threshold_configuration
    if asked is not None and not 1 <= asked.value <= _MOST:
        raise InvalidParameter(f"{_MEMBER}.deploymentCircuitBreaker.thresholdConfiguration.value must be at least 1.")


def _check_early(made: DeploymentConfiguration) -> None:
    criteria = made.early_success_criteria
    if criteria is None or not criteria.enable:
        return
    place = f"{_MEMBER}.earlySuccessCriteria"
    if made.strategy is not Strategy.ROLLING:
        raise InvalidParameter(f"{place} is valid with the strategy ROLLING only.")
    if criteria.healthy_percent is None or criteria.source_service_revision_cleanup is None:
        raise InvalidParameter(f"{place}.healthyPercent and sourceServiceRevisionCleanup are required with enable.")
    if criteria.healthy_percent < made.minimum_healthy_percent:
        raise InvalidParameter(f"{place}.healthyPercent must be at least minimumHealthyPercent.")
