"""The container instances of DAEMON services, and the resources that are reserved for their tasks.

Promise: a DAEMON service has a task on every ACTIVE container instance of its launch type that the constraints of its
newest deployment allow. The constraints ignore the service's own tasks, so that a running task never stops itself. The
resources that the service needs there are reserved: a task of another service does not get them, whichever service is
older.
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
from moyai.plan.network.host_ports import fixed_ports
from moyai.plan.placement.constraints import is_member
from moyai.plan.placement.managed_daemons import reserved_resources
from moyai.plan.placement.resources import RemainingResources, required_resources, tasks_on


def daemon_hosts(world: World, service: Service) -> list[ContainerInstance]:
    """The instances on which the DAEMON service is to have a task, whether or not resources are left, in a stable
    order.
    """
    instances = world.container_instances.by("cluster", service.cluster)
    return [i for i in instances if is_daemon_host(world, service, i, tasks_on(world, i))]


def is_daemon_host(world: World, service: Service, instance: ContainerInstance, tasks: Iterable[Task]) -> bool:
    """Whether the DAEMON service is to have a task on this instance. ``tasks``: those on it."""
    if instance.status is not ContainerInstanceStatus.ACTIVE or instance.launch_type != service.launch_type:
        return False
    definition = world.task_definitions[service.primary.task_definition]
    constraints = (*definition.placement_constraints, *service.placement_constraints)
    others = [t for t in tasks if t.service != service.arn]
    return is_member(instance_facts(instance, others), constraints)


def without_reservations(
    world: World, instance: ContainerInstance, tasks: Sequence[Task], rest: RemainingResources
) -> RemainingResources:
    """The resources for other tasks: ``rest`` without what the cluster's DAEMON services and managed daemons will need
    there.
    """
    for reserved in reserved_resources(world, instance, tasks):
        rest = msgspec.structs.replace(rest, cpu=rest.cpu - reserved.cpu, memory=rest.memory - reserved.memory)
    for service in _expected_daemons(world, instance, tasks):
        primary = service.primary
        definition = world.task_definitions[primary.task_definition]
        need = required_resources(definition, TaskOverride())
        own = [t for t in tasks if t.service == service.arn]
        present = [required_resources(world.task_definitions[t.task_definition], t.overrides) for t in own]
        rest = msgspec.structs.replace(
            rest,
            cpu=rest.cpu - max(0, need.cpu - sum(resources.cpu for resources in present)),
            memory=rest.memory - max(0, need.memory - sum(resources.memory for resources in present)),
            taken_ports=rest.taken_ports | fixed_ports(definition, primary.view),
        )
    return rest


def _expected_daemons(world: World, instance: ContainerInstance, tasks: Sequence[Task]) -> Iterator[Service]:
    """The DAEMON services that will have a new task on the instance."""
    for service in world.services.by("daemon", instance.cluster):
        has_task = any(t.service == service.arn and t.deployment == service.primary.id for t in tasks)
        if not has_task and not service.primary.halted and is_daemon_host(world, service, instance, tasks):
            yield service
