"""Lifecycle hooks: pauses, and functions, that a stage waits for.

Promise: each run has an id of its own and an end; when nobody answers, its time-out's action is taken.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.service_deployment import HookRun, HookStatus, ServiceDeployment
from moyai.domain.ecs.strategy import HookAction, HookTarget, HookTimeout, LifecycleHook, LifecycleStage
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import HookId, Ids

_ID_LENGTH = 43
_SECONDS = 60
_OPEN = frozenset({HookStatus.AWAITING_ACTION, HookStatus.IN_PROGRESS})


def runs(
    configuration: DeploymentConfiguration, stage: LifecycleStage | None, now: Instant, ids: Ids
) -> tuple[HookRun, ...]:
    """The hooks of a stage that begins now."""
    return tuple(_run(hook, now, ids) for hook in configuration.lifecycle_hooks if stage in hook.lifecycle_stages)


def runs_back(configuration: DeploymentConfiguration, now: Instant, ids: Ids) -> tuple[HookRun, ...]:
    """The hooks of the way back: functions are told of the production traffic again, nobody is waited for."""
    made = runs(configuration, LifecycleStage.PRODUCTION_TRAFFIC_SHIFT, now, ids)
    return tuple(replace(run, timeout_action=HookAction.CONTINUE) for run in made)


def _run(hook: LifecycleHook, now: Instant, ids: Ids) -> HookRun:
    limit = hook.timeout_configuration or HookTimeout()
    function = hook.target_type is HookTarget.AWS_LAMBDA
    return HookRun(
        hook_id=HookId(ids.uuid() if function else f"ecs-pause-{ids.alphanumeric(_ID_LENGTH)}"),
        expires_at=later(now, limit.timeout_in_minutes * _SECONDS),
        timeout_action=limit.action,
        target_type=hook.target_type,
        status=HookStatus.IN_PROGRESS if function else HookStatus.AWAITING_ACTION,
        target_arn=hook.hook_target_arn,
        call_at=now,
        details=hook.hook_details,
    )


def waiting(record: ServiceDeployment) -> tuple[HookRun, ...]:
    """Those that have not been answered."""
    return tuple(run for run in record.hooks if run.status in _OPEN)


def answered(record: ServiceDeployment, hook: HookId, status: HookStatus) -> tuple[HookRun, ...]:
    """The record's runs, this one answered."""
    return tuple(replace(run, status=status) if run.hook_id == hook else run for run in record.hooks)


def expired(record: ServiceDeployment, now: Instant) -> HookRun | None:
    """One whose time is over."""
    return next((run for run in waiting(record) if now >= run.expires_at), None)


def goes_on(run: HookRun) -> bool:
    """Whether the deployment continues when this run times out."""
    return run.timeout_action is HookAction.CONTINUE
