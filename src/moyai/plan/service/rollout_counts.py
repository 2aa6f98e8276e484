"""A service's tasks, sorted by how they count in a deployment, and the bounds on their number.

Promise: at least desired times minimumHealthyPercent, rounded up, tasks stay healthy whatever the scheduler does, and
at most desired times maximumPercent, rounded down, tasks that are not stopping exist at any time. A rolling service
with desiredCount 1 and a maximumPercent of at most 100 starts a task only once all others are STOPPED: a database with
one task never runs twice on its files.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, Service
from moyai.domain.ecs.strategy import Strategy
from moyai.domain.ecs.task import AFTER_DRAIN, DesiredStatus, Task
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskArn
from moyai.plan.placement.spread import TaskPlacement, task_placements
from moyai.plan.task.health import is_healthy, is_unhealthy

_PERCENT = 100


class TaskBounds(msgspec.Struct, frozen=True):
    """The least number of healthy tasks, and the greatest number of all tasks, that a service may have."""

    minimum_healthy: int
    maximum: int
    one_at_a_time: bool
    """Whether a task starts only once all others of the service are STOPPED."""


def task_bounds(service: Service) -> TaskBounds:
    """The bounds at the service's present desiredCount."""
    configuration = service.deployment_configuration
    is_rolling = configuration.strategy is Strategy.ROLLING and not service.is_external
    return TaskBounds(
        minimum_healthy=-(-service.desired_count * configuration.minimum_healthy_percent // _PERCENT),
        maximum=service.desired_count * configuration.maximum_percent // _PERCENT,
        one_at_a_time=is_rolling and service.desired_count == 1 and configuration.maximum_percent <= _PERCENT,
    )


class RolloutCounts(msgspec.Struct, frozen=True):
    """A service's tasks, sorted by how they count. All but ``leaving`` have the desired status RUNNING."""

    service: Service
    healthy: tuple[Task, ...]
    unhealthy: tuple[Task, ...]
    starting: tuple[Task, ...]
    """Neither healthy nor unhealthy: on the way to RUNNING, or RUNNING before the first result of its health check."""
    draining: tuple[Task, ...]
    """Tasks with the desired status STOPPED that still serve requests."""
    stopping: tuple[Task, ...]
    """Tasks with the desired status STOPPED that have no traffic and are not STOPPED yet."""
    protected: frozenset[TaskArn] = frozenset()
    """Tasks that may not be stopped because of a lower desiredCount or a new deployment."""
    placements: Mapping[TaskArn, TaskPlacement] = {}
    """The placements of the tasks on container instances."""

    def keeps(self, task: Task) -> bool:
        """Whether the task is of the newest deployment, on a container instance on which it can stay."""
        placement = self.placements.get(task.arn)
        return task.deployment == self.service.primary.id and not (placement is not None and placement.must_leave)

    @property
    def alive(self) -> tuple[Task, ...]:
        """All tasks that count against every maximum."""
        return (*self.healthy, *self.unhealthy, *self.starting)

    @property
    def leaving(self) -> tuple[Task, ...]:
        """All tasks that are to stop and are not STOPPED yet."""
        return (*self.draining, *self.stopping)

    def part(self, service: Service, belongs: Callable[[Task], bool]) -> RolloutCounts:
        """The tasks that belong to a part of the service, which is planned as if it were ``service``."""
        return replace(
            self,
            service=service,
            healthy=tuple(filter(belongs, self.healthy)),
            unhealthy=tuple(filter(belongs, self.unhealthy)),
            starting=tuple(filter(belongs, self.starting)),
            draining=tuple(filter(belongs, self.draining)),
            stopping=tuple(filter(belongs, self.stopping)),
        )


def count_tasks(world: World, service: Service, now: Instant) -> RolloutCounts:
    """Sort the service's tasks that are not STOPPED."""
    healthy, unhealthy, starting, draining, stopping = [], [], [], [], []
    tasks = world.tasks.by("service", service.arn)
    for task in tasks:
        if task.desired_status is DesiredStatus.STOPPED:
            if task.last_status not in AFTER_DRAIN:
                draining.append(task)
            elif not task.stopped:
                stopping.append(task)
        elif is_healthy(task, world.task_definitions[task.task_definition]):
            healthy.append(task)
        elif is_unhealthy(task, service.health_check_grace_period_seconds, now):
            unhealthy.append(task)
        else:
            starting.append(task)
    return RolloutCounts(
        service=service,
        healthy=tuple(healthy),
        unhealthy=tuple(unhealthy),
        starting=tuple(starting),
        draining=tuple(draining),
        stopping=tuple(stopping),
        protected=frozenset(t.arn for t in (*healthy, *starting) if t.is_protected(now)),
        placements=task_placements(world, service, tasks),
    )


def tasks_of(deployment: Deployment, tasks: Iterable[Task]) -> list[Task]:
    """The tasks that the deployment started."""
    return [t for t in tasks if t.deployment == deployment.id]


def tasks_of_others(deployment: Deployment, tasks: Iterable[Task]) -> list[Task]:
    """The tasks that other deployments started."""
    return [t for t in tasks if t.deployment != deployment.id]
