"""Which tasks a service stops.

Promise: never so many healthy ones that fewer than the floor remain. What doesn't serve goes first:
tasks that are not RUNNING yet, then those without a verdict, then healthy ones, each time from the
zone that has most, and there from the container instance that has most, the youngest first. A protected task goes for
its health alone.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html and
task-scale-in-protection.html there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from moyai.domain.ecs.task import Task, TaskStatus
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskArn
from moyai.plan.rollout import Bounds, Roll, not_of, of


def to_stop(roll: Roll, limits: Bounds) -> tuple[Task, ...]:
    """All that may and should be told to stop now."""
    if roll.service.primary.halted:
        return (*_beyond(roll), *_replaced(roll, limits))
    old = _old(roll, limits)
    return (*old, *_surplus(roll, limits, old), *_replaced(roll, limits))


def held_back(roll: Roll) -> int:
    """How many tasks stay, beyond what the service wants, because they are protected."""
    kept = [t for t in (*roll.coming, *roll.healthy) if t.arn in roll.protected]
    primary = roll.service.primary
    current = len(of(primary, roll.coming)) + len(of(primary, roll.healthy))
    surplus = max(0, current - roll.service.desired_count)
    return len(not_of(primary, kept)) + min(surplus, len(of(primary, kept)))


def _old(roll: Roll, limits: Bounds) -> tuple[Task, ...]:
    """Tasks of former deployments, and of instances that are drained, that can be done without."""
    primary = roll.service.primary
    spare = max(0, len(roll.healthy) - limits.floor)
    enough = len(roll.healthy) >= limits.floor
    healthy = _crowded_first(roll, _free(roll, _leaving(roll, roll.healthy)), roll.alive)[:spare]
    leavers = _free(roll, _leaving(roll, roll.coming))
    coming = [t for t in leavers if enough or (_starting(t) and not primary.failed_tasks)]
    return (*_leaving(roll, roll.unhealthy), *coming, *healthy)


def _beyond(roll: Roll) -> tuple[Task, ...]:
    """Beside a deployment that has failed, the former ones go on: of what there is above desiredCount, its own goes
    first.
    """
    primary, desired = roll.service.primary, roll.service.desired_count
    spare = max(0, len(roll.healthy) - desired)
    excess = max(0, len(roll.coming) + len(roll.healthy) - desired)
    starting, serving = _free(roll, roll.coming), _free(roll, roll.healthy)
    coming = (*of(primary, starting), *not_of(primary, starting))[:excess]
    own = _crowded_first(roll, of(primary, serving), roll.alive)
    former = _crowded_first(roll, not_of(primary, serving), roll.alive)
    return (*not_of(primary, roll.unhealthy), *coming, *(*own, *former)[:spare])


def _surplus(roll: Roll, limits: Bounds, already: Sequence[Task]) -> tuple[Task, ...]:
    """What the newest deployment has above desiredCount."""
    coming, healthy = _kept(roll, roll.coming), _kept(roll, roll.healthy)
    excess = max(0, len(coming) + len(healthy) - roll.service.desired_count)
    if not excess:
        return ()
    stopped_healthy = sum(t in roll.healthy for t in already)
    spare = max(0, len(roll.healthy) - stopped_healthy - limits.floor)
    waiting = [t for t in _free(roll, coming) if _starting(t)]
    unjudged = [t for t in _free(roll, coming) if not _starting(t)]
    ranked: list[Task] = []
    for group, most in ((waiting, excess), (unjudged, excess), (_free(roll, healthy), spare)):
        staying = [t for t in roll.alive if t not in ranked]
        ranked += _crowded_first(roll, group, staying)[:most]
    return tuple(ranked[:excess])


def _replaced(roll: Roll, limits: Bounds) -> tuple[Task, ...]:
    """Unhealthy tasks of the newest deployment: once others are healthy in their place, or, where the
    ceiling lets none be started before, one at a time.
    """
    unhealthy = _kept(roll, roll.unhealthy)
    if len(roll.healthy) >= roll.service.desired_count:
        return tuple(unhealthy)
    blocked = len(roll.alive) >= limits.ceiling and not roll.leaving and not roll.coming
    return tuple(unhealthy[:1]) if blocked else ()


def _free(roll: Roll, tasks: Iterable[Task]) -> list[Task]:
    """Those that are not protected."""
    return [t for t in tasks if t.arn not in roll.protected]


def _starting(task: Task) -> bool:
    return task.last_status is not TaskStatus.RUNNING


def _kept(roll: Roll, tasks: Iterable[Task]) -> list[Task]:
    return [t for t in tasks if roll.keeps(t)]


def _leaving(roll: Roll, tasks: Iterable[Task]) -> list[Task]:
    return [t for t in tasks if not roll.keeps(t)]


def _crowded_first(roll: Roll, candidates: Iterable[Task], present: Sequence[Task]) -> list[Task]:
    """Candidates in the order in which stopping them keeps even what the service is spread over."""
    crowds = Counter(place for t in present for place in _places(roll, t))
    left = sorted(candidates, key=lambda t: (t.created_at, t.arn))

    def rank(task: Task) -> tuple[list[int], Instant, TaskArn]:
        standing = roll.standings.get(task.arn)
        *spread, zone, instance = (crowds[place] for place in _places(roll, task))
        return [*spread, 0 if standing is None else standing.left, zone, instance], task.created_at, task.arn

    order = []
    while left:
        fullest = max(left, key=rank)
        crowds.subtract(_places(roll, fullest))
        left.remove(fullest)
        order.append(fullest)
    return order


def _places(roll: Roll, task: Task) -> list[tuple[int, str]]:
    """Everything that the task stands at, each thing under its number: spread fields, its zone, its instance."""
    standing = roll.standings.get(task.arn)
    spread, instance = ((), "") if standing is None else (standing.spread, standing.instance)
    return list(enumerate((*spread, task.availability_zone, instance)))
