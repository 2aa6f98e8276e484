"""Availability zone rebalancing: moves a steady service's tasks between zones.

Promise: one task at a time starts in the zone with fewest before another stops in the zone with most; only while no
deployment or other change is under way, within maximumPercent, and never with protected tasks. After a zone could not
take the task, rebalancing waits for RETRY_AFTER seconds.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.placement import ENABLED, Rebalancing, RebalancingStage
from moyai.domain.ecs.service import RolloutState, Service
from moyai.domain.ecs.task import Task
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import all_in_vpc, default_vpc_of, find_in_scope
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import World
from moyai.kernel.clock import Instant, later
from moyai.plan.service.rollout_counts import RolloutCounts, task_bounds
from moyai.plan.task.launch import FARGATE

RETRY_AFTER = 300.0
"""Seconds; AWS publishes no number."""

STOPPED = "stopped AZ Rebalancing."


def advance_rebalancing(world: World, counts: RolloutCounts, now: Instant) -> tuple[Service, list[str]]:
    """The service in its next stage of rebalancing, and the texts of its events."""
    service, move = counts.service, counts.service.rebalancing
    if move is None:
        return _begin(world, counts)
    match move.stage:
        case RebalancingStage.WAITING:
            return (service if now < move.until else replace(service, rebalancing=None)), []
        case RebalancingStage.STARTING if not _is_steady(counts):
            return replace(service, rebalancing=None), [STOPPED]
        case RebalancingStage.STARTING if len(counts.healthy) > service.desired_count:
            return _stop_surplus(counts, move, now)
        case RebalancingStage.STOPPING if len(counts.alive) <= service.desired_count:
            return _end(world, counts)
        case _:
            return service, []


def count_while_rebalancing(service: Service) -> int:
    """desiredCount, and one more while a task starts in another zone."""
    move = service.rebalancing
    return service.desired_count + (move is not None and move.stage is RebalancingStage.STARTING)


def rebalancing_wake_at(service: Service) -> Instant | None:
    """When to plan again though nothing happened."""
    move = service.rebalancing
    return move.until if move is not None and move.stage is RebalancingStage.WAITING else None


def stops_for_balance(service: Service) -> bool:
    """Whether tasks that stop now stop because their zone has too many."""
    return service.rebalancing is not None and service.rebalancing.stage is RebalancingStage.STOPPING


def starts_for_balance(service: Service) -> bool:
    """Whether tasks that start now start because their zone has too few."""
    return service.rebalancing is not None and service.rebalancing.stage is RebalancingStage.STARTING


def _begin(world: World, counts: RolloutCounts) -> tuple[Service, list[str]]:
    service = counts.service
    idle = len(counts.healthy) == len(counts.alive) == service.desired_count and not counts.draining
    may_add = task_bounds(service).maximum > service.desired_count
    if service.availability_zone_rebalancing != ENABLED or not (idle and may_add and _is_steady(counts)):
        return service, []
    by_zone = _count_by_zone(counts.healthy, _zones(world, service))
    if not by_zone or _is_even(by_zone):
        return service, []
    zone = min(by_zone, key=lambda name: (by_zone[name], name))
    move = Rebalancing(RebalancingStage.STARTING, zone, by_zone[zone])
    text = f"is not AZ balanced with {_zone_list(by_zone)}. AZ Rebalancing in progress."
    return replace(service, rebalancing=move), [text]


def _is_steady(counts: RolloutCounts) -> bool:
    service = counts.service
    completed = len(service.deployments) == 1 and service.primary.rollout_state is RolloutState.COMPLETED
    trouble_free = not counts.unhealthy and not counts.protected and not service.primary.failed_tasks
    return completed and trouble_free and service.availability_zone_rebalancing == ENABLED


def _stop_surplus(counts: RolloutCounts, move: Rebalancing, now: Instant) -> tuple[Service, list[str]]:
    """The stage after the start of the additional task: another task stops, or, where the additional one runs in
    another zone than it should, rebalancing waits and the surplus goes.
    """
    if _count_by_zone(counts.healthy, ())[move.zone] > move.had:
        return replace(counts.service, rebalancing=replace(move, stage=RebalancingStage.STOPPING)), []
    waiting = Rebalancing(RebalancingStage.WAITING, move.zone, until=later(now, RETRY_AFTER))
    return replace(counts.service, rebalancing=waiting), [f"is unable to place a task in {move.zone}.", STOPPED]


def _end(world: World, counts: RolloutCounts) -> tuple[Service, list[str]]:
    service = replace(counts.service, rebalancing=None)
    by_zone = _count_by_zone(counts.alive, _zones(world, service))
    return service, [f"is AZ balanced with {_zone_list(by_zone)}."] if _is_even(by_zone) else []


def _zones(world: World, service: Service) -> set[str]:
    """The zones in which the service's tasks can be."""
    if service.launch_type == FARGATE:
        return _zones_of_subnets(world, service)
    instances = world.container_instances.by("cluster", service.cluster)
    active = (
        i for i in instances if i.status is ContainerInstanceStatus.ACTIVE and i.launch_type == service.launch_type
    )
    zones = {instance.availability_zone for instance in active}
    in_subnets = service.primary.network_configuration is not None
    return zones & _zones_of_subnets(world, service) if in_subnets else zones


def _zones_of_subnets(world: World, service: Service) -> set[str]:
    scope, network = scope_of(service.arn), service.primary.network_configuration
    if network is None:
        vpc = default_vpc_of(world, scope)
        return set() if vpc is None else {subnet.zone for subnet in all_in_vpc(world, Subnet, scope, vpc.id)}
    subnets = (find_in_scope(world, Subnet, scope, identity) for identity in network.awsvpc_configuration.subnets)
    return {subnet.zone for subnet in subnets if subnet is not None}


def _count_by_zone(tasks: Iterable[Task], zones: Iterable[str]) -> Counter[str]:
    by_zone = Counter(dict.fromkeys(zones, 0))
    by_zone.update(task.availability_zone for task in tasks)
    return by_zone


def _is_even(by_zone: Mapping[str, int]) -> bool:
    return max(by_zone.values(), default=0) - min(by_zone.values(), default=0) <= 1


def _zone_list(by_zone: Mapping[str, int]) -> str:
    return ", ".join(f"{by_zone[zone]} tasks in {zone}" for zone in sorted(by_zone))
