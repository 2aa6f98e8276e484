"""The progress of a service's deployments: their counts, which of them leave the list, whether the service is steady.

Promise: a former deployment leaves the list when its last task has drained and callers no longer know its pool. The
newest one is COMPLETED when it has desiredCount healthy tasks, no other task is left, and its service deployment waits
for nothing. The service reports a steady state when it reaches it, and every six hours while it lasts.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, RolloutState, Service
from moyai.domain.ecs.strategy import Cleanup, EarlySuccess
from moyai.kernel.clock import Instant, later
from moyai.plan import events
from moyai.plan.service.pool_decision import PoolDecision
from moyai.plan.service.rollout_counts import RolloutCounts, tasks_of

_PERCENT = 100


class RolloutProgress(NamedTuple):
    """The service with the counts of its deployments. ``tasks_arrived``: the newest deployment has all tasks
    that it needs; ``steady``: no other task is left, and none starts or stops.
    """

    service: Service
    tasks_arrived: bool
    steady: bool


def measure_progress(
    counts: RolloutCounts, decisions: Sequence[PoolDecision], early: EarlySuccess | None
) -> RolloutProgress:
    """The progress after these decisions. ``early``: the newest deployment's criteria for an early success."""
    service = counts.service
    present = [*counts.alive, *counts.draining, *(t for decision in decisions for t in decision.launches.tasks)]
    count_of = {d: count for decision in decisions for d, count in _deployment_counts(decision).items()}
    firsts = (decision.counts.service.primary for decision in decisions)
    known_to_callers = {d.id for d in firsts if d.pool in service.traffic.pools}
    deployments = tuple(
        replace(d, desired_count=count_of[d.id])
        for d in service.deployments
        if d.id in {service.primary.id} | known_to_callers or tasks_of(d, present)
    )
    measured_service = replace(service, deployments=deployments)
    idle = len(deployments) == 1 and not counts.draining and not any(decision.has_moves for decision in decisions)
    steady = idle and len(counts.healthy) == len(counts.alive) == service.desired_count
    return RolloutProgress(measured_service, steady or _is_early_success(counts, measured_service, early), steady)


def apply_progress(progress: RolloutProgress, now: Instant, *, may_complete: bool) -> tuple[Service, list[str]]:
    """The service with its new rollout state, and the texts of its events."""
    service, tasks_arrived, steady = progress
    if may_complete and steady:
        return _steady(service, now)
    unsteady = replace(service, steady_at=None)
    if not (may_complete and tasks_arrived and service.primary.rollout_state is RolloutState.IN_PROGRESS):
        return unsteady, []
    primary = _complete(service.primary, now)
    return replace(unsteady, deployments=(primary, *service.deployments[1:])), [events.deployment_completed(primary.id)]


def steady_state_due_at(service: Service) -> Instant | None:
    """When the service reports its steady state again."""
    return None if service.steady_at is None else later(service.steady_at, events.REPEAT_AFTER)


def _is_early_success(counts: RolloutCounts, service: Service, criteria: EarlySuccess | None) -> bool:
    """Whether a rolling deployment has as many healthy tasks as its criteria for an early success require."""
    if criteria is None or not criteria.enable:
        return False
    healthy = len(tasks_of(service.primary, counts.healthy))
    enough = healthy * _PERCENT >= service.desired_count * (criteria.healthy_percent or 0)
    has_former = len(service.deployments) > 1
    return enough and not (has_former and criteria.source_service_revision_cleanup is Cleanup.BLOCKING)


def _deployment_counts(decision: PoolDecision) -> dict[str, int]:
    """How many tasks each deployment of the pool is to have by now. The number of the newest one rises as
    maximumPercent allows, and counts a task that starts only once another one is STOPPED.
    """
    service, staying = decision.counts.service, decision.staying_tasks
    good = [t for t in tasks_of(service.primary, staying) if t not in decision.counts.unhealthy]
    newest = min(service.desired_count, len(good) + max(0, decision.launches.free_count))
    return {**{d.id: len(tasks_of(d, staying)) for d in service.deployments}, service.primary.id: newest}


def _steady(service: Service, now: Instant) -> tuple[Service, list[str]]:
    due_at = steady_state_due_at(service)
    if service.primary.rollout_state is RolloutState.IN_PROGRESS:
        primary = _complete(service.primary, now)
        texts = [events.deployment_completed(primary.id), events.STEADY]
        return replace(service, deployments=(primary,), steady_at=now), texts
    if due_at is not None and now < due_at:
        return service, []
    return replace(service, steady_at=now), [events.STEADY]


def _complete(deployment: Deployment, now: Instant) -> Deployment:
    return replace(
        deployment,
        rollout_state=RolloutState.COMPLETED,
        rollout_state_reason=f"ECS deployment {deployment.id} completed.",
        updated_at=now,
    )
