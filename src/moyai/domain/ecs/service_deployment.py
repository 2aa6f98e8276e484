"""Service revisions, and the service deployments that roll them out.

A service deployment is kept after its end, as history. While it is in progress it records its stage, from which the
planner continues.
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
    """The status of a service deployment."""

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
_INTERRUPTIONS = frozenset({_S.STOP_REQUESTED, _S.STOPPED, _S.ROLLBACK_REQUESTED})
SERVICE_DEPLOYMENT_TRANSITIONS: Mapping[ServiceDeploymentStatus, frozenset[ServiceDeploymentStatus]] = MappingProxyType(
    {
        _S.PENDING: frozenset({_S.IN_PROGRESS}) | _INTERRUPTIONS,
        _S.IN_PROGRESS: frozenset({_S.SUCCESSFUL}) | _INTERRUPTIONS,
        _S.STOP_REQUESTED: frozenset({_S.STOPPED}),
        _S.ROLLBACK_REQUESTED: frozenset({_S.ROLLBACK_IN_PROGRESS, _S.ROLLBACK_FAILED, _S.STOPPED}),
        _S.ROLLBACK_IN_PROGRESS: frozenset({_S.ROLLBACK_SUCCESSFUL, _S.STOPPED}),
        _S.SUCCESSFUL: frozenset(),
        _S.STOPPED: frozenset(),
        _S.ROLLBACK_SUCCESSFUL: frozenset(),
        _S.ROLLBACK_FAILED: frozenset(),
    }
)
"""The possible next statuses of each. STOPPED may follow any: another deployment, or the service's end, interrupts."""


class Monitor(StrEnum):
    """The monitors that can detect the failure of a deployment."""

    CIRCUIT_BREAKER = "CIRCUIT_BREAKER"
    ALARMS = "ALARMS"


class HookStatus(StrEnum):
    """The status of one run of a hook."""

    AWAITING_ACTION = "AWAITING_ACTION"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"


class HookRun(msgspec.Struct, frozen=True):
    """A run of a hook in the current stage."""

    hook_id: HookId
    expires_at: Instant
    timeout_action: HookAction = HookAction.ROLLBACK
    target_type: HookTarget = HookTarget.PAUSE
    status: HookStatus = HookStatus.AWAITING_ACTION
    target_arn: str | None = None
    """The function that is called."""
    invocation: int = 1
    """The number of the invocation, which a retry repeats."""
    call_at: Instant = Instant(0)
    """When the function is called next."""
    details: Mapping[str, Any] | None = None
    """The details that the function gets, and has returned."""


class Rollback(msgspec.Struct, frozen=True):
    """The reason, the time and the target of a rollback."""

    reason: str
    started_at: Instant
    service_revision_arn: ServiceRevisionArn


class ServiceRevision(ArnRecord, frozen=True, tag="service_revision"):
    """The configuration of a deployment, kept after the deployment."""

    arn: ServiceRevisionArn
    service: ServiceArn
    cluster: ClusterArn
    deployment: Deployment
    """The deployment as it was created."""
    launch_type: str
    """FARGATE, EC2 or EXTERNAL, also if capacity providers determine it."""
    platform_version: str | None = None
    capacity_provider_strategy: tuple[CapacityProviderStrategyItem, ...] = ()
    """The strategy that has precedence over ``launch_type``; empty if there is none."""
    images: Mapping[str, str] = {}
    """The digest of each container's image, as the first task resolved it, for all tasks."""


class ServiceDeployment(ArnRecord, frozen=True, tag="service_deployment"):
    """The rollout of a service revision."""

    arn: ServiceDeploymentArn
    service: ServiceArn
    cluster: ClusterArn
    created_at: Instant
    updated_at: Instant
    target: DeploymentId
    configuration: DeploymentConfiguration
    """The configuration at the start of the deployment."""
    sources: tuple[DeploymentId, ...] = ()
    """The deployments that the service had before."""
    source_pool: Pool = msgspec.field(default=Pool(""), name="home")
    """The pool that has the production traffic until this deployment moves it, and has it again after a rollback."""
    pool: Pool = Pool("")
    """The target's pool."""
    status: ServiceDeploymentStatus = ServiceDeploymentStatus.PENDING
    status_reason: str | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None
    stopped_at: Instant | None = None
    stage: LifecycleStage | None = None
    """None for a rolling deployment without anything to reconcile."""
    step: int = 0
    """The number of completed steps of the production traffic."""
    baking_since: Instant | None = None
    """When the current stage's traffic had reached every caller."""
    hooks: tuple[HookRun, ...] = ()
    """The hooks of the current stage."""
    rollback: Rollback | None = None
    failures: int = 0
    """The failed tasks of the target, as the circuit breaker counts them."""
    threshold: int = 0
    """The circuit breaker's threshold when the failures were last counted."""
    alarms: tuple[AlarmArn, ...] = ()
    """The alarms that can fail it; none if one of them was in ALARM when it began."""
    alarm_bake: float = 0.0
    """The seconds for which a rolling deployment watches its alarms after its tasks are replaced."""
    triggered_alarms: tuple[AlarmArn, ...] = msgspec.field(default=(), name="triggered")
    """The alarms that went to ALARM."""
    failed_by: Monitor | None = None
    """The monitor that detected its failure."""

    @property
    def has_one_pool(self) -> bool:
        """Whether the service has no other pool of tasks."""
        return self.source_pool == self.pool

    @property
    def moves_forward(self) -> bool:
        """Whether it still moves towards the target."""
        return self.status in {_S.PENDING, _S.IN_PROGRESS}

    @property
    def finished(self) -> bool:
        """Whether its status is final."""
        return not SERVICE_DEPLOYMENT_TRANSITIONS[self.status]
