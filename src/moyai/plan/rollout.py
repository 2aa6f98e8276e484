"""The arithmetic of a rolling deployment, and how a task counts in it.

Promise: at least ceil(desired times minimumHealthyPercent) tasks stay healthy through anything the
scheduler does, and never more than floor(desired times maximumPercent) are there that are not stopping.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from moyai.domain.ecs.service import Deployment, Service
from moyai.domain.ecs.task import DesiredStatus, Task, TaskStatus
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import TaskArn
from moyai.plan.placement.scale_in import Standing, standings
from moyai.plan.sight import has_health_check

_PERCENT = 100
AFTER_DRAIN = frozenset({TaskStatus.STOPPING, TaskStatus.DEPROVISIONING, TaskStatus.STOPPED})
"""States of a task that serves nobody any more."""


class Bounds(msgspec.Struct, frozen=True):
    """How few healthy tasks, and how many in all, a service may have."""

    floor: int
    ceiling: int


def bounds(service: Service) -> Bounds:
    """The bounds at the service's present desiredCount."""
    configured = service.deployment_configuration
    return Bounds(
        floor=-(-service.desired_count * configured.minimum_healthy_percent // _PERCENT),
        ceiling=service.desired_count * configured.maximum_percent // _PERCENT,
    )


def is_healthy(task: Task, definition: TaskDefinition) -> bool:
    """RUNNING, wanted so, ready, and HEALTHY or without any health check."""
    if task.last_status is not TaskStatus.RUNNING or task.desired_status is not DesiredStatus.RUNNING:
        return False
    healthy = task.health_status is Health.HEALTHY or not has_health_check(definition)
    return healthy and task.ready_at is not None


def is_unhealthy(task: Task, grace: int, now: Instant) -> bool:
    """Its health check fails, and its grace period is over."""
    since = task.started_at or task.activated_at or task.created_at
    return task.health_status is Health.UNHEALTHY and now >= later(since, grace)


class Roll(msgspec.Struct, frozen=True):
    """A service's tasks, sorted by how they count. All but ``leaving`` are wanted to be RUNNING."""

    service: Service
    healthy: tuple[Task, ...]
    unhealthy: tuple[Task, ...]
    coming: tuple[Task, ...]
    """Neither: on the way to RUNNING, or running and not yet judged."""
    leaving: tuple[Task, ...]
    """Wanted STOPPED and still draining."""
    protected: frozenset[TaskArn] = frozenset()
    """Those of them that may not be told to stop for another number or deployment."""
    standings: Mapping[TaskArn, Standing] = {}
    """Of those on container instances."""

    def keeps(self, task: Task) -> bool:
        """Whether the task is of the newest deployment, and where it can stay."""
        standing = self.standings.get(task.arn)
        return task.deployment == self.service.primary.id and not (standing is not None and standing.leaves)

    @property
    def alive(self) -> tuple[Task, ...]:
        """All that count against the ceiling."""
        return (*self.healthy, *self.unhealthy, *self.coming)


def take_stock(world: World, service: Service, now: Instant) -> Roll:
    """Sort the service's tasks that are not STOPPED."""
    healthy, unhealthy, coming, leaving = [], [], [], []
    present = world.tasks.by("service", service.arn)
    for task in present:
        if task.desired_status is DesiredStatus.STOPPED:
            if task.last_status not in AFTER_DRAIN:
                leaving.append(task)
        elif is_healthy(task, world.task_definitions[task.task_definition]):
            healthy.append(task)
        elif is_unhealthy(task, service.health_check_grace_period_seconds, now):
            unhealthy.append(task)
        else:
            coming.append(task)
    protected = frozenset(t.arn for t in (*healthy, *coming) if t.is_protected(now))
    standing = standings(world, service, present)
    return Roll(service, tuple(healthy), tuple(unhealthy), tuple(coming), tuple(leaving), protected, standing)


def of(deployment: Deployment, tasks: Iterable[Task]) -> list[Task]:
    """Those of the tasks that the deployment made."""
    return [t for t in tasks if t.deployment == deployment.id]


def not_of(deployment: Deployment, tasks: Iterable[Task]) -> list[Task]:
    """Those of the tasks that other deployments made."""
    return [t for t in tasks if t.deployment != deployment.id]
