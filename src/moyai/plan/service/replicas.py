"""Which tasks a REPLICA service starts now.

Promise: never more than maximumPercent allows, counting the tasks that stay; in a service that has one task at a time,
never before all others are STOPPED; never before the end of the back-off of a deployment whose tasks do not start, and
never for a deployment that has failed. While a deployment fails, and after it has, the deployment before it keeps
minimumHealthyPercent by replacing its own failed tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from moyai.domain.ecs.service import Deployment, Service
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids
from moyai.plan.placement.batch import PlacementBatch
from moyai.plan.placement.reasons import Unplaced
from moyai.plan.service.rollout_counts import RolloutCounts, TaskBounds, tasks_of_others
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.plan.task.launch_interface import NoInterface


class Launches(msgspec.Struct, frozen=True):
    """New tasks. ``missing``: how many tasks the newest deployment lacks; ``free_count``: how many more maximumPercent
    allows beside the new and the staying tasks; ``awaited``: the tasks that have to be STOPPED before a missing task
    starts; ``placement_event``: the event about a task that could not be placed.
    """

    tasks: tuple[Task, ...]
    missing: int
    free_count: int
    placement_event: str | None = None
    awaited: tuple[Task, ...] = ()


class PlanningContext(NamedTuple):
    """The world, clock and ids with which a service is planned. ``batch``: tasks of the same plan, which the world does
    not have yet.
    """

    world: World
    now: Instant
    ids: Ids
    batch: tuple[Task, ...] = ()


def launch_replicas(
    context: PlanningContext, counts: RolloutCounts, bounds: TaskBounds, stops: Sequence[Task]
) -> Launches:
    """The tasks to start beside those that stay when ``stops`` are gone."""
    world, now, ids, earlier = context
    stopping = {t.arn for t in stops}
    free_count = max(0, bounds.maximum - sum(t.arn not in stopping for t in counts.alive))
    leaving = (*stops, *counts.leaving) if bounds.one_at_a_time else ()
    most = 0 if leaving else free_count
    usable = [t for t in (*counts.healthy, *counts.starting) if t.arn not in stopping]
    primary = counts.service.primary
    missing = 0 if primary.halted else max(0, counts.service.desired_count - sum(counts.keeps(t) for t in usable))
    may_start = now >= primary.retry_at
    deployments = [primary] * min(missing, most) if may_start else []
    deployments += replacements_of_former(counts, bounds, usable, most - len(deployments), now)
    tasks: list[Task] = []
    batch, placement_event = PlacementBatch(world, earlier), None
    try:
        for deployment in deployments:
            tasks.append(launch(world, launch_request(world, counts.service, deployment), now, ids, batch))
            batch.add(tasks[-1])
    except (NoInterface, Unplaced) as full:
        placement_event = full.event
    awaited = leaving if missing and free_count and may_start else ()
    return Launches(tuple(tasks), missing, 0 if primary.halted else free_count - len(tasks), placement_event, awaited)


def replacements_of_former(
    counts: RolloutCounts, bounds: TaskBounds, usable: Sequence[Task], most: int, now: Instant
) -> list[Deployment]:
    """The former deployment, once for each task that it has to replace while the newest one fails.

    ``usable``: the tasks that stay and are healthy or may become so.
    """
    newest, *others = counts.service.deployments
    former = next((d for d in others if not d.halted), None)
    if not (newest.failed_tasks or newest.halted) or former is None or now < former.retry_at:
        return []
    starting = tasks_of_others(counts.service.primary, [t for t in counts.starting if t in usable])
    present = sum(t in usable for t in counts.healthy) + len(starting)
    return [former] * max(0, min(bounds.minimum_healthy - present, most))


def launch_request(world: World, service: Service, deployment: Deployment) -> LaunchRequest:
    """The request for a new task of this deployment."""
    definition = world.task_definitions[deployment.task_definition]
    network = deployment.network_configuration
    return LaunchRequest(
        cluster=service.cluster,
        definition=definition,
        group=f"service:{service.name}",
        network=None if network is None else network.awsvpc_configuration,
        service=service.arn,
        deployment=deployment.id,
        pool=deployment.pool,
        view=deployment.view,
        service_registries=deployment.service_registries,
        targets=deployment.task_targets,
        started_by=deployment.id,
        launch_type=service.launch_type,
        enable_execute_command=service.enable_execute_command,
        providers=service.capacity_provider_strategy,
        constraints=service.placement_constraints,
        strategy=service.placement_strategy,
        tags=_tags(service, definition),
    )


def _tags(service: Service, definition: TaskDefinition) -> Mapping[str, str]:
    propagated_tags = {"SERVICE": service.tags, "TASK_DEFINITION": definition.tags}.get(service.propagate_tags, {})
    if not service.enable_ecs_managed_tags:
        return propagated_tags
    cluster = service.cluster.rpartition("/")[2]
    return {**propagated_tags, "aws:ecs:clusterName": cluster, "aws:ecs:serviceName": service.name}
