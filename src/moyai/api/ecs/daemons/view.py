"""Daemons, daemon deployments and daemon revisions as the API shows them.

Promise: counts are the current ones, taken from the tasks.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DaemonDetail.html
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.api.ecs.clusters.capacity_providers import provider_arn
from moyai.domain.ecs.daemon import Daemon, DaemonDeployment, DaemonMonitor, DaemonRevision
from moyai.domain.ecs.task import DesiredStatus, Task
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.kernel.ids import CapacityProviderArn, CapacityProviderName, DaemonRevisionArn
from moyai.plan.placement.managed_daemons import hosts, is_up, wanted_revision


class _ProviderCounts(NamedTuple):
    """The instances of one capacity provider: with a running task of the revision, without any because the daemon is
    not critical, and with a task of the revision that is being stopped.
    """

    provider: CapacityProviderArn
    running: int
    without: int
    draining: int


def summary_view(daemon: Daemon) -> dict[str, object]:
    """A daemon as ListDaemons shows it."""
    return {
        "daemon_arn": daemon.arn,
        "status": daemon.status,
        "created_at": daemon.created_at,
        "updated_at": daemon.updated_at,
    }


def daemon_view(world: World, daemon: Daemon) -> dict[str, object]:
    """A daemon as DescribeDaemon shows it: with the wanted revision first, and the others that have tasks."""
    wanted = wanted_revision(world, daemon)
    tasks = world.tasks.by("daemon", daemon.arn)
    with_tasks = (t.daemon_revision for t in tasks if not t.stopped and t.daemon_revision is not None)
    current = dict.fromkeys((*(() if wanted is None else (wanted.arn,)), *with_tasks))
    return {
        **summary_view(daemon),
        "cluster_arn": daemon.cluster,
        "current_revisions": [_running_view(world, key) for key in current],
        "deployment_arn": daemon.deployment,
    }


def brief_view(record: DaemonDeployment) -> dict[str, object]:
    """A daemon deployment as ListDaemonDeployments shows it."""
    return {
        "daemon_deployment_arn": record.arn,
        "daemon_arn": record.daemon,
        "cluster_arn": record.cluster,
        "status": record.status,
        "status_reason": record.status_reason,
        "target_daemon_revision_arn": record.target,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "stopped_at": record.stopped_at,
        "finished_at": record.finished_at,
    }


def deployment_view(world: World, record: DaemonDeployment) -> dict[str, object]:
    """A daemon deployment as DescribeDaemonDeployments shows it."""
    brief = brief_view(record)
    del brief["target_daemon_revision_arn"], brief["daemon_arn"]
    return {
        **brief,
        "target_daemon_revision": None if record.target is None else _instances_view(world, record.target),
        "source_daemon_revisions": [_instances_view(world, source) for source in record.sources],
        "circuit_breaker": {
            "failure_count": record.failures,
            "status": _monitor_status(record, DaemonMonitor.CIRCUIT_BREAKER, is_used=record.target is not None),
            "threshold": record.threshold,
        },
        "alarms": {
            "status": _monitor_status(record, DaemonMonitor.ALARMS, is_used=bool(record.alarms)),
            "alarm_names": record.configuration.alarms.alarm_names,
            "triggered_alarm_names": [name.rpartition(":alarm:")[2] for name in record.triggered_alarms],
        },
        "rollback": _rollback_view(world, record),
        "deployment_configuration": record.configuration,
    }


def revision_view(world: World, revision: DaemonRevision) -> dict[str, object]:
    """A daemon revision as DescribeDaemonRevisions shows it."""
    definition = world.task_definitions.get(revision.task_definition)
    return {
        "daemon_revision_arn": revision.arn,
        "cluster_arn": revision.cluster,
        "daemon_arn": revision.daemon,
        "daemon_task_definition_arn": revision.task_definition,
        "created_at": revision.created_at,
        "container_images": [
            {"container_name": c.name, "image": c.image, "image_digest": revision.images.get(c.name)}
            for c in (() if definition is None else definition.container_definitions)
        ],
        "propagate_tags": revision.propagate_tags,
        "enable_ecs_managed_tags": revision.enable_ecs_managed_tags,
        "enable_execute_command": revision.enable_execute_command,
        "critical": revision.critical,
    }


def _running_view(world: World, key: DaemonRevisionArn) -> dict[str, object]:
    counts = _counts(world, key)
    return {
        "arn": key,
        "capacity_providers": [
            {"arn": c.provider, "running_count": c.running, "without_daemon_count": c.without} for c in counts
        ],
        "total_running_count": sum(c.running for c in counts),
        "total_without_daemon_count": sum(c.without for c in counts),
    }


def _instances_view(world: World, key: DaemonRevisionArn) -> dict[str, object]:
    counts = _counts(world, key)
    return {
        "arn": key,
        "capacity_providers": [
            {
                "arn": c.provider,
                "running_instance_count": c.running,
                "without_daemon_instance_count": c.without,
                "draining_instance_count": c.draining,
            }
            for c in counts
        ],
        "total_running_instance_count": sum(c.running for c in counts),
        "total_without_daemon_instance_count": sum(c.without for c in counts),
        "total_draining_instance_count": sum(c.draining for c in counts),
    }


def _counts(world: World, key: DaemonRevisionArn) -> list[_ProviderCounts]:
    revision = world.daemon_revisions.get(key)
    if revision is None:
        return []
    of_daemon = [t for t in world.tasks.by("daemon", revision.daemon) if not t.stopped]
    return [_provider_counts(world, revision, name, of_daemon) for name in revision.capacity_providers]


def _provider_counts(
    world: World, revision: DaemonRevision, name: CapacityProviderName, of_daemon: list[Task]
) -> _ProviderCounts:
    tasks = [t for t in of_daemon if t.capacity_provider == name]
    own = [t for t in tasks if t.daemon_revision == revision.arn]
    covered = {t.container_instance for t in tasks if is_up(t)}
    instances = [i for i in hosts(world, revision) if i.provider == name]
    return _ProviderCounts(
        provider=provider_arn(scope_of(revision.cluster), name),
        running=sum(is_up(t) for t in own),
        without=0 if revision.critical else sum(i.arn not in covered for i in instances),
        draining=sum(t.desired_status is DesiredStatus.STOPPED for t in own),
    )


def _monitor_status(record: DaemonDeployment, monitor: DaemonMonitor, *, is_used: bool) -> str:
    if record.failed_by is monitor:
        return "TRIGGERED"
    if not is_used:
        return "DISABLED"
    return "MONITORING" if record.moves_forward else "MONITORING_COMPLETE"


def _rollback_view(world: World, record: DaemonDeployment) -> dict[str, object] | None:
    if record.rollback is None:
        return None
    revision = world.daemon_revisions.get(record.rollback.revision)
    names = () if revision is None else revision.capacity_providers
    return {
        "reason": record.rollback.reason,
        "started_at": record.rollback.started_at,
        "rollback_target_daemon_revision_arn": record.rollback.revision,
        "rollback_capacity_providers": [provider_arn(scope_of(record.cluster), name) for name in names],
    }
