"""Moving a service's tasks between zones while it is at rest.

Promise: one task at a time, started in the emptiest zone before another is stopped in the fullest; only where nothing
else is going on, within maximumPercent, and never past a protected task. A zone that can't take the task is left in
peace for RETRY seconds.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstanceStatus
from moyai.domain.ecs.rebalancing import ENABLED, Rebalancing, RebalancingStage
from moyai.domain.ecs.service import RolloutState, Service
from moyai.domain.ecs.task import Task
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import all_in_vpc, default_vpc_of, find_in_scope
from moyai.domain.vpc.subnet import Subnet
from moyai.domain.world import World
from moyai.kernel.clock import Instant, later
from moyai.plan.launch import FARGATE
from moyai.plan.rollout import Roll, bounds

RETRY = 300.0
"""Seconds; AWS publishes no number."""

STOPPED = "stopped AZ Rebalancing."


def rebalance(world: World, roll: Roll, now: Instant) -> tuple[Service, list[str]]:
    """The service with its next stage, and what there is to say about it."""
    service, move = roll.service, roll.service.rebalancing
    if move is None:
        return _begun(world, roll)
    match move.stage:
        case RebalancingStage.WAITING:
            return (service if now < move.until else replace(service, rebalancing=None)), []
        case RebalancingStage.STARTING if not _at_rest(roll):
            return replace(service, rebalancing=None), [STOPPED]
        case RebalancingStage.STARTING if len(roll.healthy) > service.desired_count:
            return _placed(roll, move, now)
        case RebalancingStage.STOPPING if len(roll.alive) <= service.desired_count:
            return _ended(world, roll)
        case _:
            return service, []


def wanted(service: Service) -> int:
    """How many tasks the service is to have in this stage."""
    move = service.rebalancing
    return service.desired_count + (move is not None and move.stage is RebalancingStage.STARTING)


def wakes_at(service: Service) -> Instant | None:
    """When to ask again though nothing happened."""
    move = service.rebalancing
    return move.until if move is not None and move.stage is RebalancingStage.WAITING else None


def stops_for_it(service: Service) -> bool:
    """Whether what is stopped now is stopped for the zones' sake."""
    return service.rebalancing is not None and service.rebalancing.stage is RebalancingStage.STOPPING


def starts_for_it(service: Service) -> bool:
    """Whether what is started now is started for the zones' sake."""
    return service.rebalancing is not None and service.rebalancing.stage is RebalancingStage.STARTING


def _begun(world: World, roll: Roll) -> tuple[Service, list[str]]:
    service = roll.service
    idle = len(roll.healthy) == len(roll.alive) == service.desired_count and not roll.leaving
    room = bounds(service).ceiling > service.desired_count
    if service.availability_zone_rebalancing != ENABLED or not (idle and room and _at_rest(roll)):
        return service, []
    crowd = _crowd(roll.healthy, _zones(world, service))
    if not crowd or _is_even(crowd):
        return service, []
    zone = min(crowd, key=lambda name: (crowd[name], name))
    move = Rebalancing(RebalancingStage.STARTING, zone, crowd[zone])
    text = f"is not AZ balanced with {_listed(crowd)}. AZ Rebalancing in progress."
    return replace(service, rebalancing=move), [text]


def _at_rest(roll: Roll) -> bool:
    service = roll.service
    alone = len(service.deployments) == 1 and service.primary.rollout_state is RolloutState.COMPLETED
    well = not roll.unhealthy and not roll.protected and not service.primary.failed_tasks
    return alone and well and service.availability_zone_rebalancing == ENABLED


def _placed(roll: Roll, move: Rebalancing, now: Instant) -> tuple[Service, list[str]]:
    """The new task runs: another one goes, or, where it found no place in its zone, the new one itself."""
    if _crowd(roll.healthy, ())[move.zone] > move.had:
        return replace(roll.service, rebalancing=replace(move, stage=RebalancingStage.STOPPING)), []
    waiting = Rebalancing(RebalancingStage.WAITING, move.zone, until=later(now, RETRY))
    return replace(roll.service, rebalancing=waiting), [f"is unable to place a task in {move.zone}.", STOPPED]


def _ended(world: World, roll: Roll) -> tuple[Service, list[str]]:
    service = replace(roll.service, rebalancing=None)
    crowd = _crowd(roll.alive, _zones(world, service))
    return service, [f"is AZ balanced with {_listed(crowd)}."] if _is_even(crowd) else []


def _zones(world: World, service: Service) -> set[str]:
    """The zones in which the service's tasks can be."""
    if service.launch_type == FARGATE:
        return _zones_of_subnets(world, service)
    known = world.container_instances.by("cluster", service.cluster)
    active = (i for i in known if i.status is ContainerInstanceStatus.ACTIVE and i.launch_type == service.launch_type)
    zones = {instance.availability_zone for instance in active}
    own = service.primary.network_configuration is not None
    return zones & _zones_of_subnets(world, service) if own else zones


def _zones_of_subnets(world: World, service: Service) -> set[str]:
    scope, network = scope_of(service.arn), service.primary.network_configuration
    if network is None:
        vpc = default_vpc_of(world, scope)
        return set() if vpc is None else {subnet.zone for subnet in all_in_vpc(world, Subnet, scope, vpc.id)}
    named = (find_in_scope(world, Subnet, scope, one) for one in network.awsvpc_configuration.subnets)
    return {subnet.zone for subnet in named if subnet is not None}


def _crowd(tasks: Iterable[Task], zones: Iterable[str]) -> Counter[str]:
    crowd = Counter(dict.fromkeys(zones, 0))
    crowd.update(task.availability_zone for task in tasks)
    return crowd


def _is_even(crowd: Mapping[str, int]) -> bool:
    return max(crowd.values(), default=0) - min(crowd.values(), default=0) <= 1


def _listed(crowd: Mapping[str, int]) -> str:
    return ", ".join(f"{crowd[zone]} tasks in {zone}" for zone in sorted(crowd))
