"""The tasks of a service with the DAEMON scheduling strategy: one on each container instance that is to have one.

Promise: never two on one instance, also not while one takes the other's place: the former one has to be STOPPED first.
What stands where it can't stay goes, whatever the bounds say of the others; on a DRAINING instance it goes last, after
the tasks of other services there. A deployment stops as many of the healthy ones as minimumHealthyPercent lets it.
An instance without room is tried again, and keeps no other one waiting; one that isn't connected is waited for.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-options.html (daemon)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.service import Deployment, Service, ServiceStatus
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.plan.launch import NoRoom, launch
from moyai.plan.placement.batch import Batch
from moyai.plan.placement.daemons import hosts
from moyai.plan.placement.reasons import Refusal, Unplaced
from moyai.plan.placement.resources import tasks_on
from moyai.plan.replicas import Launches, Moment, held, request_of
from moyai.plan.rollout import Bounds, Roll
from moyai.plan.selection import to_stop as to_stop_of


def sized(world: World, service: Service) -> Service:
    """The service with the desiredCount that its container instances make; as it is, where somebody asked for a count
    or for its end.
    """
    counts = service.is_daemon and service.status is ServiceStatus.ACTIVE
    return replace(service, desired_count=len(hosts(world, service))) if counts else service


def to_stop(world: World, roll: Roll, limits: Bounds) -> tuple[Task, ...]:
    """All that may and should be told to stop now."""
    here = _here(roll)
    away = [t for t in roll.alive if _is_away(roll, t) and t.arn not in roll.protected]
    last = {t.arn for t in roll.healthy if _goes_last(world, t)}
    found = to_stop_of(here, limits)
    known = {t.arn for t in found}
    sick = [t for t in here.unhealthy if t.arn not in known]
    return (*(t for t in away if t.arn not in last), *found, *sick)


def launches(moment: Moment, roll: Roll, limits: Bounds, stops: Sequence[Task]) -> Launches:
    """What to start, after ``stops`` are gone. ``room``: the instances that have no task that is to stay."""
    world, now, here = moment.world, moment.now, _here(roll)
    places = hosts(world, roll.service)
    primary = roll.service.primary
    stopping = {t.arn for t in stops}
    staying = [t for t in here.alive if t.arn not in stopping]
    good = [t for t in (*here.healthy, *here.coming) if t.arn not in stopping]
    missing = 0 if primary.halted else max(0, roll.service.desired_count - sum(roll.keeps(t) for t in good))
    taken = {t.container_instance for t in world.tasks.by("service", roll.service.arn) if not t.stopped}
    free = [one for one in places if one.agent_connected and one.arn not in taken]
    wanted = [primary] * len(free) if missing and now >= primary.retry_at else []
    wanted += held(here, limits, good, len(free) - len(wanted), now)
    tasks, no_room = _launched(moment, roll.service, list(zip(wanted, free, strict=False)))
    room = len(places) - len({t.container_instance for t in (*staying, *tasks)})
    return Launches(tuple(tasks), missing, 0 if primary.halted else room, no_room)


def _launched(
    moment: Moment, service: Service, wanted: Iterable[tuple[Deployment, ContainerInstance]]
) -> tuple[list[Task], str | None]:
    """The tasks that found room on their instances, and what there is to say of those that found none."""
    world, now, ids, before = moment
    tasks: list[Task] = []
    refusals: list[Refusal] = []
    batch, others = Batch(world, before), None
    for deployment, instance in wanted:
        request = replace(request_of(world, service, deployment), instance=instance.arn)
        try:
            tasks.append(launch(world, request, now, ids, batch))
            batch.add(tasks[-1])
        except Unplaced as full:
            refusals += full.refusals
        except NoRoom as full:
            others = full.event
    return tasks, Unplaced(tuple(refusals)).event if refusals else others


def _here(roll: Roll) -> Roll:
    """Without what stands where it can't stay."""
    return replace(
        roll,
        healthy=tuple(t for t in roll.healthy if not _is_away(roll, t)),
        unhealthy=tuple(t for t in roll.unhealthy if not _is_away(roll, t)),
        coming=tuple(t for t in roll.coming if not _is_away(roll, t)),
    )


def _is_away(roll: Roll, task: Task) -> bool:
    standing = roll.standings.get(task.arn)
    return standing is None or standing.leaves


def _goes_last(world: World, task: Task) -> bool:
    """Whether its instance is being drained and other services still have tasks there."""
    instance = None if task.container_instance is None else world.container_instances.get(task.container_instance)
    if instance is None or instance.status is not ContainerInstanceStatus.DRAINING:
        return False
    owners = (world.services.get(t.service) for t in tasks_on(world, instance) if t.service is not None)
    return any(owner is not None and not owner.is_daemon for owner in owners)
