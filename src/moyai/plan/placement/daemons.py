"""Where the tasks of DAEMON services go, and what is kept for them there.

Promise: each has a task on every ACTIVE container instance of its launch type that the constraints of its newest
deployment allow; its own tasks don't count in them, so that one that runs is never a reason to stop it. What it needs
on such an instance is kept for it: a task of another service does not take it, whichever of the two came first.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-options.html (daemon)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task import Task, TaskOverride
from moyai.domain.world import World
from moyai.expressions.cluster_query.evaluate import instance_facts
from moyai.plan.host_ports import fixed_ports
from moyai.plan.placement.constraints import is_member
from moyai.plan.placement.resources import Left, need_of, tasks_on


def hosts(world: World, service: Service) -> list[ContainerInstance]:
    """The instances that the DAEMON service is to have a task on, whether there is room or not; the order is always
    the same.
    """
    known = world.container_instances.by("cluster", service.cluster)
    return [one for one in known if hosted(world, service, one, tasks_on(world, one))]


def hosted(world: World, service: Service, instance: ContainerInstance, tasks: Iterable[Task]) -> bool:
    """Whether the DAEMON service is to have a task on this instance. ``tasks``: those on it."""
    if instance.status is not ContainerInstanceStatus.ACTIVE or instance.launch_type != service.launch_type:
        return False
    definition = world.task_definitions[service.primary.task_definition]
    constraints = (*definition.placement_constraints, *service.placement_constraints)
    others = [t for t in tasks if t.service != service.arn]
    return is_member(instance_facts(instance, others), constraints)


def without_reserved(world: World, instance: ContainerInstance, tasks: Sequence[Task], left: Left) -> Left:
    """What is left for tasks of other services, after what the cluster's DAEMON services will want of the instance."""
    for service in _coming(world, instance, tasks):
        primary = service.primary
        definition = world.task_definitions[primary.task_definition]
        need = need_of(definition, TaskOverride())
        own = [t for t in tasks if t.service == service.arn]
        held = [need_of(world.task_definitions[t.task_definition], t.overrides) for t in own]
        left = msgspec.structs.replace(
            left,
            cpu=left.cpu - max(0, need.cpu - sum(one.cpu for one in held)),
            memory=left.memory - max(0, need.memory - sum(one.memory for one in held)),
            taken=left.taken | fixed_ports(definition, primary.view),
        )
    return left


def _coming(world: World, instance: ContainerInstance, tasks: Sequence[Task]) -> Iterator[Service]:
    """The DAEMON services that will have a new task on the instance."""
    for service in world.services.by("daemon", instance.cluster):
        there = any(t.service == service.arn and t.deployment == service.primary.id for t in tasks)
        if not there and not service.primary.halted and hosted(world, service, instance, tasks):
            yield service
