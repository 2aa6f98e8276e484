"""What is forgotten: deleted services and clusters and deregistered container instances after a while, deleted task
definitions when nothing uses them.

Promise: nothing is forgotten that something still there is made from or belongs to. As long as there is such a thing,
it is looked at again later.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html, API_DeleteService.html
and API_DeleteCluster.html there, which give no time for services and clusters.
"""

from __future__ import annotations

from moyai.domain.ecs.cluster import Cluster, ClusterStatus
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.service import Service, ServiceLog, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceRevision
from moyai.domain.ecs.task_definition import TaskDefinition, TaskDefinitionStatus
from moyai.domain.world import Delete, World
from moyai.kernel.clock import Instant, later
from moyai.plan.action import Plan, plan

KEPT_INACTIVE = 6 * 3600.0
"""Seconds for which a deleted service or cluster, or a deregistered instance, can still be described."""

LOOK_AGAIN = 60.0
"""Seconds until it is asked again whether something still refers to what is to go."""


def plan_forgetting(world: World, table: str, key: str, now: Instant) -> Plan:
    """What to do about a record that may be one to forget."""
    match table:
        case "task_definition":
            definition = world.task_definitions.get(key)
            return Plan() if definition is None else _definition(world, definition, now)
        case "service":
            service = world.services.get(key)
            return Plan() if service is None else _service(world, service, now)
        case "cluster":
            cluster = world.clusters.get(key)
            return Plan() if cluster is None else _cluster(world, cluster, now)
        case "container_instance":
            instance = world.container_instances.get(key)
            return Plan() if instance is None else _instance(world, instance, now)
        case _:
            return Plan()


def _definition(world: World, definition: TaskDefinition, now: Instant) -> Plan:
    if definition.status is not TaskDefinitionStatus.DELETE_IN_PROGRESS:
        return Plan()
    services = world.services.each("task_definition", definition.arn)
    used = any(service.status is not ServiceStatus.INACTIVE for service in services)
    if used or world.tasks.count("task_definition", definition.arn):
        return plan(wake_at=later(now, LOOK_AGAIN))
    return plan([Delete(TaskDefinition, definition.key)])


def _service(world: World, service: Service, now: Instant) -> Plan:
    if service.status is not ServiceStatus.INACTIVE:
        return Plan()
    due = later(service.inactive_at or service.created_at, KEPT_INACTIVE)
    if now < due:
        return plan(wake_at=due)
    if world.tasks.count("service", service.arn):
        return plan(wake_at=later(now, LOOK_AGAIN))
    return plan(
        [
            Delete(Service, service.key),
            Delete(ServiceLog, service.key),
            *(Delete(ServiceDeployment, d.key) for d in world.service_deployments.by("service", service.arn)),
            *(Delete(ServiceRevision, r.key) for r in world.service_revisions.by("service", service.arn)),
        ]
    )


def _cluster(world: World, cluster: Cluster, now: Instant) -> Plan:
    if cluster.status is not ClusterStatus.INACTIVE:
        return Plan()
    due = later(cluster.inactive_at or cluster.created_at, KEPT_INACTIVE)
    if now < due:
        return plan(wake_at=due)
    if any(table.count("cluster", cluster.arn) for table in (world.services, world.tasks, world.container_instances)):
        return plan(wake_at=later(now, LOOK_AGAIN))
    return plan([Delete(Cluster, cluster.key)])


def _instance(world: World, instance: ContainerInstance, now: Instant) -> Plan:
    if not instance.gone:
        return Plan()
    due = later(instance.inactive_at or instance.registered_at, KEPT_INACTIVE)
    if now < due:
        return plan(wake_at=due)
    if world.tasks.count("instance", instance.arn):
        return plan(wake_at=later(now, LOOK_AGAIN))
    return plan([Delete(ContainerInstance, instance.key)])
