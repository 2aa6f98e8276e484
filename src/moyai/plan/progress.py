"""How far a service's deployments are: their counts, who leaves the list, when all is steady.

Promise: a former deployment leaves the list when its last task has been drained and callers know its pool no more;
the newest one is COMPLETED when it has desiredCount healthy tasks, nothing else is left, and its service deployment
has nothing to do first; a steady state is told once it is reached and every six hours while it lasts.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, RolloutState, Service
from moyai.kernel.clock import Instant, later
from moyai.plan import events
from moyai.plan.rollout import Roll, of
from moyai.plan.turn import Turn


def advance(roll: Roll, made: Sequence[Turn], now: Instant, *, may_complete: bool) -> tuple[Service, list[str]]:
    """The service after these turns, and what there is to say about its progress."""
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
    resting = len(deployments) == 1 and not roll.leaving and not any(turn.moves for turn in made)
    if not (may_complete and resting and len(roll.healthy) == len(roll.alive) == service.desired_count):
        return replace(following, steady_at=None), []
    return _steady(following, now)


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
