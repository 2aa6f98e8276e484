"""A task's places in Cloud Map: one instance for each port it offers.

Promise: they exist from the moment the start gate lets the task through until it begins to leave, and
the proxies' endpoints are exactly these.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from __future__ import annotations

from moyai.domain.cloudmap.service import INSTANCE_IPV4, INSTANCE_PORT, ZONE, DiscoveryInstance
from moyai.domain.connect.names import Offer
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.keys import scope_of
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import InstanceId


def offers(task: Task) -> tuple[Offer, ...]:
    """What the task offers to its namespace."""
    return () if task.view is None else task.view.offers


def register(world: World, task: Task, definition: TaskDefinition, now: Instant) -> tuple[Change, ...]:
    """Changes that make the task reachable by name."""
    return tuple(
        Put(_instance(task, offer, definition, now))
        for offer in offers(task)
        if offer.discovery_service in world.discovery_services
    )


def withdraw(world: World, task: Task) -> tuple[Change, ...]:
    """Changes that make the task unreachable by name."""
    return tuple(Delete(DiscoveryInstance, i.key) for i in world.discovery_instances.by("task", task.arn))


def _instance(task: Task, offer: Offer, definition: TaskDefinition, now: Instant) -> DiscoveryInstance:
    attributes = {
        ZONE: task.availability_zone,
        INSTANCE_IPV4: task.interface.address,
        INSTANCE_PORT: str(offer.reachable_port),
        "ECS_CLUSTER_NAME": task.cluster.rpartition("/")[2],
        "ECS_TASK_DEFINITION_FAMILY": definition.family,
        "REGION": scope_of(task.arn).region,
    }
    if task.service is not None:
        attributes["ECS_SERVICE_NAME"] = task.service.rpartition("/")[2]
    return DiscoveryInstance(
        service=offer.discovery_service,
        id=InstanceId(task.id),
        attributes=attributes,
        registered_at=now,
        task=task.arn,
    )
