"""Whether a task is healthy, by its health checks, its load balancers' and its readiness.

Promise: a container without a health check stays UNKNOWN. A task's health is that of its essential containers with a
check: one UNHEALTHY makes the task UNHEALTHY, else one UNKNOWN makes it UNKNOWN.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.ecs.task import DesiredStatus, Task, TaskStatus
from moyai.domain.ecs.task_definition import ContainerDefinition, TaskDefinition
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant, later


def has_health_check(definition: TaskDefinition) -> bool:
    """Whether the task's health can ever be anything but UNKNOWN."""
    return any(True for _ in health_checked_containers(definition))


def health_checked_containers(definition: TaskDefinition) -> Iterable[ContainerDefinition]:
    """The essential containers with a health check."""
    return (c for c in definition.container_definitions if c.essential and c.health_check is not None)


def worst_health(healths: Iterable[Health]) -> Health:
    """UNHEALTHY before UNKNOWN before HEALTHY; UNKNOWN when there are none."""
    present = set(healths)
    for worst in (Health.UNHEALTHY, Health.UNKNOWN):
        if worst in present:
            return worst
    return Health.HEALTHY if present else Health.UNKNOWN


def is_healthy(task: Task, definition: TaskDefinition) -> bool:
    """Whether the task counts as healthy: RUNNING and not to stop, ready, HEALTHY or without any health check, and
    healthy as a target of its load balancers.
    """
    if task.last_status is not TaskStatus.RUNNING or task.desired_status is not DesiredStatus.RUNNING:
        return False
    healthy = task.health_status is Health.HEALTHY or not has_health_check(definition)
    healthy_target = task.target_health is Health.HEALTHY or not task.targets
    return healthy and healthy_target and task.ready_at is not None


def is_unhealthy(task: Task, grace: int, now: Instant) -> bool:
    """Whether the task's health check, or a load balancer's, fails and its grace period is over."""
    since = task.started_at or task.activated_at or task.created_at
    fails = Health.UNHEALTHY in {task.health_status, task.target_health}
    return fails and now >= later(since, grace)
