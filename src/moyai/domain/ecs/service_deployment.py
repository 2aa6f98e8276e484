"""Service revisions, and the service deployments that bring them out.

A service deployment lives on after its end, as history. While it is under way it says in which stage it is, so that
whoever plans next goes on from there.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.service import Deployment, DeploymentConfiguration
from moyai.domain.ecs.strategy import HookAction, HookTarget, LifecycleStage
from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    AlarmArn,
    ClusterArn,
    DeploymentId,
    HookId,
    Pool,
    ServiceArn,
    ServiceDeploymentArn,
    ServiceRevisionArn,
)


class ServiceDeploymentStatus(StrEnum):
    """How far a service deployment is."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESSFUL = "SUCCESSFUL"
    STOP_REQUESTED = "STOP_REQUESTED"
    STOPPED = "STOPPED"
    ROLLBACK_REQUESTED = "ROLLBACK_REQUESTED"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    ROLLBACK_SUCCESSFUL = "ROLLBACK_SUCCESSFUL"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"


_S = ServiceDeploymentStatus
_UNDER_WAY = frozenset({_S.STOP_REQUESTED, _S.STOPPED, _S.ROLLBACK_REQUESTED})
SERVICE_DEPLOYMENT_TRANSITIONS: Mapping[ServiceDeploymentStatus, frozenset[ServiceDeploymentStatus]] = MappingProxyType(
    {
        _S.PENDING: frozenset({_S.IN_PROGRESS}) | _UNDER_WAY,
        _S.IN_PROGRESS: frozenset({_S.SUCCESSFUL}) | _UNDER_WAY,
        _S.STOP_REQUESTED: frozenset({_S.STOPPED}),
        _S.ROLLBACK_REQUESTED: frozenset({_S.ROLLBACK_IN_PROGRESS, _S.ROLLBACK_FAILED, _S.STOPPED}),
        _S.ROLLBACK_IN_PROGRESS: frozenset({_S.ROLLBACK_SUCCESSFUL, _S.STOPPED}),
        _S.SUCCESSFUL: frozenset(),
        _S.STOPPED: frozenset(),
        _S.ROLLBACK_SUCCESSFUL: frozenset(),
        _S.ROLLBACK_FAILED: frozenset(),
    }
)
"""From each status, those that may follow. STOPPED from anywhere: another deployment, or the service's end, cuts in."""


class Monitor(StrEnum):
    """What can find that a deployment fails."""

    CIRCUIT_BREAKER = "CIRCUIT_BREAKER"
    ALARMS = "ALARMS"


class HookStatus(StrEnum):
    """How one run of a hook stands."""

    AWAITING_ACTION = "AWAITING_ACTION"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"


class HookRun(msgspec.Struct, frozen=True):
    """A hook in the present stage."""

    hook_id: HookId
    expires_at: Instant
    timeout_action: HookAction = HookAction.ROLLBACK
    target_type: HookTarget = HookTarget.PAUSE
    status: HookStatus = HookStatus.AWAITING_ACTION
    target_arn: str | None = None
    """The function that is asked."""
    invocation: int = 1
    """Which time it is asked; it may be asked the same time twice."""
    call_at: Instant = Instant(0)
    """When it is to be asked."""
    details: Mapping[str, Any] | None = None
    """What it is given, and has given back."""


class Rollback(msgspec.Struct, frozen=True):
    """Why a deployment went back, when, and to what."""

    reason: str
    started_at: Instant
    service_revision_arn: ServiceRevisionArn


class ServiceRevision(ArnRecord, frozen=True, tag="service_revision"):
    """What a deployment was made from, kept after the deployment."""

    arn: ServiceRevisionArn
    service: ServiceArn
    cluster: ClusterArn
    deployment: Deployment
    """As it was made."""
    launch_type: str
    """FARGATE, EC2 or EXTERNAL, also where providers say it."""
    platform_version: str | None = None
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    """Instead of ``launch_type``, where there is any."""
    images: Mapping[str, str] = {}
    """For each container the digest that its first task found, for all tasks to run."""


class ServiceDeployment(ArnRecord, frozen=True, tag="service_deployment"):
    """One way of a service from the revisions it had to another one."""

    arn: ServiceDeploymentArn
    service: ServiceArn
    cluster: ClusterArn
    created_at: Instant
    updated_at: Instant
    target: DeploymentId
    configuration: DeploymentConfiguration
    """As it was when the deployment began."""
    sources: tuple[DeploymentId, ...] = ()
    """What the service ran before."""
    home: Pool = Pool("")
    """The pool that has the production traffic until this deployment moves it, and has it again after a rollback."""
    pool: Pool = Pool("")
    """The target's."""
    status: ServiceDeploymentStatus = ServiceDeploymentStatus.PENDING
    status_reason: str | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None
    stopped_at: Instant | None = None
    stage: LifecycleStage | None = None
    """None for a rolling deployment that has nothing to reconcile."""
    step: int = 0
    """How many steps of the production traffic came before the present one."""
    baking_since: Instant | None = None
    """When the present stage's traffic had reached every caller."""
    hooks: tuple[HookRun, ...] = ()
    """Of the present stage."""
    rollback: Rollback | None = None
    failures: int = 0
    """Of the target's tasks, as the circuit breaker counts them."""
    threshold: int = 0
    """How many would have been too many when they were last counted."""
    alarms: tuple[AlarmArn, ...] = ()
    """Those that it is watched by; none when one of them was in ALARM already when it began."""
    alarm_bake: float = 0.0
    """Seconds that they are watched for after all is done, in a rolling deployment."""
    triggered: tuple[AlarmArn, ...] = ()
    """Those that went to ALARM."""
    failed_by: Monitor | None = None
    """What found that it fails."""

    @property
    def alone(self) -> bool:
        """There is no other pool to take traffic from."""
        return self.home == self.pool

    @property
    def forward(self) -> bool:
        """It is still on its way to the target."""
        return self.status in {_S.PENDING, _S.IN_PROGRESS}

    @property
    def finished(self) -> bool:
        """Nothing follows any more."""
        return not SERVICE_DEPLOYMENT_TRANSITIONS[self.status]
