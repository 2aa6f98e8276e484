"""A task as a target of load balancers: its registration, its health there, and its deregistration.

Promise: a task of a service is registered in all of the service's target groups from when it is ready (see
``task.readiness``) until its shutdown begins. A deregistered target drains, and its record is gone as soon as no load
balancer sends to it any more and its requests have ended, at the latest after the group's deregistration delay. A
target group that was deleted is skipped. A RUNNING task that somebody else has deregistered is unhealthy.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.account_setting import DUAL_STACK_IPV6
from moyai.domain.ecs.load_balancer import TaskTarget
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.ecs.task_definition import NetworkMode
from moyai.domain.elb.attributes import DEREGISTRATION_DELAY
from moyai.domain.elb.target_group import (
    DEREGISTRATION_IN_PROGRESS,
    IPV6,
    NOT_REGISTERED,
    Target,
    TargetState,
    target_key,
)
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Change, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import TargetGroupArn, TaskArn

_WELL = frozenset({TargetState.HEALTHY, TargetState.UNUSED, TargetState.UNAVAILABLE})
"""The states in which a target does not delay its task. UNUSED: no rule uses the group; UNAVAILABLE: it checks no
health.
"""

_NO_ADDRESS = f"The task has no IPv6 address. Enable the account setting {DUAL_STACK_IPV6}"


class TargetFailure(NamedTuple):
    """A target group in which a task fails, its port there, and why."""

    group: TargetGroupArn
    port: int
    reason: str


def registered_targets(world: World, task: Task) -> tuple[Target, ...]:
    """The task's targets on record, those that drain included, whoever has registered them."""
    return tuple(target for target in _targets(world, task).values() if target is not None)


def register_targets(world: World, task: Task, now: Instant) -> tuple[Change, ...]:
    """Changes that register the task in its target groups."""
    targets = (_new_target(world, task, target, now) for target in task.targets)
    return tuple(Put(target) for target in targets if target is not None)


def deregister_targets(world: World, task: Task, now: Instant) -> tuple[Target, ...]:
    """The task's targets that drain from now on."""
    return tuple(
        replace(target, deregistered_at=now, health=DEREGISTRATION_IN_PROGRESS)
        for target in registered_targets(world, task)
        if target.deregistered_at is None
    )


def targets_drained_by(world: World, task: Task) -> Instant | None:
    """When the last of the task's targets that drain is gone at the latest; None when there is none."""
    return max(_drained_by(world, task), default=None)


def tasks_at_target(world: World, key: str) -> Iterator[TaskArn]:
    """The tasks in the target's group that are called there, whether the target with this key exists or not."""
    group, identity, _ = key.split(" ")
    instances = world.container_instances.by("ec2_instance", identity)
    tasks = (
        *world.tasks.by("own_address", identity),
        *(task for instance in instances for task in world.tasks.by("instance", instance.arn)),
    )
    return (task.arn for task in tasks if any(target.group == group for target in task.targets))


def target_health(world: World, task: Task) -> Health:
    """The health of a RUNNING task as its load balancers see it: UNHEALTHY if it fails in one of its target groups;
    HEALTHY if it does well in all that exist.
    """
    if not task.targets or task.last_status is not TaskStatus.RUNNING:
        return Health.UNKNOWN
    if target_failure(world, task) is not None:
        return Health.UNHEALTHY
    does_well = all(target.health.state in _WELL for target in registered_targets(world, task))
    return Health.HEALTHY if does_well else Health.UNKNOWN


def target_failure(world: World, task: Task) -> TargetFailure | None:
    """The first of its target groups in which the task is unhealthy, or no longer registered."""
    for group, target in _targets(world, task).items():
        health = NOT_REGISTERED if target is None else target.health
        if target is None or health.state is TargetState.UNHEALTHY:
            port = (_target_port(task, group) or 0) if target is None else target.port
            has_address = (
                task.network_mode is not NetworkMode.AWSVPC or _target_id(world, task, group.group) is not None
            )
            return TargetFailure(group.group, port, (health.description or "") if has_address else _NO_ADDRESS)
    return None


def _targets(world: World, task: Task) -> Mapping[TaskTarget, Target | None]:
    """The task's target in each of its target groups that exist; None where it is not registered."""
    return {
        target: world.targets.get(
            target_key(target.group, _target_id(world, task, target.group) or "", _target_port(task, target) or 0)
        )
        for target in task.targets
        if target.group in world.target_groups
    }


def _new_target(world: World, task: Task, target: TaskTarget, now: Instant) -> Target | None:
    group, port = world.target_groups.get(target.group), _target_port(task, target)
    identity = _target_id(world, task, target.group)
    if group is None or port is None or identity is None:
        return None
    return Target(
        group=group.arn,
        id=identity,
        port=port,
        address=identity if task.network_mode is NetworkMode.AWSVPC else task.interface.address,
        zone=task.availability_zone,
        registered_at=now,
        task=task.arn,
    )


def _target_id(world: World, task: Task, arn: TargetGroupArn) -> str | None:
    """The target id of the task in a group: its address of the group's family, or the id of its container instance;
    None without either.
    """
    if task.network_mode is NetworkMode.AWSVPC:
        group = world.target_groups.get(arn)
        is_ipv6 = group is not None and group.ip_address_type == IPV6
        return task.interface.ipv6_address if is_ipv6 else task.interface.address
    instance = world.container_instances.get(task.container_instance)
    return None if instance is None else instance.ec2_instance_id


def _target_port(task: Task, target: TaskTarget) -> int | None:
    """The port at which the task is called; behind a container instance, the instance's."""
    if task.network_mode is NetworkMode.AWSVPC:
        return target.container_port
    bindings = (b for c in task.containers if c.name == target.container_name for b in c.network_bindings)
    return next((p for b in bindings if (p := b.host_port_of(target.container_port)) is not None), None)


def _drained_by(world: World, task: Task) -> Iterator[Instant]:
    for target in registered_targets(world, task):
        group = world.target_groups.get(target.group)
        if target.deregistered_at is not None and group is not None:
            yield later(target.deregistered_at, DEREGISTRATION_DELAY.of(group))
