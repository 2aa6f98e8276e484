"""Lifecycle hooks: pauses that a stage waits for.

Promise: each run has an id of its own and an end; when nobody answers, its time-out's action is taken.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.service_deployment import HookRun, HookStatus, ServiceDeployment
from moyai.domain.ecs.strategy import HookAction, HookTimeout, LifecycleStage
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import HookId, Ids

_ID_LENGTH = 43
_SECONDS = 60


def runs(
    configuration: DeploymentConfiguration, stage: LifecycleStage | None, now: Instant, ids: Ids
) -> tuple[HookRun, ...]:
    """The hooks of a stage that begins now."""
    asked = [hook for hook in configuration.lifecycle_hooks if stage in hook.lifecycle_stages]
    limits = [hook.timeout_configuration or HookTimeout() for hook in asked]
    return tuple(
        HookRun(
            hook_id=HookId(f"ecs-pause-{ids.alphanumeric(_ID_LENGTH)}"),
            expires_at=later(now, limit.timeout_in_minutes * _SECONDS),
            timeout_action=limit.action,
        )
        for limit in limits
    )


def waiting(record: ServiceDeployment) -> tuple[HookRun, ...]:
    """Those that nobody has answered."""
    return tuple(run for run in record.hooks if run.status is HookStatus.AWAITING_ACTION)


def answered(record: ServiceDeployment, hook: HookId, status: HookStatus) -> tuple[HookRun, ...]:
    """The record's runs, this one answered."""
    return tuple(replace(run, status=status) if run.hook_id == hook else run for run in record.hooks)


def expired(record: ServiceDeployment, now: Instant) -> HookRun | None:
    """One whose time is over."""
    return next((run for run in waiting(record) if now >= run.expires_at), None)


def goes_on(run: HookRun) -> bool:
    """Whether the deployment continues when this run times out."""
    return run.timeout_action is HookAction.CONTINUE
