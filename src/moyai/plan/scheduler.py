"""The service scheduler: how many tasks a service has, of which deployment, and what it says about it.

Promise: desiredCount is kept, what dies is replaced, a rolling deployment stays within its bounds, and
a service that is left alone comes to rest (the plan is then empty). Everything it knows of a task is
on the task's record; what to stop is in ``selection``, the counting in ``rollout``.
Refuses: circuit breaker, blue/green, capacity providers.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import StopCode, Task, TaskStatus
from moyai.domain.world import Change, Observed, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import Ids, ServiceArn
from moyai.plan import events
from moyai.plan.action import Plan, earliest, plan
from moyai.plan.progress import advance, steady_again
from moyai.plan.replicas import Launches, launches
from moyai.plan.retire import unused
from moyai.plan.rollout import Bounds, Roll, bounds, take_stock
from moyai.plan.selection import to_stop
from moyai.plan.stopping import FAILED_HEALTH_CHECKS, scaling_activity, stop_task

NO_ROOM_RETRY = 10.0
"""Seconds until placement is tried again where no subnet had an address."""


class _Turn(msgspec.Struct, frozen=True):
    """One decision about one service."""

    roll: Roll
    limits: Bounds
    stops: tuple[Task, ...]
    launched: Launches

    @property
    def moves(self) -> bool:
        """Whether any task is started or stopped."""
        return bool(self.stops or self.launched.tasks)


def plan_service(
    world: World,
    observed: Observed,  # noqa: ARG001 (both planners are called alike; a service's facts are on its tasks)
    service_arn: ServiceArn,
    now: Instant,
    ids: Ids,
) -> Plan:
    """What to do next for one service."""
    service = world.services.get(service_arn)
    if service is None or service.status is ServiceStatus.INACTIVE:
        return Plan()
    roll = take_stock(world, service, now)
    if service.status is ServiceStatus.DRAINING:
        return _drain(world, roll, now, ids)
    limits = bounds(service)
    stops = to_stop(roll, limits)
    turn = _Turn(roll, limits, stops, launches(world, roll, limits, stops, now, ids))
    following, said = advance(roll, stops, turn.launched, now)
    texts = [*_texts(world, turn, now), *said]
    return plan(
        (
            *(() if following == service else (Put(following),)),
            *(Put(t) for t in turn.launched.tasks),
            *(Put(_stopped(roll, t, now)) for t in stops),
            *unused(world, service, following),
            *events.announce(world, service.arn, texts, now, ids),
        ),
        wake_at=_wake_at(turn, following, now),
    )


def _drain(world: World, roll: Roll, now: Instant, ids: Ids) -> Plan:
    """A deleted service: everything stops, then it is INACTIVE."""
    service = roll.service
    changes: list[Change] = [Put(_stopped(roll, t, now)) for t in roll.alive]
    following = service
    if all(t.stopped for t in world.tasks.by("service", service.arn)):
        last = replace(service.primary, desired_count=0)
        following = replace(service, status=ServiceStatus.INACTIVE, deployments=(last,), steady_at=None)
        changes.append(Put(following))
    changes += unused(world, service, following)
    changes += events.announce(world, service.arn, _stop_texts(roll.alive), now, ids)
    return plan(changes)


def _stopped(roll: Roll, task: Task, now: Instant) -> Task:
    unhealthy = task in roll.unhealthy
    primary = roll.service.primary
    reason = FAILED_HEALTH_CHECKS if unhealthy else scaling_activity(task.deployment or primary.id)
    return stop_task(task, StopCode.SERVICE_SCHEDULER_INITIATED, reason, now)


def _texts(world: World, turn: _Turn, now: Instant) -> list[str]:
    service, launched = turn.roll.service, turn.launched
    texts = [events.failed_health_checks(t) for t in turn.stops if t in turn.roll.unhealthy]
    if launched.tasks:
        texts.append(events.started(launched.tasks, min(len(launched.tasks), len(turn.roll.unhealthy))))
    texts += _stop_texts(turn.stops)
    troubles = [] if launched.no_room is None else [events.unplaced(launched.no_room)]
    if _is_stuck(turn):
        troubles.append(events.STUCK)
    return texts + [t for t in troubles if events.worth_saying(world, service.arn, t, now)]


def _stop_texts(stops: tuple[Task, ...]) -> list[str]:
    running = [t for t in stops if t.last_status is TaskStatus.RUNNING]
    pending = len(stops) - len(running)
    texts = [events.stopped(running)] if running else []
    return [*texts, events.stopped_pending(pending)] if pending else texts


def _is_stuck(turn: _Turn) -> bool:
    """Rounding leaves no move: nothing may start, nothing may stop, nothing is under way."""
    still = not (turn.moves or turn.roll.coming or turn.roll.leaving)
    return still and turn.launched.missing > 0 and turn.launched.room == 0


def _wake_at(turn: _Turn, service: Service, now: Instant) -> Instant | None:
    waiting = turn.launched.missing > len(turn.launched.tasks)
    due = [d.retry_at for d in service.deployments if waiting and d.retry_at > now]
    graces = [later(t.started_at or now, service.health_check_grace_period_seconds) for t in turn.roll.coming]
    return earliest(
        *due,
        *(g for g in graces if g > now),
        later(now, NO_ROOM_RETRY) if turn.launched.no_room is not None else None,
        steady_again(service),
    )
