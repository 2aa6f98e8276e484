"""Which container instance, and which capacity provider, a new task is placed on.

Promise: the instance is ACTIVE and connected, has the resources that the task needs, and satisfies the constraints of
the task definition and of the request. Of those instances, each placement strategy in turn keeps the best. Among the
remaining ones, the task goes to the zone with fewest of its peers, then to the instance with fewest.

Of a capacity provider strategy, the provider with a base gets that many tasks before any other gets one; tasks beyond
the base are shared by weight, so that no provider is ever a whole task behind its share. A provider without weight gets
no tasks beyond its base.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.placement import BINPACK, DISTINCT_INSTANCE, RANDOM, PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.task import Task, TaskOverride
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import World
from moyai.expressions.cluster_query.evaluate import instance_facts
from moyai.kernel.ids import CapacityProviderName, ClusterArn, ContainerInstanceArn, DeploymentId, Ids, TaskId
from moyai.plan.network.host_ports import port_bindings
from moyai.plan.placement.batch import PlacementBatch
from moyai.plan.placement.constraints import is_member, required_attributes
from moyai.plan.placement.daemons import without_reservations
from moyai.plan.placement.managed_daemons import awaits_critical_daemon
from moyai.plan.placement.reasons import Reason, Refusal, Unplaced
from moyai.plan.placement.resources import RemainingResources, required_resources
from moyai.plan.placement.spread import spread_value

FARGATE_PROVIDERS = frozenset({"FARGATE", "FARGATE_SPOT"})
"""The capacity providers that every account has."""

_DRAWN_DIGITS = 8
_BY_DEFAULT = (
    PlacementStrategy("spread", "attribute:ecs.availability-zone"),
    PlacementStrategy("spread", "instanceId"),
)


class InstanceRequirements(msgspec.Struct, frozen=True):
    """The requirements on the instance of one task. ``peers``: the live tasks from which it is spread."""

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
    """The zones in which the task's own interface may be; None = the task has none."""
    provider: CapacityProviderName | None = None
    instance: ContainerInstanceArn | None = None
    """The only instance that is allowed, where one was named."""


class _Candidate(msgspec.Struct, frozen=True):
    """An instance with its tasks, and with the resources that remain for this task."""

    instance: ContainerInstance
    tasks: list[Task]
    remaining: RemainingResources


class _PeerCounts(NamedTuple):
    """How many peers each instance has: of the task's own deployment, and in total."""

    of_deployment: Counter[ContainerInstanceArn | None]
    total: Counter[ContainerInstanceArn | None]


def choose_instance(
    world: World, requirements: InstanceRequirements, batch: PlacementBatch, ids: Ids
) -> ContainerInstance:
    """The instance. ``batch``: tasks of the same plan, which the world does not have yet. Raises Unplaced."""
    good: list[_Candidate] = []
    refusals: list[Refusal] = []
    for instance in _considered_instances(world, requirements):
        candidate = _candidate(world, requirements, instance, batch)
        if requirements.instance is None and awaits_critical_daemon(world, instance, candidate.tasks):
            continue
        reason = _first_lack(candidate, requirements)
        if reason is None:
            good.append(candidate)
        else:
            refusals.append(Refusal(instance.arn, reason))
    if not good:
        raise Unplaced(tuple(refusals), of_provider=requirements.provider is not None)
    peers = _count_peers(requirements)
    for strategy in requirements.strategy:
        good = _best(world, good, strategy, peers, ids)
    for strategy in _BY_DEFAULT:
        good = _best(world, good, strategy, peers, ids)
    return min(good, key=lambda c: (len(c.tasks), c.instance.arn)).instance


def choose_provider(
    strategy: Sequence[CapacityProviderStrategyItem], counts: Mapping[str, int]
) -> CapacityProviderName:
    """The provider of one more task. ``counts``: the tasks of each. At least one item of the strategy has a weight."""
    short = next((item for item in strategy if counts.get(item.capacity_provider, 0) < item.base), None)
    if short is not None:
        return CapacityProviderName(short.capacity_provider)
    beyond = {i.capacity_provider: max(0, counts.get(i.capacity_provider, 0) - i.base) for i in strategy}
    weight, tasks = sum(item.weight for item in strategy), sum(beyond.values()) + 1

    def behind(item: CapacityProviderStrategyItem) -> int:
        return item.weight * tasks - beyond[item.capacity_provider] * weight

    heavy = [item for item in strategy if item.weight > 0]
    return CapacityProviderName(max(heavy, key=behind).capacity_provider)


def _considered_instances(world: World, requirements: InstanceRequirements) -> list[ContainerInstance]:
    """The instances whose resources and attributes are compared with the requirements, in a stable order."""
    if requirements.instance is not None:
        instance = world.container_instances.get(requirements.instance)
        return [] if instance is None else [instance]
    instances = world.container_instances.by("cluster", requirements.cluster)
    active = (i for i in instances if i.status is ContainerInstanceStatus.ACTIVE)
    return [
        i for i in active if i.launch_type == requirements.launch_type and requirements.provider in {None, i.provider}
    ]


def _candidate(
    world: World, requirements: InstanceRequirements, instance: ContainerInstance, batch: PlacementBatch
) -> _Candidate:
    """The instance with its remaining resources; daemons' reservations count unless the task names the instance."""
    tasks, resources = batch.at(instance)
    if requirements.instance is None:
        resources = without_reservations(world, instance, tasks, resources)
    return _Candidate(instance, tasks, resources)


def _first_lack(candidate: _Candidate, requirements: InstanceRequirements) -> Reason | None:
    """The first requirement that the instance does not meet, in the order of ``Reason``."""
    instance, resources = candidate.instance, candidate.remaining
    need = required_resources(requirements.definition, requirements.overrides)
    attributes = {a.name: a.value for a in instance.attributes}
    lacking = (
        (Reason.AGENT, not instance.agent_connected),
        (Reason.LOCATION, requirements.zones is not None and instance.availability_zone not in requirements.zones),
        (Reason.ATTRIBUTE, not all(name in attributes for name in required_attributes(requirements.definition))),
        (Reason.ATTRIBUTE, _has_other_architecture(requirements.definition, attributes.get("ecs.cpu-architecture"))),
        (Reason.CPU, need.cpu > resources.cpu),
        (Reason.MEMORY, need.memory > resources.memory),
        (Reason.GPU, need.gpus > len(resources.gpus)),
        (
            Reason.PORTS,
            port_bindings(requirements.definition, requirements.task, resources.taken_ports, requirements.view) is None,
        ),
    )
    first = next((reason for reason, lacks in lacking if lacks), None)
    return first or _violated_constraint(candidate, requirements)


def _has_other_architecture(definition: TaskDefinition, architecture: str | None) -> bool:
    platform = definition.runtime_platform
    needed = None if platform is None else platform.cpu_architecture
    return needed is not None and needed.lower() != (architecture or "").lower()


def _violated_constraint(candidate: _Candidate, requirements: InstanceRequirements) -> Reason | None:
    constraints = (*requirements.definition.placement_constraints, *requirements.constraints)
    if not constraints:
        return None
    distinct = any(constraint.type == DISTINCT_INSTANCE for constraint in constraints)
    if distinct and any(t.container_instance == candidate.instance.arn for t in requirements.peers):
        return Reason.DISTINCT_INSTANCE
    return None if is_member(instance_facts(candidate.instance, candidate.tasks), constraints) else Reason.MEMBER_OF


def _best(
    world: World, good: list[_Candidate], strategy: PlacementStrategy, peers: _PeerCounts, ids: Ids
) -> list[_Candidate]:
    """The candidates that the strategy ranks best."""
    if len(good) == 1:
        return good
    if strategy.type == RANDOM:
        return [good[int(ids.hex(_DRAWN_DIGITS), 16) % len(good)]]
    if strategy.type == BINPACK:
        return _least(
            good, lambda c: (c.remaining.memory if (strategy.field or "").lower() == "memory" else c.remaining.cpu,)
        )
    values = {c.instance.arn: spread_value(c.instance, strategy) for c in good}
    of_deployment = _count_by_value(world, peers.of_deployment, strategy)
    total = _count_by_value(world, peers.total, strategy)
    return _least(good, lambda c: (of_deployment[values[c.instance.arn]], total[values[c.instance.arn]]))


def _least(good: Iterable[_Candidate], rank: Callable[[_Candidate], tuple[int, ...]]) -> list[_Candidate]:
    ranked = [(rank(c), c) for c in good]
    least = min(value for value, _ in ranked)
    return [c for value, c in ranked if value == least]


def _count_peers(requirements: InstanceRequirements) -> _PeerCounts:
    placed = [t for t in requirements.peers if t.container_instance is not None]
    of_deployment = Counter(t.container_instance for t in placed if t.deployment == requirements.deployment)
    return _PeerCounts(of_deployment, Counter(t.container_instance for t in placed))


def _count_by_value(
    world: World, peers: Counter[ContainerInstanceArn | None], strategy: PlacementStrategy
) -> Counter[str]:
    """How many of the peers are at each value of the strategy's field, whether or not resources are left there."""
    counts: Counter[str] = Counter()
    for arn, count in peers.items():
        instance = world.container_instances.get(arn)
        if instance is not None:
            counts[spread_value(instance, strategy)] += count
    return counts
