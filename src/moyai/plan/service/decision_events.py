"""The events of a service about the decision on one of its pools."""

from __future__ import annotations

from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.plan import events
from moyai.plan.elb.task_targets import target_failure
from moyai.plan.service.pool_decision import PoolDecision
from moyai.plan.service.task_selection import protected_surplus
from moyai.plan.service.zone_rebalancing import starts_for_balance, stops_for_balance


def decision_texts(world: World, decision: PoolDecision, now: Instant) -> list[str]:
    """The texts of the events about one decision."""
    counts, launches = decision.counts, decision.launches
    service = counts.service
    texts = [_unhealthy_text(world, task) for task in decision.stops if task in counts.unhealthy]
    if launches.tasks and starts_for_balance(service):
        texts += [events.task_started_in_zone(task) for task in launches.tasks]
    elif launches.tasks:
        texts.append(events.tasks_started(launches.tasks, min(len(launches.tasks), len(counts.unhealthy))))
    if stops_for_balance(service):
        texts += [events.task_stopped_in_zone(task) for task in decision.stops]
    else:
        texts += stop_texts(decision.stops)
    troubles = [] if launches.placement_event is None else [launches.placement_event]
    if not decision.has_moves and (surplus := protected_surplus(counts)):
        troubles.append(events.tasks_protected(service.primary.id, surplus))
    elif launches.awaited and not decision.has_moves:
        troubles.append(events.tasks_awaited(launches.awaited))
    elif _is_stuck(decision):
        troubles.append(events.STUCK)
    return texts + [text for text in troubles if events.should_report(world, service.arn, text, now)]


def _unhealthy_text(world: World, task: Task) -> str:
    failure = target_failure(world, task)
    if failure is None:
        return events.health_checks_failed(task)
    return events.target_unhealthy(task, failure.port, failure.group, failure.reason)


def stop_texts(stops: tuple[Task, ...]) -> list[str]:
    """The texts of the events about tasks that stop."""
    running = [task for task in stops if task.last_status is TaskStatus.RUNNING]
    pending = len(stops) - len(running)
    texts = [events.tasks_stopped(running)] if running else []
    return [*texts, events.pending_tasks_stopped(pending)] if pending else texts


def _is_stuck(decision: PoolDecision) -> bool:
    """Whether the bounds allow no move: no task may start or stop, and none is starting or draining."""
    counts, launches = decision.counts, decision.launches
    idle = not (decision.has_moves or counts.starting or counts.draining)
    return idle and launches.missing > 0 and launches.free_count == 0
