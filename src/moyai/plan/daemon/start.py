"""The start of a daemon deployment.

Promise: the deployment has a record before a task starts or stops, and its revision never changes afterwards. A
deployment that is under way is STOPPED, and the new one continues with the tasks that it left.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-deployments.html
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import AlarmState, alarm_arn
from moyai.domain.ecs.daemon import (
    Daemon,
    DaemonDeployment,
    DaemonDeploymentConfiguration,
    DaemonDeploymentStatus,
    DaemonRevision,
)
from moyai.domain.keys import scope_of
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AlarmArn, DaemonArn, DaemonDeploymentArn, DaemonRevisionArn, Ids

SUPERSEDED = "Daemon deployment stopped because a new daemon deployment started."
KEPT_DEPLOYMENTS = 100
"""Deployments of a daemon that can still be described."""
_DEPLOYMENT_ID_LENGTH = 21
_REVISION_DIGITS = 19


def new_deployment_arn(daemon: DaemonArn, ids: Ids) -> DaemonDeploymentArn:
    """An ARN for a deployment of the daemon."""
    return DaemonDeploymentArn(_arn_below(daemon, "daemon-deployment", ids.alphanumeric(_DEPLOYMENT_ID_LENGTH)))


def new_revision_arn(daemon: DaemonArn, ids: Ids) -> DaemonRevisionArn:
    """An ARN for a revision of the daemon."""
    return DaemonRevisionArn(_arn_below(daemon, "daemon-revision", ids.decimal(_REVISION_DIGITS)))


def begin_deployment(
    world: World,
    daemon: Daemon,
    target: DaemonRevision | None,
    configuration: DaemonDeploymentConfiguration,
    now: Instant,
) -> Iterator[Change]:
    """The changes that start the deployment ``daemon.deployment``. ``target``: the revision; None removes all tasks."""
    yield from _stop_former_deployment(world, daemon, now)
    yield from _delete_old_history(world, daemon)
    if target is not None:
        yield Put(target)
    tasks = world.tasks.by("daemon", daemon.arn)
    sources = {t.daemon_revision: None for t in tasks if not t.stopped and t.daemon_revision is not None}
    yield Put(
        DaemonDeployment(
            arn=daemon.deployment,
            daemon=daemon.arn,
            cluster=daemon.cluster,
            created_at=now,
            target=None if target is None else target.arn,
            sources=tuple(sources),
            configuration=configuration,
            alarms=_alarms_to_watch(world, daemon, configuration),
        )
    )
    yield Put(daemon)


def _stop_former_deployment(world: World, daemon: Daemon, now: Instant) -> Iterator[Put]:
    former = world.daemons.get(daemon.arn)
    record = None if former is None else world.daemon_deployments.get(former.deployment)
    if record is not None and not record.finished:
        stopped = DaemonDeploymentStatus.STOPPED
        yield Put(replace(record, status=stopped, status_reason=SUPERSEDED, stopped_at=now, finished_at=now))


def _alarms_to_watch(
    world: World, daemon: Daemon, configuration: DaemonDeploymentConfiguration
) -> tuple[AlarmArn, ...]:
    """The alarms that can fail the deployment: AWS ignores those that are in ALARM when it begins."""
    names = configuration.alarms.alarm_names if configuration.alarms.enable else ()
    arns = dict.fromkeys(alarm_arn(scope_of(daemon.arn), name) for name in names)
    alarms = ((key, world.alarms.get(key)) for key in arns)
    return tuple(key for key, alarm in alarms if alarm is None or alarm.state is not AlarmState.ALARM)


def _delete_old_history(world: World, daemon: Daemon) -> Iterator[Delete]:
    """Changes that delete the oldest deployments beyond KEPT_DEPLOYMENTS, and revisions that no record names."""
    newest_last = sorted(world.daemon_deployments.by("daemon", daemon.arn), key=lambda d: (d.created_at, d.arn))
    old = newest_last[: max(0, len(newest_last) - KEPT_DEPLOYMENTS + 1)]
    if not old:
        return
    remaining = newest_last[len(old) :]
    kept_revisions = {daemon.completed_revision, *(d.target for d in remaining), *(d.revision for d in remaining)}
    kept_revisions.update(source for d in remaining for source in d.sources)
    kept_revisions.update(t.daemon_revision for t in world.tasks.by("daemon", daemon.arn))
    yield from (Delete(DaemonDeployment, d.arn) for d in old)
    revisions = world.daemon_revisions.by("daemon", daemon.arn)
    yield from (Delete(DaemonRevision, r.arn) for r in revisions if r.arn not in kept_revisions)


def _arn_below(daemon: DaemonArn, kind: str, identity: str) -> str:
    cluster_and_name = daemon.partition("daemon/")[2]
    return arn("ecs", scope_of(daemon), f"{kind}/{cluster_and_name}/{identity}")
