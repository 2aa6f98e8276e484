"""Which tasks of a service stop.

Promise: stopping tasks never leaves fewer healthy tasks than minimumHealthyPercent requires. Tasks stop in this order:
those that are not RUNNING yet, those whose health is not known, healthy ones. Among equals the service's placement
strategy decides, then the zone with the most tasks, the instance with the most tasks, and the youngest task stops. A
protected task stops only if it is unhealthy itself.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html and
task-scale-in-protection.html there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from moyai.domain.ecs.task import Task, TaskStatus
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskArn
from moyai.plan.service.rollout_counts import RolloutCounts, TaskBounds, tasks_of, tasks_of_others


def tasks_to_stop(counts: RolloutCounts, bounds: TaskBounds) -> tuple[Task, ...]:
    """The tasks to stop now, as many of them as may stop."""
    if counts.service.primary.halted:
        return (*_beyond_desired_count(counts), *_replaceable_unhealthy(counts, bounds))
    former = _former(counts, bounds)
    return (*former, *_surplus(counts, bounds, former), *_replaceable_unhealthy(counts, bounds))


def protected_surplus(counts: RolloutCounts) -> int:
    """How many tasks stay, beyond what the service is to have, because they are protected."""
    protected_tasks = [t for t in (*counts.starting, *counts.healthy) if t.arn in counts.protected]
    primary = counts.service.primary
    current = len(tasks_of(primary, counts.starting)) + len(tasks_of(primary, counts.healthy))
    surplus = max(0, current - counts.service.desired_count)
    return len(tasks_of_others(primary, protected_tasks)) + min(surplus, len(tasks_of(primary, protected_tasks)))


def _former(counts: RolloutCounts, bounds: TaskBounds) -> tuple[Task, ...]:
    """Tasks of former deployments, and tasks that must leave their instances, beyond those that minimumHealthyPercent
    requires.
    """
    primary = counts.service.primary
    spare = max(0, len(counts.healthy) - bounds.minimum_healthy)
    enough = len(counts.healthy) >= bounds.minimum_healthy
    leaving = _stoppable(counts, _replaceable(counts, counts.healthy))
    healthy = _fullest_place_first(counts, leaving, counts.alive)[:spare]
    unready = _stoppable(counts, _replaceable(counts, counts.starting))
    starting = [t for t in unready if enough or (_is_not_running(t) and not primary.failed_tasks)]
    return (*_replaceable(counts, counts.unhealthy), *starting, *healthy)


def _beyond_desired_count(counts: RolloutCounts) -> tuple[Task, ...]:
    """Tasks above desiredCount beside a deployment that has failed: its own before those of the former deployments,
    which continue.
    """
    primary, desired = counts.service.primary, counts.service.desired_count
    spare = max(0, len(counts.healthy) - desired)
    excess = max(0, len(counts.starting) + len(counts.healthy) - desired)
    unready, healthy = _stoppable(counts, counts.starting), _stoppable(counts, counts.healthy)
    starting = (*tasks_of(primary, unready), *tasks_of_others(primary, unready))[:excess]
    own = _fullest_place_first(counts, tasks_of(primary, healthy), counts.alive)
    former = _fullest_place_first(counts, tasks_of_others(primary, healthy), counts.alive)
    return (*tasks_of_others(primary, counts.unhealthy), *starting, *(*own, *former)[:spare])


def _surplus(counts: RolloutCounts, bounds: TaskBounds, already: Sequence[Task]) -> tuple[Task, ...]:
    """Tasks of the newest deployment above desiredCount. ``already``: the tasks that stop anyway."""
    starting, healthy = _lasting(counts, counts.starting), _lasting(counts, counts.healthy)
    excess = max(0, len(starting) + len(healthy) - counts.service.desired_count)
    if not excess:
        return ()
    stopped_healthy = sum(t in counts.healthy for t in already)
    spare = max(0, len(counts.healthy) - stopped_healthy - bounds.minimum_healthy)
    not_running = [t for t in _stoppable(counts, starting) if _is_not_running(t)]
    without_verdict = [t for t in _stoppable(counts, starting) if not _is_not_running(t)]
    ranked_tasks: list[Task] = []
    for group, most in ((not_running, excess), (without_verdict, excess), (_stoppable(counts, healthy), spare)):
        staying = [t for t in counts.alive if t not in ranked_tasks]
        ranked_tasks += _fullest_place_first(counts, group, staying)[:most]
    return tuple(ranked_tasks[:excess])


def _replaceable_unhealthy(counts: RolloutCounts, bounds: TaskBounds) -> tuple[Task, ...]:
    """Unhealthy tasks of the newest deployment: all of them once others are healthy in their place, or one at a time
    where maximumPercent allows no task to start before.
    """
    unhealthy = _lasting(counts, counts.unhealthy)
    if len(counts.healthy) >= counts.service.desired_count:
        return tuple(unhealthy)
    blocked = len(counts.alive) >= bounds.maximum and not counts.draining and not counts.starting
    return tuple(unhealthy[:1]) if blocked else ()


def _stoppable(counts: RolloutCounts, tasks: Iterable[Task]) -> list[Task]:
    return [t for t in tasks if t.arn not in counts.protected]


def _is_not_running(task: Task) -> bool:
    return task.last_status is not TaskStatus.RUNNING


def _lasting(counts: RolloutCounts, tasks: Iterable[Task]) -> list[Task]:
    return [t for t in tasks if counts.keeps(t)]


def _replaceable(counts: RolloutCounts, tasks: Iterable[Task]) -> list[Task]:
    return [t for t in tasks if not counts.keeps(t)]


def _fullest_place_first(counts: RolloutCounts, candidates: Iterable[Task], present: Sequence[Task]) -> list[Task]:
    """Candidates in the order in which stopping them keeps the service's tasks evenly spread."""
    tasks_at = Counter(place for t in present for place in _places(counts, t))
    remaining = sorted(candidates, key=lambda t: (t.created_at, t.arn))

    def rank(task: Task) -> tuple[list[int], Instant, TaskArn]:
        placement = counts.placements.get(task.arn)
        *spread, zone, instance = (tasks_at[place] for place in _places(counts, task))
        return [*spread, 0 if placement is None else placement.free, zone, instance], task.created_at, task.arn

    order = []
    while remaining:
        fullest = max(remaining, key=rank)
        tasks_at.subtract(_places(counts, fullest))
        remaining.remove(fullest)
        order.append(fullest)
    return order


def _places(counts: RolloutCounts, task: Task) -> list[tuple[int, str]]:
    """The numbered places of a task: the values of its service's spread fields, its zone, its instance."""
    placement = counts.placements.get(task.arn)
    spread, instance = ((), "") if placement is None else (placement.spread, placement.instance)
    return list(enumerate((*spread, task.availability_zone, instance)))
