"""A service's pools of tasks, and for each of them the decision which tasks stop and which start.

A pool is the tasks that share one weight of the service's traffic. Each is decided as if it were a separate service.

Promise: a pool in the service's traffic shares, even with weight 0, has desiredCount tasks; a pool that is not in them
has none, but a removed pool keeps its tasks until all callers' proxies have acknowledged the removal. While a
deployment is held, the deployment before it has the tasks and replaces its own failed ones.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, Service
from moyai.domain.ecs.task import Task
from moyai.kernel.ids import DeploymentId, Pool
from moyai.plan.service import daemons
from moyai.plan.service.replicas import Launches, PlanningContext, launch_replicas
from moyai.plan.service.rollout_counts import RolloutCounts, TaskBounds, task_bounds
from moyai.plan.service.task_selection import tasks_to_stop
from moyai.plan.service.zone_rebalancing import count_while_rebalancing


class PoolDecision(msgspec.Struct, frozen=True):
    """Which tasks of one pool stop, and which start. ``counts.service`` has the pool's deployments and, as
    desiredCount, the number of tasks that the pool is to have.
    """

    counts: RolloutCounts
    bounds: TaskBounds
    stops: tuple[Task, ...]
    launches: Launches

    @property
    def has_moves(self) -> bool:
        """Whether any task starts or stops."""
        return bool(self.stops or self.launches.tasks)

    @property
    def staying_tasks(self) -> tuple[Task, ...]:
        """The pool's tasks that have the desired status RUNNING after this decision."""
        stopping = {t.arn for t in self.stops}
        return (*(t for t in self.counts.alive if t.arn not in stopping), *self.launches.tasks)


def decide_pools(context: PlanningContext, pools: Iterable[RolloutCounts]) -> tuple[PoolDecision, ...]:
    """A decision for each pool; later pools take into account what earlier ones start."""
    decisions: list[PoolDecision] = []
    for counts in pools:
        batch = tuple(t for decision in decisions for t in decision.launches.tasks)
        decisions.append(_decide(context._replace(batch=batch), counts, task_bounds(counts.service)))
    return tuple(decisions)


def split_by_pool(
    counts: RolloutCounts, *, is_acked: bool, held_deployment: DeploymentId | None = None
) -> tuple[RolloutCounts, ...]:
    """The service's tasks by pool. In each pool, the first deployment is the one that all its tasks are to belong to.

    ``is_acked``: all callers' proxies have acknowledged the service's traffic weights. ``held_deployment``: a
    deployment that may not start tasks.
    """
    pools = dict.fromkeys(d.pool for d in counts.service.deployments)
    return tuple(_counts_of_pool(counts, pool, held_deployment, is_acked=is_acked) for pool in pools)


def has_one_pool(service: Service) -> bool:
    """Whether all deployments share one pool, so that callers need no new configuration."""
    return len({d.pool for d in service.deployments}) == 1


def _decide(context: PlanningContext, counts: RolloutCounts, bounds: TaskBounds) -> PoolDecision:
    if counts.service.is_daemon:
        stops = daemons.daemons_to_stop(context.world, counts, bounds)
        return PoolDecision(counts, bounds, stops, daemons.launch_daemons(context, counts, bounds, stops))
    stops = tasks_to_stop(counts, bounds)
    return PoolDecision(counts, bounds, stops, launch_replicas(context, counts, bounds, stops))


def _counts_of_pool(
    counts: RolloutCounts, pool: Pool, held_deployment: DeploymentId | None, *, is_acked: bool
) -> RolloutCounts:
    service = replace(counts.service, deployments=_ranked_deployments(counts.service, pool, held_deployment))
    own = counts.part(service, lambda task: task.pool == pool)
    is_held = own.service.primary.id == held_deployment
    desired = 0 if is_held else _desired_count(own, pool, is_acked=is_acked)
    return replace(own, service=replace(own.service, desired_count=desired))


def _desired_count(counts: RolloutCounts, pool: Pool, *, is_acked: bool) -> int:
    service = counts.service
    before_traffic = service.current_deployment is None and not service.traffic.shares
    if before_traffic or pool in service.traffic.pools:
        return count_while_rebalancing(service)
    return 0 if is_acked else min(service.desired_count, len(counts.alive))


def _ranked_deployments(service: Service, pool: Pool, held_deployment: DeploymentId | None) -> tuple[Deployment, ...]:
    """The pool's deployments: PRIMARY first, then the one that completed, then the others in their order. The held one
    is last and halted, so that it does not replace tasks of the others either.
    """

    def rank(deployment: Deployment) -> tuple[bool, bool, bool]:
        return (
            deployment.id == held_deployment,
            deployment.id != service.primary.id,
            deployment.id != service.last_completed,
        )

    ranked = sorted((d for d in service.deployments if d.pool == pool), key=rank)
    return tuple(replace(d, halted=True) if d.id == held_deployment else d for d in ranked)
