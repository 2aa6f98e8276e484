"""The task sets of a service with the EXTERNAL deployment controller.

Promise: each task set has the share of desiredCount that its scale gives, whatever the others have, and is kept at that
count like a service of its own, with its own launch type or capacity providers and the service's placement constraints
and strategies. Which task set is PRIMARY makes no difference. A deleted task set leaves the list with its last task.
moyai completes, rolls back and rebalances nothing here: the service's owner does that.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, DeploymentStatus, Service
from moyai.domain.ecs.task_set import StabilityStatus, TaskSet, computed_count
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.plan import events
from moyai.plan.service.pool_decision import PoolDecision
from moyai.plan.service.rollout_counts import RolloutCounts


def split_by_task_set(counts: RolloutCounts) -> tuple[RolloutCounts, ...]:
    """The service's tasks by task set, each with the count that its scale gives."""
    return tuple(_counts_of(counts, deployment) for deployment in counts.service.deployments)


def advance_task_sets(
    world: World, service: Service, decisions: Sequence[PoolDecision], now: Instant
) -> tuple[Service, list[events.TaskSetEvent]]:
    """The service after these decisions, and the events of task sets that have just become steady."""
    with_tasks = {t.deployment for t in world.tasks.by("service", service.arn) if not t.stopped}
    deployments: list[Deployment] = []
    steady: list[events.TaskSetEvent] = []
    for decision in decisions:
        before = decision.counts.service.primary
        if before.status is DeploymentStatus.DRAINING and before.id not in with_tasks:
            continue
        after = _with_stability(decision, now)
        deployments.append(after)
        if _is_steady(after) and not _is_steady(before):
            steady.append(events.TaskSetEvent(after.id, events.STEADY))
    return replace(service, deployments=tuple(deployments)), steady


def _counts_of(counts: RolloutCounts, deployment: Deployment) -> RolloutCounts:
    task_set = deployment.task_set or TaskSet()
    service = replace(
        counts.service,
        deployments=(deployment,),
        desired_count=computed_count(counts.service.desired_count, task_set.scale),
        launch_type=task_set.launch_type,
        capacity_provider_strategy=task_set.capacity_provider_strategy,
    )
    return counts.part(service, lambda task: task.deployment == deployment.id)


def _with_stability(decision: PoolDecision, now: Instant) -> Deployment:
    counts, deployment = decision.counts, decision.counts.service.primary
    desired_count = counts.service.desired_count
    up_to_date = all(counts.keeps(t) for t in counts.alive)
    complete = len(counts.healthy) == len(counts.alive) == desired_count
    steady = up_to_date and complete and not decision.has_moves and not counts.draining
    status = StabilityStatus.STEADY_STATE if steady else StabilityStatus.STABILIZING
    task_set = deployment.task_set or TaskSet()
    if status is not task_set.stability_status:
        task_set = replace(task_set, stability_status=status, stability_at=now)
    return replace(deployment, desired_count=desired_count, task_set=task_set)


def _is_steady(deployment: Deployment) -> bool:
    task_set = deployment.task_set
    return task_set is not None and task_set.stability_status is StabilityStatus.STEADY_STATE
