"""One task of a daemon on each container instance of its capacity providers: ``(World, daemon, now, ids) → Plan``.

Promise: an instance never has two tasks of the daemon: the former one has to be STOPPED first. While a deployment is
under way, at most ``drainPercent`` of the instances, and at least one, are without a running task because of it; those
that are not connected do not count. An instance on which a critical daemon's task ended by itself is DRAINING until the
daemon runs there again. On an instance that somebody drains, the daemon's task stops after all others.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-deployments.html
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.daemon import Daemon, DaemonDeployment, DaemonPropagateTags, DaemonRevision, DaemonStatus
from moyai.domain.ecs.task import StopCode, Task
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ContainerInstanceArn, DaemonArn, Ids
from moyai.plan.action import Plan, earliest, plan
from moyai.plan.daemon.coverage import Coverage, HostCoverage, measure_coverage, stops_last
from moyai.plan.daemon.deployment import advance_deployment, bake_ends_at
from moyai.plan.placement.managed_daemons import wanted_revision
from moyai.plan.placement.reasons import Unplaced
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.plan.task.service_feedback import retry_wait
from moyai.plan.task.stop import FAILED_HEALTH_CHECKS, stop_task

DELETED = "Daemon was deleted."
_ALL_PERCENT = 100.0


class _Launches(NamedTuple):
    """New tasks, and the reason of the first instance that lacks the resources for one."""

    tasks: tuple[Task, ...] = ()
    lack: str | None = None


def plan_daemon(world: World, arn: DaemonArn, now: Instant, ids: Ids) -> Plan:
    """The next step of one daemon."""
    daemon = world.daemons.get(arn)
    record = None if daemon is None else world.daemon_deployments.get(daemon.deployment)
    if daemon is None or record is None:
        return Plan()
    revision = wanted_revision(world, daemon)
    coverage = measure_coverage(world, daemon, record, revision)
    changed_daemon, deployment = advance_deployment(world, daemon, record, coverage, now)
    if deployment.status is not record.status:
        return plan(
            (*_change(daemon, changed_daemon), Put(deployment), *_remove_daemon(world, changed_daemon, deployment))
        )
    if revision is None:
        stops = _stops_without_revision(world, daemon, coverage, now)
        return plan((*_change(record, deployment), *stops, *_restore_instances(world, daemon, ())))
    chosen = _hosts_to_update(deployment, coverage)
    launches = _launch(world, daemon, revision, [h for h in chosen if _may_start(h, deployment, now)], now, ids)
    deployment = _with_lack(deployment, launches.lack, now)
    return plan(
        (
            *_change(daemon, changed_daemon),
            *_change(record, deployment),
            *(Put(task) for task in launches.tasks),
            *_stops(daemon, revision, coverage, chosen, now),
            *_instance_changes(world, daemon, revision, coverage),
        ),
        wake_at=_wake_at(deployment, chosen, now),
    )


def _hosts_to_update(record: DaemonDeployment, coverage: Coverage) -> list[HostCoverage]:
    """The instances without the wanted revision that are updated now: those under way, and as many more as the
    deployment allows, first those without any task of the daemon. An instance that is not connected delays no other.
    """
    lacking = [h for h in coverage.hosts if not h.is_covered]
    if record.finished:
        return lacking
    limit = max(1, int(len(coverage.hosts) * record.configuration.drain_percent / _ALL_PERCENT))
    moving = [h for h in lacking if h.is_begun]
    ready = (h for h in lacking if not h.is_begun and h.instance.agent_connected)
    waiting = sorted(ready, key=lambda h: len(h.tasks))
    moving_count = sum(h.instance.agent_connected for h in moving)
    return [*moving, *waiting[: max(0, limit - moving_count)]]


def _may_start(host: HostCoverage, record: DaemonDeployment, now: Instant) -> bool:
    free = not host.tasks and host.instance.agent_connected
    return free and now >= host.retry_at and now >= record.retry_at


def _launch(
    world: World, daemon: Daemon, revision: DaemonRevision, free: Iterable[HostCoverage], now: Instant, ids: Ids
) -> _Launches:
    tasks: list[Task] = []
    lack: str | None = None
    for host in free:
        try:
            tasks.append(launch(world, _request(world, daemon, revision, host.instance), now, ids))
        except Unplaced as full:
            identity = host.instance.arn.rpartition("/")[2]
            lack = lack or f"{full} - Unable to place daemon task on container instance {identity}."
    return _Launches(tuple(tasks), lack)


def _request(world: World, daemon: Daemon, revision: DaemonRevision, instance: ContainerInstance) -> LaunchRequest:
    return LaunchRequest(
        cluster=daemon.cluster,
        definition=world.task_definitions[revision.task_definition],
        group=f"daemon:{daemon.name}",
        daemon=daemon.arn,
        daemon_revision=revision.arn,
        providers=(CapacityProviderStrategyItem(capacity_provider=instance.provider or "", weight=1),),
        instance=instance.arn,
        enable_execute_command=revision.enable_execute_command,
        tags=_tags(daemon, revision),
    )


def _tags(daemon: Daemon, revision: DaemonRevision) -> Mapping[str, str]:
    propagated_tags = daemon.tags if revision.propagate_tags is DaemonPropagateTags.DAEMON else {}
    if not revision.enable_ecs_managed_tags:
        return propagated_tags
    return {**propagated_tags, "aws:ecs:clusterName": daemon.cluster.rpartition("/")[2]}


def _with_lack(record: DaemonDeployment, lack: str | None, now: Instant) -> DaemonDeployment:
    """The record after an attempt to place tasks. While the deployment moves forward, a lack counts as a failure."""
    if lack is None:
        return record
    count = record.failed_placements + record.moves_forward
    retry_at = later(now, retry_wait(max(1, count)))
    reason = lack if record.moves_forward else record.status_reason
    return replace(record, failed_placements=count, retry_at=retry_at, status_reason=reason)


def _stops(
    daemon: Daemon,
    revision: DaemonRevision,
    coverage: Coverage,
    chosen: Iterable[HostCoverage],
    now: Instant,
) -> Iterator[Put]:
    """Changes that stop tasks that are unhealthy, misplaced, or of a former revision on an instance updated now."""
    scheduler = StopCode.SERVICE_SCHEDULER_INITIATED
    for task in (t for host in coverage.hosts for t in host.tasks):
        if task.health_status is Health.UNHEALTHY:
            yield from _stop_change(task, stop_task(task, scheduler, FAILED_HEALTH_CHECKS, now))
    for task in (t for host in chosen for t in host.tasks if t.daemon_revision != revision.arn):
        if task.health_status is not Health.UNHEALTHY:
            yield from _stop_change(task, stop_task(task, scheduler, _replaced_by(revision), now))
    for task in coverage.misplaced:
        yield from _stop_change(task, stop_task(task, scheduler, _not_needed_by(daemon), now))


def _stops_without_revision(world: World, daemon: Daemon, coverage: Coverage, now: Instant) -> Iterator[Put]:
    """Changes that stop a deleted daemon's tasks. A failed deployment's tasks stay, except on draining instances."""
    is_deleted = daemon.status is DaemonStatus.DELETE_IN_PROGRESS
    for task in coverage.misplaced:
        if is_deleted or (_is_on_draining(world, task) and not stops_last(world, task)):
            reason = DELETED if is_deleted else _not_needed_by(daemon)
            yield from _stop_change(task, stop_task(task, StopCode.SERVICE_SCHEDULER_INITIATED, reason, now))


def _stop_change(task: Task, stopped: Task) -> Iterator[Put]:
    if stopped != task:
        yield Put(stopped)


def _replaced_by(revision: DaemonRevision) -> str:
    return f"Daemon deployment replaces the task with (daemon-revision {revision.arn.rpartition('/')[2]})"


def _not_needed_by(daemon: Daemon) -> str:
    return f"The container instance no longer belongs to (daemon {daemon.name})"


def _is_on_draining(world: World, task: Task) -> bool:
    instance = world.container_instances.get(task.container_instance)
    return instance is not None and instance.status is ContainerInstanceStatus.DRAINING


def _instance_changes(world: World, daemon: Daemon, revision: DaemonRevision, coverage: Coverage) -> Iterator[Put]:
    """Changes that drain instances on which a critical daemon failed, and restore those on which it runs again."""
    uncovered = {h.instance.arn: h for h in coverage.hosts if not h.is_covered and revision.critical}
    for host in uncovered.values():
        if host.has_failed and host.instance.status is ContainerInstanceStatus.ACTIVE:
            yield Put(
                replace(
                    host.instance,
                    status=ContainerInstanceStatus.DRAINING,
                    drained_for=daemon.arn,
                    version=host.instance.version + 1,
                )
            )
    yield from _restore_instances(world, daemon, uncovered)


def _restore_instances(world: World, daemon: Daemon, uncovered: Container[ContainerInstanceArn]) -> Iterator[Put]:
    """Changes that make instances ACTIVE again that this daemon's failure drained and that no longer lack it."""
    for instance in world.container_instances.each("cluster", daemon.cluster):
        if instance.drained_for == daemon.arn and instance.arn not in uncovered and not instance.gone:
            active = ContainerInstanceStatus.ACTIVE
            yield Put(replace(instance, status=active, drained_for=None, version=instance.version + 1))


def _remove_daemon(world: World, daemon: Daemon, record: DaemonDeployment) -> Iterator[Change]:
    """The end of a deleted daemon: its records are removed, except for the deployment that removed its tasks."""
    if daemon.status is not DaemonStatus.DELETE_IN_PROGRESS or not record.finished:
        return
    yield from _restore_instances(world, daemon, ())
    yield Delete(Daemon, daemon.arn)
    yield from (Delete(DaemonRevision, r.arn) for r in world.daemon_revisions.by("daemon", daemon.arn))
    earlier = (d for d in world.daemon_deployments.by("daemon", daemon.arn) if d.arn != record.arn)
    yield from (Delete(DaemonDeployment, d.arn) for d in earlier)


def _change(before: Daemon | DaemonDeployment, after: Daemon | DaemonDeployment) -> Iterator[Put]:
    if after != before:
        yield Put(after)


def _wake_at(record: DaemonDeployment, chosen: Iterable[HostCoverage], now: Instant) -> Instant | None:
    retries = [max(h.retry_at, record.retry_at) for h in chosen if not h.tasks and h.instance.agent_connected]
    end = None if record.finished else bake_ends_at(record)
    return earliest(*(at for at in (*retries, end) if at is not None and at > now))
