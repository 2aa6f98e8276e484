"""A service's pools of tasks, each as a service of its own: what is decided for one regards no other.

Promise: a pool that callers know, with or without weight, has desiredCount tasks; one that they have not heard of
yet has none; one that they are to forget keeps what it has until all have. While a deployment is held, the one before
it has the tasks, and replaces what dies of them by its like.
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, Service
from moyai.kernel.ids import DeploymentId, Pool
from moyai.plan.rebalance import wanted
from moyai.plan.rollout import Roll


def pools(roll: Roll, *, acknowledged: bool, held: DeploymentId | None = None) -> tuple[Roll, ...]:
    """The service's tasks by pool. The first deployment of each is the one that its tasks are to be of; ``held`` has
    none yet.
    """
    found = dict.fromkeys(d.pool for d in roll.service.deployments)
    return tuple(_pool(roll, pool, held, acknowledged=acknowledged) for pool in found)


def is_simple(service: Service) -> bool:
    """Whether there is one pool, which nobody has to be told of."""
    return len({d.pool for d in service.deployments}) == 1


def _pool(roll: Roll, pool: Pool, held: DeploymentId | None, *, acknowledged: bool) -> Roll:
    inside = Roll(
        service=replace(roll.service, deployments=_ranked(roll.service, pool, held)),
        healthy=tuple(t for t in roll.healthy if t.pool == pool),
        unhealthy=tuple(t for t in roll.unhealthy if t.pool == pool),
        coming=tuple(t for t in roll.coming if t.pool == pool),
        leaving=tuple(t for t in roll.leaving if t.pool == pool),
        protected=roll.protected,
        standings=roll.standings,
    )
    first = inside.service.primary.id == held
    count = 0 if first else _count(inside, pool, acknowledged=acknowledged)
    return replace(inside, service=replace(inside.service, desired_count=count))


def _count(inside: Roll, pool: Pool, *, acknowledged: bool) -> int:
    service = inside.service
    untold = service.current_deployment is None and not service.traffic.shares
    if untold or pool in service.traffic.pools:
        return wanted(service)
    return 0 if acknowledged else min(service.desired_count, len(inside.alive))


def _ranked(service: Service, pool: Pool, held: DeploymentId | None) -> tuple[Deployment, ...]:
    """PRIMARY first, then the one that came to its end, then as they are; the one that is held last, and it starts
    nothing in another's place either.
    """

    def rank(deployment: Deployment) -> tuple[bool, bool, bool]:
        return deployment.id == held, deployment.id != service.primary.id, deployment.id != service.settled

    ranked = sorted((d for d in service.deployments if d.pool == pool), key=rank)
    return tuple(replace(d, halted=True) if d.id == held else d for d in ranked)
