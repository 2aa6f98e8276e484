"""How far a service's deployments are: their counts, who leaves the list, when all is steady.

Promise: a former deployment leaves the list when its last task has been drained; the newest one is
COMPLETED when it has desiredCount healthy tasks and nothing else is left; a steady state is told once
it is reached and every six hours while it lasts.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, RolloutState, Service
from moyai.domain.ecs.task import Task
from moyai.kernel.clock import Instant, later
from moyai.plan import events
from moyai.plan.replicas import Launches
from moyai.plan.rollout import Roll, of


def advance(roll: Roll, stops: Sequence[Task], launched: Launches, now: Instant) -> tuple[Service, list[str]]:
    """The service after this turn, and what there is to say about its progress."""
    stopping = {t.arn for t in stops}
    alive = [t for t in roll.alive if t.arn not in stopping] + list(launched.tasks)
    service = roll.service
    primary = service.primary
    kept = [d for d in service.deployments[1:] if of(d, (*roll.alive, *roll.leaving, *launched.tasks))]
    counted = replace(primary, desired_count=_target(roll, alive, launched))
    following = replace(service, deployments=(counted, *(replace(d, desired_count=len(of(d, alive))) for d in kept)))
    resting = not stops and not launched.tasks and not kept and not roll.leaving
    if not (resting and len(roll.healthy) == len(roll.alive) == service.desired_count):
        return replace(following, steady_at=None), []
    return _steady(following, now)


def steady_again(service: Service) -> Instant | None:
    """When the steady state is to be told again."""
    return None if service.steady_at is None else later(service.steady_at, events.REPEAT_AFTER)


def _target(roll: Roll, alive: Sequence[Task], launched: Launches) -> int:
    """How many tasks the newest deployment is meant to have by now: it rises as the ceiling lets it."""
    present = [t for t in of(roll.service.primary, alive) if t not in roll.unhealthy]
    return min(roll.service.desired_count, len(present) + max(0, launched.room))


def _steady(service: Service, now: Instant) -> tuple[Service, list[str]]:
    due = steady_again(service)
    if service.primary.rollout_state is RolloutState.IN_PROGRESS:
        done = _completed(service.primary, now)
        return replace(service, deployments=(done,), steady_at=now), [events.completed(done.id), events.STEADY]
    if due is not None and now < due:
        return service, []
    return replace(service, steady_at=now), [events.STEADY]


def _completed(deployment: Deployment, now: Instant) -> Deployment:
    return replace(
        deployment,
        rollout_state=RolloutState.COMPLETED,
        rollout_state_reason=f"ECS deployment {deployment.id} completed.",
        updated_at=now,
    )
