"""The service scheduler: how many tasks a service has, of which deployment, and what it says about it.

Promise: desiredCount is kept, what dies is replaced, a rolling deployment stays within its bounds, and
a service that is left alone comes to rest (the plan is then empty). Everything it knows of a task is
on the task's record. Where a deployment that moves traffic is, and what it waits for, is ``strategy``'s; what to
stop is in ``selection``, the counting in ``rollout``, each pool of tasks by itself in ``pools``.
Refuses: capacity providers.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from moyai.domain.ecs.service import RolloutState, Service, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeployment
from moyai.domain.ecs.task import StopCode, Task, TaskStatus
from moyai.domain.world import Change, Observed, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import Ids, ServiceArn
from moyai.plan import events, task_sets, unseen
from moyai.plan.action import Plan, earliest, plan
from moyai.plan.daemons import sized
from moyai.plan.pools import is_simple, pools
from moyai.plan.progress import advance, counted, steady_again
from moyai.plan.rebalance import rebalance, starts_for_it, stops_for_it, wakes_at
from moyai.plan.replicas import Moment
from moyai.plan.retire import unused
from moyai.plan.rollout import Roll, take_stock
from moyai.plan.selection import held_back
from moyai.plan.stopping import FAILED_HEALTH_CHECKS, scaling_activity, stop_task, zones_rebalanced
from moyai.plan.strategy import breaker
from moyai.plan.strategy.advance import (
    REROUTE_POLL,
    arriving,
    content_with,
    due,
    held,
    may_complete,
    transition,
)
from moyai.plan.strategy.begin import superseded
from moyai.plan.strategy.case import Case, case_of, have_acknowledged
from moyai.plan.strategy.ending import completed
from moyai.plan.turn import Turn, turns

NO_ROOM_RETRY = 10.0
"""Seconds until placement is tried again where no subnet had an address."""

DELETED = "Service deployment stopped because the service was deleted."


def plan_service(world: World, observed: Observed, service_arn: ServiceArn, now: Instant, ids: Ids) -> Plan:
    """What to do next for one service. ``observed`` needs to hold its rerouting only."""
    service = world.services.get(service_arn)
    if service is None or service.status is ServiceStatus.INACTIVE:
        return Plan()
    roll = take_stock(world, sized(world, service), now)
    if service.status is ServiceStatus.DRAINING or service.is_external:
        settle = _drain if service.status is ServiceStatus.DRAINING else _task_sets
        return settle(Moment(world, now, ids), roll)
    case = case_of(world, observed, roll, now, ids)
    step = None if case is None else transition(case)
    if case is None:
        told = is_simple(service) or have_acknowledged(service, observed.reroutings.get(service_arn), now)
        return _tasks(Moment(world, now, ids), roll, None, acknowledged=told)
    if step is None:
        return _tasks(Moment(world, now, ids), roll, case, acknowledged=case.acknowledged)
    moved = replace(case, roll=replace(roll, service=step.service), record=step.record)
    if step.record.stage is None and not step.record.finished:
        return _tasks(Moment(world, now, ids), moved.roll, moved, step.texts, acknowledged=moved.acknowledged)
    said = events.announce(world, service.arn, step.texts, now, ids)
    records = ((step.service, service), (step.record, case.record))
    return plan((*(Put(after) for after, before in records if after != before), *said))


def _tasks(moment: Moment, roll: Roll, case: Case | None, told: Sequence[str] = (), *, acknowledged: bool) -> Plan:
    """Who starts and who stops, as the deployment's stage has it."""
    world, now, ids, _ = moment
    service = world.services[roll.service.arn]
    moved, balancing = rebalance(world, roll, now)
    roll = replace(roll, service=moved)
    made = turns(moment, pools(roll, acknowledged=acknowledged, held=None if case is None else held(case)))
    progress = counted(roll, made, None if case is None else content_with(case))
    case = case if case is None else arriving(case, arrived=progress.arrived)
    following, said = advance(progress, now, may_complete=case is None or may_complete(case))
    following, record = _ended(following, case, now)
    following, unheard = unseen.told(world, following)
    blind = [events.unseen(unheard.tasks, unheard.names)] if unheard.names else []
    record = None if record is None else _with_failures(record, service, made)
    texts = [*told, *balancing, *(text for turn in made for text in _texts(world, turn, now)), *blind, *said]
    return plan(
        (
            *(() if following == service else (Put(following),)),
            *(() if record is None or record == world.service_deployments.get(record.arn) else (Put(record),)),
            *(Put(t) for turn in made for t in turn.launched.tasks),
            *(Put(_stopped(roll, t, now)) for turn in made for t in turn.stops),
            *unused(world, service, following),
            *events.announce(world, service.arn, texts, now, ids),
        ),
        wake_at=earliest(
            _wake_at(made, service, now),
            steady_again(following),
            wakes_at(following),
            None if case is None else due(case),
            None if acknowledged else later(now, REROUTE_POLL),
        ),
    )


def _task_sets(moment: Moment, roll: Roll) -> Plan:
    """Who starts and who stops of each task set; no deployment of moyai's own is under way."""
    world, now, ids, _ = moment
    service = roll.service
    made = turns(moment, task_sets.rolls(roll))
    following, steady = task_sets.advance(world, service, made, now)
    said = [events.OfTaskSet(t.roll.service.primary.id, text) for t in made for text in _texts(world, t, now)]
    return plan(
        (
            *(() if following == service else (Put(following),)),
            *(Put(t) for turn in made for t in turn.launched.tasks),
            *(Put(_stopped(roll, t, now)) for turn in made for t in turn.stops),
            *unused(world, service, following),
            *events.announce(world, service.arn, [*said, *steady], now, ids),
        ),
        wake_at=_wake_at(made, service, now),
    )


def _ended(following: Service, case: Case | None, now: Instant) -> tuple[Service, ServiceDeployment | None]:
    """The service, and the record of its deployment; both at their end when the deployment is through."""
    record = None if case is None else case.record
    known = case is None and following.settled == following.primary.id
    if known or following.primary.rollout_state is not RolloutState.COMPLETED:
        return following, record
    done = replace(following, settled=following.primary.id, current_deployment=None)
    return done, None if record is None else completed(record, now)


def _with_failures(record: ServiceDeployment, service: Service, made: Sequence[Turn]) -> ServiceDeployment:
    """The record, with those of its tasks counted that are stopped because their health check fails."""
    sick = [t for turn in made for t in turn.stops if t in turn.roll.unhealthy and t.deployment == record.target]
    return breaker.counted(record, service, len(sick))


def _drain(moment: Moment, roll: Roll) -> Plan:
    """A deleted service: everything stops, then it is INACTIVE."""
    world, now, ids, _ = moment
    service = roll.service
    changes: list[Change] = [*superseded(world, service, DELETED, now)]
    changes += [Put(_stopped(roll, t, now)) for t in roll.alive]
    following = replace(service, current_deployment=None)
    if all(t.stopped for t in world.tasks.by("service", service.arn)):
        last = () if service.is_external else (replace(service.primary, desired_count=0),)
        gone = replace(following, status=ServiceStatus.INACTIVE, inactive_at=now)
        following = replace(gone, deployments=last, steady_at=None)
    changes += [] if following == service else [Put(following)]
    changes += unused(world, service, following)
    changes += events.announce(world, service.arn, _stop_texts(roll.alive), now, ids)
    return plan(changes)


def _stopped(roll: Roll, task: Task, now: Instant) -> Task:
    unhealthy = task in roll.unhealthy
    deployment = task.deployment or roll.service.primary.id
    planned = zones_rebalanced(deployment) if stops_for_it(roll.service) else scaling_activity(deployment)
    reason = FAILED_HEALTH_CHECKS if unhealthy else planned
    return stop_task(task, StopCode.SERVICE_SCHEDULER_INITIATED, reason, now)


def _texts(world: World, turn: Turn, now: Instant) -> list[str]:
    service, launched = turn.roll.service, turn.launched
    texts = [events.failed_health_checks(t) for t in turn.stops if t in turn.roll.unhealthy]
    if launched.tasks and starts_for_it(service):
        texts += [events.started_in(task) for task in launched.tasks]
    elif launched.tasks:
        texts.append(events.started(launched.tasks, min(len(launched.tasks), len(turn.roll.unhealthy))))
    if stops_for_it(service):
        texts += [events.stopped_in(task) for task in turn.stops]
    else:
        texts += _stop_texts(turn.stops)
    troubles = [] if launched.no_room is None else [launched.no_room]
    if not turn.moves and (held := held_back(turn.roll)):
        troubles.append(events.protected(service.primary.id, held))
    elif _is_stuck(turn):
        troubles.append(events.STUCK)
    return texts + [t for t in troubles if events.worth_saying(world, service.arn, t, now)]


def _stop_texts(stops: tuple[Task, ...]) -> list[str]:
    running = [t for t in stops if t.last_status is TaskStatus.RUNNING]
    pending = len(stops) - len(running)
    texts = [events.stopped(running)] if running else []
    return [*texts, events.stopped_pending(pending)] if pending else texts


def _is_stuck(turn: Turn) -> bool:
    """Rounding leaves no move: nothing may start, nothing may stop, nothing is under way."""
    still = not (turn.moves or turn.roll.coming or turn.roll.leaving)
    return still and turn.launched.missing > 0 and turn.launched.room == 0


def _wake_at(made: Sequence[Turn], service: Service, now: Instant) -> Instant | None:
    waiting = any(turn.launched.missing > len(turn.launched.tasks) for turn in made)
    due_at = [d.retry_at for d in service.deployments if waiting and d.retry_at > now]
    coming = [t for turn in made for t in turn.roll.coming]
    graces = [later(t.started_at or now, service.health_check_grace_period_seconds) for t in coming]
    full = any(turn.launched.no_room is not None for turn in made)
    protections = [t.protected_until for turn in made for t in turn.roll.alive if t.arn in turn.roll.protected]
    return earliest(*protections, *due_at, *(g for g in graces if g > now), later(now, NO_ROOM_RETRY) if full else None)
