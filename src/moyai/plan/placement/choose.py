"""Which container instance a new task goes to.

Promise: only one that is ACTIVE, connected and has what the task needs left; then the constraints of the task
definition, then those of the request; of those that remain, each strategy in turn keeps the best. What is left to
choose goes to the zone with the fewest of the task's own kind, then to the instance with the fewest.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.placement import (
    BINPACK,
    DISTINCT_INSTANCE,
    RANDOM,
    PlacementConstraint,
    PlacementStrategy,
)
from moyai.domain.ecs.task import Task, TaskOverride
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import World
from moyai.expressions.cluster_query.evaluate import instance_facts
from moyai.kernel.ids import CapacityProviderName, ClusterArn, ContainerInstanceArn, DeploymentId, Ids, TaskId
from moyai.plan.host_ports import bindings
from moyai.plan.placement.batch import Batch
from moyai.plan.placement.capabilities import required
from moyai.plan.placement.constraints import is_member
from moyai.plan.placement.daemons import without_reserved
from moyai.plan.placement.reasons import Reason, Refusal, Unplaced
from moyai.plan.placement.resources import Left, need_of
from moyai.plan.placement.spread import field_of

_DRAWN_DIGITS = 8
_BY_DEFAULT = (
    PlacementStrategy("spread", "attribute:ecs.availability-zone"),
    PlacementStrategy("spread", "instanceId"),
)


class Seat(msgspec.Struct, frozen=True):
    """What is asked of the instance of one task. ``peers``: the live tasks that it should stand apart from."""

    cluster: ClusterArn
    definition: TaskDefinition
    launch_type: str
    task: TaskId
    peers: tuple[Task, ...]
    view: ConnectView | None = None
    deployment: DeploymentId | None = None
    overrides: TaskOverride = TaskOverride()
    constraints: tuple[PlacementConstraint, ...] = ()
    strategy: tuple[PlacementStrategy, ...] = ()
    zones: frozenset[str] | None = None
    """Where its interface may be; None = it has none of its own."""
    provider: CapacityProviderName | None = None
    instance: ContainerInstanceArn | None = None
    """The only one that will do."""


class _Candidate(msgspec.Struct, frozen=True):
    """An instance with what is on it."""

    instance: ContainerInstance
    tasks: list[Task]
    left: Left


class _Crowd(NamedTuple):
    """How many peers each instance has: those of the task's own deployment, and all."""

    same: Counter[ContainerInstanceArn | None]
    all_of_them: Counter[ContainerInstanceArn | None]


def choose(world: World, seat: Seat, batch: Batch, ids: Ids) -> ContainerInstance:
    """The instance. ``batch``: tasks made in the same breath that the world doesn't know yet. Raises Unplaced."""
    good: list[_Candidate] = []
    refusals: list[Refusal] = []
    for instance in _asked(world, seat):
        candidate = _candidate(world, seat, instance, batch)
        reason = _lacks(candidate, seat)
        if reason is None:
            good.append(candidate)
        else:
            refusals.append(Refusal(instance.arn, reason))
    if not good:
        raise Unplaced(tuple(refusals), of_provider=seat.provider is not None)
    crowd = _crowd(seat)
    for strategy in seat.strategy:
        good = _best(world, good, strategy, crowd, ids)
    for strategy in _BY_DEFAULT:
        good = _best(world, good, strategy, crowd, ids)
    return min(good, key=lambda c: (len(c.tasks), c.instance.arn)).instance


def _asked(world: World, seat: Seat) -> list[ContainerInstance]:
    """The instances that a task like this is placed on at all; the order is always the same."""
    if seat.instance is not None:
        named = world.container_instances.get(seat.instance)
        return [] if named is None else [named]
    known = world.container_instances.by("cluster", seat.cluster)
    found = (one for one in known if one.status is ContainerInstanceStatus.ACTIVE)
    return [one for one in found if one.launch_type == seat.launch_type and seat.provider in {None, one.provider}]


def _candidate(world: World, seat: Seat, instance: ContainerInstance, batch: Batch) -> _Candidate:
    """The instance with what is left for this task: where it is the scheduler's choice, without what daemons need."""
    tasks, left = batch.at(instance)
    if seat.instance is None:
        left = without_reserved(world, instance, tasks, left)
    return _Candidate(instance, tasks, left)


def _lacks(candidate: _Candidate, seat: Seat) -> Reason | None:
    """The first thing that the instance lacks, in the order of ``Reason``."""
    instance, left = candidate.instance, candidate.left
    need = need_of(seat.definition, seat.overrides)
    named = {a.name: a.value for a in instance.attributes}
    lacking = (
        (Reason.AGENT, not instance.agent_connected),
        (Reason.LOCATION, seat.zones is not None and instance.availability_zone not in seat.zones),
        (Reason.ATTRIBUTE, not all(name in named for name in required(seat.definition))),
        (Reason.ATTRIBUTE, _other_machine(seat.definition, named.get("ecs.cpu-architecture"))),
        (Reason.CPU, need.cpu > left.cpu),
        (Reason.MEMORY, need.memory > left.memory),
        (Reason.GPU, need.gpus > len(left.gpus)),
        (Reason.PORTS, bindings(seat.definition, seat.task, left.taken, seat.view) is None),
    )
    found = next((reason for reason, lacks in lacking if lacks), None)
    return found or _violates(candidate, seat)


def _other_machine(definition: TaskDefinition, architecture: str | None) -> bool:
    platform = definition.runtime_platform
    asked = None if platform is None else platform.cpu_architecture
    return asked is not None and asked.lower() != (architecture or "").lower()


def _violates(candidate: _Candidate, seat: Seat) -> Reason | None:
    constraints = (*seat.definition.placement_constraints, *seat.constraints)
    if not constraints:
        return None
    apart = any(one.type == DISTINCT_INSTANCE for one in constraints)
    if apart and any(t.container_instance == candidate.instance.arn for t in seat.peers):
        return Reason.DISTINCT_INSTANCE
    return None if is_member(instance_facts(candidate.instance, candidate.tasks), constraints) else Reason.MEMBER_OF


def _best(
    world: World, good: list[_Candidate], strategy: PlacementStrategy, crowd: _Crowd, ids: Ids
) -> list[_Candidate]:
    """Those of the candidates that the strategy likes best."""
    if len(good) == 1:
        return good
    if strategy.type == RANDOM:
        return [good[int(ids.hex(_DRAWN_DIGITS), 16) % len(good)]]
    if strategy.type == BINPACK:
        return _least(good, lambda c: (c.left.memory if (strategy.field or "").lower() == "memory" else c.left.cpu,))
    places = {c.instance.arn: field_of(c.instance, strategy) for c in good}
    same, all_of_them = _crowds(world, crowd.same, strategy), _crowds(world, crowd.all_of_them, strategy)
    return _least(good, lambda c: (same[places[c.instance.arn]], all_of_them[places[c.instance.arn]]))


def _least(good: Iterable[_Candidate], rank: Callable[[_Candidate], tuple[int, ...]]) -> list[_Candidate]:
    ranked = [(rank(c), c) for c in good]
    least = min(value for value, _ in ranked)
    return [c for value, c in ranked if value == least]


def _crowd(seat: Seat) -> _Crowd:
    placed = [t for t in seat.peers if t.container_instance is not None]
    same = Counter(t.container_instance for t in placed if t.deployment == seat.deployment)
    return _Crowd(same, Counter(t.container_instance for t in placed))


def _crowds(world: World, peers: Counter[ContainerInstanceArn | None], strategy: PlacementStrategy) -> Counter[str]:
    """How many of the peers stand at each value of the strategy's field, wherever there is still room or not."""
    found: Counter[str] = Counter()
    for arn, count in peers.items():
        instance = world.container_instances.get(arn)
        if instance is not None:
            found[field_of(instance, strategy)] += count
    return found
