"""How many of the container instances that are to run a daemon's revision do so, counted from its tasks.

Promise: nothing of this is stored, so a control plane that was killed counts the same. A start fails when the task
never ran, when its health check fails, or when it ends within seconds of its start; the wait before the next attempt on
the instance doubles with each failure in a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.daemon import Daemon, DaemonDeployment, DaemonRevision
from moyai.domain.ecs.task import DesiredStatus, StopCode, Task
from moyai.domain.world import World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ContainerInstanceArn
from moyai.plan.placement.managed_daemons import hosts, is_up
from moyai.plan.placement.resources import tasks_on
from moyai.plan.task.service_feedback import SHORT_LIFE, retry_wait
from moyai.plan.task.stop import FAILED_HEALTH_CHECKS

_EXTERNAL_STOP_CODES: Final = frozenset({StopCode.USER_INITIATED, StopCode.TERMINATION_NOTICE})
"""The stop codes of tasks that a user or the machine's end has stopped, not the daemon's own failure."""


class HostCoverage(msgspec.Struct, frozen=True):
    """The daemon on one instance. ``tasks``: its tasks there that are not STOPPED."""

    instance: ContainerInstance
    tasks: tuple[Task, ...]
    is_covered: bool
    """Whether a task of the wanted revision runs there."""
    is_begun: bool
    """Whether the deployment has begun to update the instance."""
    has_failed: bool
    """Whether the daemon's last task there ran and ended by itself."""
    retry_at: Instant
    """When the next task may be started there."""


class Coverage(msgspec.Struct, frozen=True):
    """The daemon on all instances that are to have it. ``misplaced``: its tasks elsewhere, except for those that stop
    last on an instance that somebody drains.
    """

    hosts: tuple[HostCoverage, ...] = ()
    misplaced: tuple[Task, ...] = ()
    failed_starts: int = 0
    """The tasks of the wanted revision that failed to start since the deployment, or its rollback, began."""

    @property
    def is_complete(self) -> bool:
        """Whether each instance has the wanted revision, and nothing else of the daemon is left anywhere."""
        return all(h.is_covered and len(h.tasks) == 1 for h in self.hosts) and not self.misplaced


def measure_coverage(
    world: World, daemon: Daemon, record: DaemonDeployment, revision: DaemonRevision | None
) -> Coverage:
    """How far ``revision`` covers the instances that are to run it; None: no instance is to run the daemon."""
    tasks = world.tasks.by("daemon", daemon.arn)
    alive = [t for t in tasks if not t.stopped]
    if revision is None:
        return Coverage(misplaced=tuple(alive))
    since = record.created_at if record.rollback is None else record.rollback.started_at
    by_instance: defaultdict[ContainerInstanceArn | None, list[Task]] = defaultdict(list)
    for task in tasks:
        by_instance[task.container_instance].append(task)
    instances = hosts(world, revision)
    places = {instance.arn for instance in instances}
    recent = [t for t in tasks if t.daemon_revision == revision.arn and t.created_at >= since]
    return Coverage(
        hosts=tuple(_host(i, by_instance[i.arn], revision, since) for i in instances),
        misplaced=tuple(t for t in alive if t.container_instance not in places and not stops_last(world, t)),
        failed_starts=sum(failed_to_start(t) for t in recent),
    )


def stops_last(world: World, task: Task) -> bool:
    """Whether the task's instance is DRAINING and still has tasks that belong to no daemon."""
    instance = world.container_instances.get(task.container_instance)
    if instance is None or instance.status is not ContainerInstanceStatus.DRAINING:
        return False
    return any(t.daemon is None for t in tasks_on(world, instance))


def failed_to_start(task: Task) -> bool:
    """Whether the task ended before it had worked."""
    if not task.stopped or task.stop_code in _EXTERNAL_STOP_CODES:
        return False
    if task.stopped_reason == FAILED_HEALTH_CHECKS:
        return True
    if task.stop_code is StopCode.SERVICE_SCHEDULER_INITIATED:
        return False
    return task.started_at is None or (task.stopping_at or task.started_at) - task.started_at < SHORT_LIFE


def _host(instance: ContainerInstance, tasks: Sequence[Task], revision: DaemonRevision, since: Instant) -> HostCoverage:
    alive = tuple(t for t in tasks if not t.stopped)
    of_revision = [t for t in tasks if t.daemon_revision == revision.arn and t.created_at >= since]
    newest = max(tasks, key=lambda t: (t.created_at, t.arn), default=None)
    return HostCoverage(
        instance=instance,
        tasks=alive,
        is_covered=any(t.daemon_revision == revision.arn and is_up(t) for t in alive),
        is_begun=bool(of_revision) or any(t.desired_status is DesiredStatus.STOPPED for t in alive),
        has_failed=newest is not None and _ended_by_itself(newest),
        retry_at=_retry_at([t for t in tasks if t.daemon_revision == revision.arn]),
    )


def _ended_by_itself(task: Task) -> bool:
    if task.started_at is None or task.desired_status is DesiredStatus.RUNNING:
        return False
    is_planned = task.stop_code is StopCode.SERVICE_SCHEDULER_INITIATED and task.stopped_reason != FAILED_HEALTH_CHECKS
    return not is_planned and task.stop_code not in _EXTERNAL_STOP_CODES


def _retry_at(tasks: Sequence[Task]) -> Instant:
    """When the next task may be started on the instance after these of the same revision."""
    failures, last = 0, Instant(0)
    for task in sorted(tasks, key=lambda t: (t.created_at, t.arn), reverse=True):
        if not failed_to_start(task):
            break
        failures += 1
        last = max(last, task.stopped_at or last)
    return later(last, retry_wait(failures)) if failures else last
