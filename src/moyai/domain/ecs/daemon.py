"""Managed daemons: one task on each container instance of their capacity providers, and the deployments of them.

A daemon's configuration is in its revisions, which never change. A deployment rolls a revision out over the instances;
it is kept after its end, as history.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-deployments.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    AlarmArn,
    CapacityProviderName,
    ClusterArn,
    DaemonArn,
    DaemonDeploymentArn,
    DaemonRevisionArn,
    TaskDefinitionArn,
)

DAEMON_ADDRESS = "169.254.172.2"
"""The address of an instance's daemons for the instance's other tasks."""


class DaemonStatus(StrEnum):
    """DELETE_IN_PROGRESS while a deleted daemon's tasks stop; then its record is gone."""

    ACTIVE = "ACTIVE"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"


class DaemonPropagateTags(StrEnum):
    """Whether the daemon's tags are added to its tasks."""

    DAEMON = "DAEMON"
    NONE = "NONE"


class DaemonDeploymentStatus(StrEnum):
    """The status of a daemon deployment."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESSFUL = "SUCCESSFUL"
    STOP_REQUESTED = "STOP_REQUESTED"
    STOPPED = "STOPPED"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    ROLLBACK_SUCCESSFUL = "ROLLBACK_SUCCESSFUL"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"


_S = DaemonDeploymentStatus
DAEMON_DEPLOYMENT_TRANSITIONS: Mapping[DaemonDeploymentStatus, frozenset[DaemonDeploymentStatus]] = MappingProxyType(
    {
        _S.PENDING: frozenset({_S.IN_PROGRESS, _S.STOPPED}),
        _S.IN_PROGRESS: frozenset({_S.SUCCESSFUL, _S.STOP_REQUESTED, _S.STOPPED}),
        _S.STOP_REQUESTED: frozenset({_S.ROLLBACK_IN_PROGRESS, _S.ROLLBACK_FAILED, _S.STOPPED}),
        _S.ROLLBACK_IN_PROGRESS: frozenset({_S.ROLLBACK_SUCCESSFUL, _S.ROLLBACK_FAILED, _S.STOPPED}),
        _S.SUCCESSFUL: frozenset(),
        _S.STOPPED: frozenset(),
        _S.ROLLBACK_SUCCESSFUL: frozenset(),
        _S.ROLLBACK_FAILED: frozenset(),
    }
)
"""The possible next statuses of each. STOPPED may follow any: another deployment interrupts."""


class DaemonMonitor(StrEnum):
    """The monitors that can detect the failure of a deployment."""

    CIRCUIT_BREAKER = "CIRCUIT_BREAKER"
    ALARMS = "ALARMS"


class DaemonAlarms(msgspec.Struct, frozen=True):
    """CloudWatch alarms, any of which rolls a deployment back by going to ALARM."""

    alarm_names: tuple[str, ...] = ()
    enable: bool = False


class DaemonDeploymentConfiguration(msgspec.Struct, frozen=True):
    """``drain_percent``: the share of the instances, from 0 to 100, that are updated at the same time."""

    drain_percent: float = 25.0
    alarms: DaemonAlarms = DaemonAlarms()
    bake_time_in_minutes: int = 0


class DaemonRollback(msgspec.Struct, frozen=True):
    """The reason, the time and the target of a rollback."""

    reason: str
    started_at: Instant
    revision: DaemonRevisionArn


class Daemon(ArnRecord, frozen=True, tag="daemon"):
    """A daemon. What its tasks are made from is in the revision that its newest deployment rolls out."""

    arn: DaemonArn
    name: str
    cluster: ClusterArn
    created_at: Instant
    updated_at: Instant
    deployment: DaemonDeploymentArn
    """The newest deployment."""
    status: DaemonStatus = DaemonStatus.ACTIVE
    completed_revision: DaemonRevisionArn | None = None
    """The revision that was last on all instances, to which a deployment can roll back."""
    client_token: str | None = None
    tags: Mapping[str, str] = {}


class DaemonRevision(ArnRecord, frozen=True, tag="daemon_revision"):
    """The configuration of a daemon at the start of a deployment."""

    arn: DaemonRevisionArn
    daemon: DaemonArn
    cluster: ClusterArn
    task_definition: TaskDefinitionArn
    created_at: Instant
    capacity_providers: tuple[CapacityProviderName, ...]
    critical: bool = True
    """Whether an instance without a running task of the daemon gets no other tasks."""
    propagate_tags: DaemonPropagateTags = DaemonPropagateTags.NONE
    enable_ecs_managed_tags: bool = False
    enable_execute_command: bool = False
    images: Mapping[str, str] = {}
    """The digest of each container's image, as the first task resolved it, for all tasks."""


class DaemonDeployment(ArnRecord, frozen=True, tag="daemon_deployment"):
    """The rollout of a daemon revision, or the removal of a deleted daemon's tasks."""

    arn: DaemonDeploymentArn
    daemon: DaemonArn
    cluster: ClusterArn
    created_at: Instant
    target: DaemonRevisionArn | None
    """None: the daemon is deleted."""
    sources: tuple[DaemonRevisionArn, ...] = ()
    """The revisions that had tasks before."""
    configuration: DaemonDeploymentConfiguration = DaemonDeploymentConfiguration()
    status: DaemonDeploymentStatus = DaemonDeploymentStatus.PENDING
    status_reason: str | None = None
    started_at: Instant | None = None
    stopped_at: Instant | None = None
    finished_at: Instant | None = None
    baking_since: Instant | None = None
    """When all instances had the target."""
    failed_starts: int = 0
    """The target's tasks that did not start, as last counted."""
    failed_placements: int = 0
    """The attempts at which an instance lacked the resources for a task."""
    retry_at: Instant = Instant(0)
    """When to try again to place a task for which an instance lacked the resources."""
    threshold: int = 0
    """The number of failures at which the circuit breaker fails the deployment."""
    alarms: tuple[AlarmArn, ...] = ()
    """The alarms that can fail it: those that were not in ALARM when it began."""
    triggered_alarms: tuple[AlarmArn, ...] = ()
    failed_by: DaemonMonitor | None = None
    rollback: DaemonRollback | None = None

    @property
    def failures(self) -> int:
        """The failures that the circuit breaker counts."""
        return self.failed_starts + self.failed_placements

    @property
    def moves_forward(self) -> bool:
        """Whether it still moves towards the target."""
        return self.status in {_S.PENDING, _S.IN_PROGRESS}

    @property
    def finished(self) -> bool:
        """Whether its status is final."""
        return not DAEMON_DEPLOYMENT_TRANSITIONS[self.status]

    @property
    def revision(self) -> DaemonRevisionArn | None:
        """The revision that the instances are to have now; None while there is none to run."""
        if self.rollback is not None:
            return self.rollback.revision
        return self.target if self.failed_by is None else None
