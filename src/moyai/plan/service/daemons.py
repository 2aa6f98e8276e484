"""The tasks of a service with the DAEMON scheduling strategy: one on each container instance that is to have one.

Promise: an instance never has two tasks of the service, not even while one replaces the other: the former one has to be
STOPPED first. A task that cannot stay on its instance stops, whatever the bounds of the service are; on a DRAINING
instance it stops last, after the tasks of other services there. A deployment stops as many healthy tasks as
minimumHealthyPercent allows. An instance without the needed resources is tried again and delays no other; an instance
whose agent is not connected gets its task when it connects.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-options.html (daemon)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.service import Deployment, Service, ServiceStatus
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.plan.placement.batch import PlacementBatch
from moyai.plan.placement.daemons import daemon_hosts
from moyai.plan.placement.managed_daemons import awaits_critical_daemon
from moyai.plan.placement.reasons import Refusal, Unplaced
from moyai.plan.placement.resources import tasks_on
from moyai.plan.service.replicas import Launches, PlanningContext, launch_request, replacements_of_former
from moyai.plan.service.rollout_counts import RolloutCounts, TaskBounds
from moyai.plan.service.task_selection import tasks_to_stop
from moyai.plan.task.launch import launch
from moyai.plan.task.launch_interface import NoInterface


def with_daemon_count(world: World, service: Service) -> Service:
    """An ACTIVE DAEMON service with the number of its container instances as desiredCount; any other as it is."""
    is_counted = service.is_daemon and service.status is ServiceStatus.ACTIVE
    return replace(service, desired_count=len(daemon_hosts(world, service))) if is_counted else service


def daemons_to_stop(world: World, counts: RolloutCounts, bounds: TaskBounds) -> tuple[Task, ...]:
    """All tasks that are to stop now and may stop."""
    staying_counts = _without_misplaced_tasks(counts)
    misplaced_tasks = [t for t in counts.alive if _is_misplaced(counts, t) and t.arn not in counts.protected]
    last = {t.arn for t in counts.healthy if _stops_last(world, t)}
    stops = tasks_to_stop(staying_counts, bounds)
    stopping = {t.arn for t in stops}
    unhealthy = [t for t in staying_counts.unhealthy if t.arn not in stopping]
    return (*(t for t in misplaced_tasks if t.arn not in last), *stops, *unhealthy)


def launch_daemons(
    context: PlanningContext, counts: RolloutCounts, bounds: TaskBounds, stops: Sequence[Task]
) -> Launches:
    """The tasks to start when ``stops`` are gone. ``free_count``: the instances without a task that is to stay."""
    world, now, staying_counts = context.world, context.now, _without_misplaced_tasks(counts)
    hosts = daemon_hosts(world, counts.service)
    primary = counts.service.primary
    stopping = {t.arn for t in stops}
    staying = [t for t in staying_counts.alive if t.arn not in stopping]
    usable = [t for t in (*staying_counts.healthy, *staying_counts.starting) if t.arn not in stopping]
    missing = 0 if primary.halted else max(0, counts.service.desired_count - sum(counts.keeps(t) for t in usable))
    occupied = {t.container_instance for t in world.tasks.by("service", counts.service.arn) if not t.stopped}
    connected = [host for host in hosts if host.agent_connected and host.arn not in occupied]
    free = [host for host in connected if not awaits_critical_daemon(world, host, tasks_on(world, host))]
    deployments = [primary] * len(free) if missing and now >= primary.retry_at else []
    deployments += replacements_of_former(staying_counts, bounds, usable, len(free) - len(deployments), now)
    tasks, placement_event = _launch_on(context, counts.service, list(zip(deployments, free, strict=False)))
    free_count = len(hosts) - len({t.container_instance for t in (*staying, *tasks)})
    return Launches(tuple(tasks), missing, 0 if primary.halted else free_count, placement_event)


def _launch_on(
    context: PlanningContext, service: Service, places: Iterable[tuple[Deployment, ContainerInstance]]
) -> tuple[list[Task], str | None]:
    """The tasks that fit on their instances, and the event about those that do not."""
    world, now, ids, earlier = context
    tasks: list[Task] = []
    refusals: list[Refusal] = []
    batch, no_interface = PlacementBatch(world, earlier), None
    for deployment, instance in places:
        request = replace(launch_request(world, service, deployment), instance=instance.arn)
        try:
            tasks.append(launch(world, request, now, ids, batch))
            batch.add(tasks[-1])
        except Unplaced as full:
            refusals += full.refusals
        except NoInterface as full:
            no_interface = full.event
    return tasks, Unplaced(tuple(refusals)).event if refusals else no_interface


def _without_misplaced_tasks(counts: RolloutCounts) -> RolloutCounts:
    """The counts without the tasks on instances on which they cannot stay."""
    return replace(
        counts,
        healthy=tuple(t for t in counts.healthy if not _is_misplaced(counts, t)),
        unhealthy=tuple(t for t in counts.unhealthy if not _is_misplaced(counts, t)),
        starting=tuple(t for t in counts.starting if not _is_misplaced(counts, t)),
    )


def _is_misplaced(counts: RolloutCounts, task: Task) -> bool:
    placement = counts.placements.get(task.arn)
    return placement is None or placement.must_leave


def _stops_last(world: World, task: Task) -> bool:
    """Whether the task's instance is DRAINING and still has tasks of other services."""
    instance = None if task.container_instance is None else world.container_instances.get(task.container_instance)
    if instance is None or instance.status is not ContainerInstanceStatus.DRAINING:
        return False
    owners = (world.services.get(t.service) for t in tasks_on(world, instance) if t.service is not None)
    return any(owner is not None and not owner.is_daemon for owner in owners)
