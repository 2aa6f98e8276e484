"""The state machine of a daemon deployment, except for the tasks that it starts and stops.

Promise: each transition is made once, from records and the tasks' states, so a control plane that was killed continues.
A deployment fails when so many tasks do not start, or cannot be placed, that the circuit breaker trips, or when an
alarm goes to ALARM; then the instances get back the revision that last ran on all of them. Without such a revision the
rollback fails, and nothing is started until the next deployment.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-deployments.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import AlarmState
from moyai.domain.ecs.daemon import Daemon, DaemonDeployment, DaemonDeploymentStatus, DaemonMonitor, DaemonRollback
from moyai.domain.world import World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import AlarmArn
from moyai.plan.daemon.coverage import Coverage

COMPLETED = "Deployment completed successfully."
THRESHOLD_EXCEEDED = "Daemon deployment rolled back because the circuit breaker threshold was exceeded."
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
_LOWEST_THRESHOLD, _HIGHEST_THRESHOLD = 3, 200
_S = DaemonDeploymentStatus


def failure_threshold(host_count: int) -> int:
    """The failures that trip the circuit breaker: half of the instances, within the bounds of a service's breaker."""
    return min(max(-(-host_count // 2), _LOWEST_THRESHOLD), _HIGHEST_THRESHOLD)


def advance_deployment(
    world: World, daemon: Daemon, record: DaemonDeployment, coverage: Coverage, now: Instant
) -> tuple[Daemon, DaemonDeployment]:
    """The daemon and its newest deployment, moved on by at most one status, as the coverage requires."""
    if record.finished:
        return daemon, record
    match record.status:
        case _S.PENDING:
            return daemon, replace(record, status=_S.IN_PROGRESS, started_at=now)
        case _S.IN_PROGRESS:
            return _move_forward(world, daemon, record, coverage, now)
        case _S.STOP_REQUESTED:
            return daemon, _begin_rollback(daemon, record, now)
        case _:
            return daemon, _roll_back(record, coverage, now)


def bake_ends_at(record: DaemonDeployment) -> Instant | None:
    """When the deployment has been watched for long enough; None before all instances have its target."""
    minutes = record.configuration.bake_time_in_minutes
    return None if record.baking_since is None else later(record.baking_since, minutes * 60.0)


def _move_forward(
    world: World, daemon: Daemon, record: DaemonDeployment, coverage: Coverage, now: Instant
) -> tuple[Daemon, DaemonDeployment]:
    threshold = failure_threshold(len(coverage.hosts))
    record = replace(record, failed_starts=coverage.failed_starts, threshold=threshold)
    triggered = _triggered_alarms(world, record)
    if triggered:
        reason = f"Daemon deployment rolled back because {_alarm_names(triggered)} went to ALARM."
        return daemon, replace(_fail(record, DaemonMonitor.ALARMS, reason), triggered_alarms=triggered)
    if record.target is not None and record.failures >= record.threshold:
        return daemon, _fail(record, DaemonMonitor.CIRCUIT_BREAKER, THRESHOLD_EXCEEDED)
    if not coverage.is_complete:
        return daemon, replace(record, baking_since=None)
    record = replace(record, baking_since=record.baking_since or now)
    end = bake_ends_at(record)
    if end is not None and now < end:
        return daemon, record
    completed = replace(record, status=_S.SUCCESSFUL, status_reason=COMPLETED, finished_at=now)
    return replace(daemon, completed_revision=record.target), completed


def _fail(record: DaemonDeployment, monitor: DaemonMonitor, reason: str) -> DaemonDeployment:
    return replace(record, status=_S.STOP_REQUESTED, status_reason=reason, failed_by=monitor)


def _begin_rollback(daemon: Daemon, record: DaemonDeployment, now: Instant) -> DaemonDeployment:
    reason = record.status_reason or ""
    if daemon.completed_revision is None:
        reason = f"{reason} {NO_CANDIDATE}".strip()
        return replace(record, status=_S.ROLLBACK_FAILED, status_reason=reason, finished_at=now)
    rollback = DaemonRollback(reason, now, daemon.completed_revision)
    return replace(record, status=_S.ROLLBACK_IN_PROGRESS, rollback=rollback)


def _roll_back(record: DaemonDeployment, coverage: Coverage, now: Instant) -> DaemonDeployment:
    if coverage.is_complete:
        return replace(record, status=_S.ROLLBACK_SUCCESSFUL, finished_at=now)
    if coverage.failed_starts >= record.threshold:
        reason = f"{record.status_reason} The tasks of the former revision do not start either."
        return replace(record, status=_S.ROLLBACK_FAILED, status_reason=reason, finished_at=now)
    return record


def _triggered_alarms(world: World, record: DaemonDeployment) -> tuple[AlarmArn, ...]:
    alarms = (world.alarms.get(key) for key in record.alarms)
    return tuple(alarm.arn for alarm in alarms if alarm is not None and alarm.state is AlarmState.ALARM)


def _alarm_names(alarms: tuple[AlarmArn, ...]) -> str:
    return ", ".join(alarm.rpartition(":alarm:")[2] for alarm in alarms)
