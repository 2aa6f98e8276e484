"""How far a service's deployments are: their counts, who leaves the list, when all is steady.

Promise: a former deployment leaves the list when its last task has been drained and callers know its pool no more;
the newest one is COMPLETED when it has desiredCount healthy tasks, nothing else is left, and its service deployment
has nothing to do first; a steady state is told once it is reached and every six hours while it lasts.
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
from moyai.plan.rollout import Roll, of
from moyai.plan.turn import Turn

_PERCENT = 100


class Progress(NamedTuple):
    """The service after its turns, and whether its newest deployment has all that it is to have."""

    service: Service
    arrived: bool
    resting: bool


def counted(roll: Roll, made: Sequence[Turn], early: EarlySuccess | None) -> Progress:
    """Where these turns bring the service. ``early``: with how much its deployment is content."""
    service = roll.service
    present = [*roll.alive, *roll.leaving, *(t for turn in made for t in turn.launched.tasks)]
    counts = {d: count for turn in made for d, count in _counts(turn).items()}
    heads = {turn.roll.service.primary.id for turn in made if turn.roll.service.primary.pool in service.traffic.pools}
    deployments = tuple(
        replace(d, desired_count=counts[d.id])
        for d in service.deployments
        if d.id in {service.primary.id} | heads or of(d, present)
    )
    following = replace(service, deployments=deployments)
    still = len(deployments) == 1 and not roll.leaving and not any(turn.moves for turn in made)
    resting = still and len(roll.healthy) == len(roll.alive) == service.desired_count
    return Progress(following, resting or _is_enough(roll, following, early), resting)


def advance(progress: Progress, now: Instant, *, may_complete: bool) -> tuple[Service, list[str]]:
    """The service with what is reached, and what there is to say about that."""
    service, arrived, resting = progress
    if may_complete and resting:
        return _steady(service, now)
    following = replace(service, steady_at=None)
    if not (may_complete and arrived and service.primary.rollout_state is RolloutState.IN_PROGRESS):
        return following, []
    done = _completed(service.primary, now)
    return replace(following, deployments=(done, *service.deployments[1:])), [events.completed(done.id)]


def _is_enough(roll: Roll, service: Service, criteria: EarlySuccess | None) -> bool:
    """A rolling deployment is successful before all is done, where that was asked for."""
    if criteria is None or not criteria.enable:
        return False
    healthy = len(of(service.primary, roll.healthy))
    enough = healthy * _PERCENT >= service.desired_count * (criteria.healthy_percent or 0)
    left = len(service.deployments) > 1
    return enough and not (left and criteria.source_service_revision_cleanup is Cleanup.BLOCKING)


def steady_again(service: Service) -> Instant | None:
    """When the steady state is to be told again."""
    return None if service.steady_at is None else later(service.steady_at, events.REPEAT_AFTER)


def _counts(turn: Turn) -> dict[str, int]:
    """How many tasks each deployment of the pool is meant to have by now; the newest one's rises as the ceiling lets
    it.
    """
    inside, staying = turn.roll.service, turn.staying
    good = [t for t in of(inside.primary, staying) if t not in turn.roll.unhealthy]
    newest = min(inside.desired_count, len(good) + max(0, turn.launched.room))
    return {**{d.id: len(of(d, staying)) for d in inside.deployments}, inside.primary.id: newest}


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
