"""The container instances of managed daemons, and their effect on the placement of other tasks.

Promise: an instance of a critical daemon's capacity providers gets no other task before the daemon runs there. The
resources that a daemon will need on an instance are reserved for it.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.daemon import Daemon, DaemonRevision, DaemonStatus
from moyai.domain.ecs.task import DesiredStatus, Task, TaskOverride, TaskStatus
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World
from moyai.plan.placement.resources import RequiredResources, required_resources


def wanted_revision(world: World, daemon: Daemon) -> DaemonRevision | None:
    """The revision that the daemon's instances are to run now; None while they are to run none."""
    deployment = world.daemon_deployments.get(daemon.deployment)
    if daemon.status is not DaemonStatus.ACTIVE or deployment is None:
        return None
    return world.daemon_revisions.get(deployment.revision)


def hosts(world: World, revision: DaemonRevision) -> list[ContainerInstance]:
    """The instances that are to have a task of the revision, in a stable order."""
    instances = world.container_instances.by("cluster", revision.cluster)
    return [i for i in instances if is_host(revision, i)]


def is_host(revision: DaemonRevision, instance: ContainerInstance) -> bool:
    """Whether the instance is to have a task of the revision, also if it drains because a daemon failed there."""
    in_use = instance.status is ContainerInstanceStatus.ACTIVE or (
        instance.status is ContainerInstanceStatus.DRAINING and instance.drained_for is not None
    )
    return in_use and instance.provider in revision.capacity_providers


def is_up(task: Task) -> bool:
    """Whether a daemon's task runs, is to run, and has been ready."""
    is_running = task.last_status is TaskStatus.RUNNING and task.desired_status is DesiredStatus.RUNNING
    return is_running and task.ready_at is not None and task.health_status is not Health.UNHEALTHY


def awaits_critical_daemon(world: World, instance: ContainerInstance, tasks: Iterable[Task]) -> bool:
    """Whether the instance lacks a running task of a critical daemon. ``tasks``: those on it."""
    present = {t.daemon for t in tasks if t.daemon is not None and is_up(t)}
    return any(revision.critical and revision.daemon not in present for revision in _revisions_for(world, instance))


def reserved_resources(world: World, instance: ContainerInstance, tasks: Sequence[Task]) -> Iterator[RequiredResources]:
    """The resources that daemons without a task on the instance will need there."""
    present = {t.daemon for t in tasks}
    for revision in _revisions_for(world, instance):
        if revision.daemon not in present:
            yield required_resources(world.task_definitions[revision.task_definition], TaskOverride())


def _revisions_for(world: World, instance: ContainerInstance) -> Iterator[DaemonRevision]:
    """The revision that each daemon is to run on the instance."""
    for daemon in world.daemons.each("cluster", instance.cluster):
        revision = wanted_revision(world, daemon)
        if revision is not None and is_host(revision, instance):
            yield revision
