"""The deletions after a time: records of ECS that nothing needs any more, and log events.

Records: deleted services, clusters and daemon task definitions, deregistered container instances, and deployments that
removed a daemon's tasks are deleted after KEPT_INACTIVE seconds, deleted task definitions when nothing uses them. A
record that others still refer to is checked again after RETRY_AFTER seconds. Log events: those of deleted streams, and
those older than their group's retention; no client can read them any more, so it does not matter when they are deleted.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html, API_DeleteService.html
and API_DeleteCluster.html there, which give no time for services and clusters.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from msgspec.structs import replace

from moyai.domain.ecs.cluster import Cluster, ClusterStatus
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.daemon import DaemonDeployment
from moyai.domain.ecs.service import Service, ServiceLog, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceRevision
from moyai.domain.ecs.task_definition import TaskDefinition, TaskDefinitionStatus
from moyai.domain.logs.event import kept_since
from moyai.domain.world import Delete, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import LogGroupId, LogStreamId
from moyai.plan.action import Plan, plan

KEPT_INACTIVE = 6 * 3600.0
"""Seconds for which a deleted service or cluster, or a deregistered instance, can still be described."""

RETRY_AFTER = 60.0
"""Seconds until a record is checked again to which others still refer."""


def plan_retention(world: World, table: str, key: str, now: Instant) -> Plan:
    """The deletion of a record, if it is due."""
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
        case "daemon_deployment":
            removal = world.daemon_deployments.get(key)
            return Plan() if removal is None else _removal(removal, now)
        case "container_instance":
            instance = world.container_instances.get(key)
            return Plan() if instance is None else _instance(world, instance, now)
        case _:
            return Plan()


def pinned_images(world: World) -> frozenset[str]:
    """The digests of the images that services may still start tasks from: those of their deployments, and of the
    revisions to which an unfinished deployment can roll back; and those of all revisions of daemons.
    """
    digests = {digest for revision in world.daemon_revisions for digest in revision.images.values()}
    for revision in world.service_revisions:
        service = world.services.get(revision.service)
        current = () if service is None else (deployment.id for deployment in service.deployments)
        unfinished = (d for d in world.service_deployments.each("service", revision.service) if not d.finished)
        if revision.deployment.id in {*current, *(source for d in unfinished for source in d.sources)}:
            digests.update(revision.images.values())
    return frozenset(digests)


def _definition(world: World, definition: TaskDefinition, now: Instant) -> Plan:
    if definition.status is TaskDefinitionStatus.DELETED:
        due_at = later(definition.delete_requested_at or now, KEPT_INACTIVE)
        return plan([Delete(TaskDefinition, definition.key)]) if now >= due_at else plan(wake_at=due_at)
    if definition.status is not TaskDefinitionStatus.DELETE_IN_PROGRESS:
        return Plan()
    services = world.services.each("task_definition", definition.arn)
    is_used = any(service.status is not ServiceStatus.INACTIVE for service in services)
    is_used = is_used or world.daemon_revisions.count("task_definition", definition.arn) > 0
    if is_used or world.tasks.count("task_definition", definition.arn):
        return plan(wake_at=later(now, RETRY_AFTER))
    if definition.is_daemon:
        return plan([Put(replace(definition, status=TaskDefinitionStatus.DELETED))])
    return plan([Delete(TaskDefinition, definition.key)])


def _removal(record: DaemonDeployment, now: Instant) -> Plan:
    """The deletion of the last trace of a deleted daemon."""
    if record.target is not None or record.finished_at is None:
        return Plan()
    due_at = later(record.finished_at, KEPT_INACTIVE)
    return plan([Delete(DaemonDeployment, record.key)]) if now >= due_at else plan(wake_at=due_at)


def _service(world: World, service: Service, now: Instant) -> Plan:
    if service.status is not ServiceStatus.INACTIVE:
        return Plan()
    due_at = later(service.inactive_at or service.created_at, KEPT_INACTIVE)
    if now < due_at:
        return plan(wake_at=due_at)
    if world.tasks.count("service", service.arn):
        return plan(wake_at=later(now, RETRY_AFTER))
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
    due_at = later(cluster.inactive_at or cluster.created_at, KEPT_INACTIVE)
    if now < due_at:
        return plan(wake_at=due_at)
    if any(table.count("cluster", cluster.arn) for table in (world.services, world.tasks, world.container_instances)):
        return plan(wake_at=later(now, RETRY_AFTER))
    return plan([Delete(Cluster, cluster.key)])


def _instance(world: World, instance: ContainerInstance, now: Instant) -> Plan:
    if not instance.gone:
        return Plan()
    due_at = later(instance.inactive_at or instance.registered_at, KEPT_INACTIVE)
    if now < due_at:
        return plan(wake_at=due_at)
    if world.tasks.count("instance", instance.arn):
        return plan(wake_at=later(now, RETRY_AFTER))
    return plan([Delete(ContainerInstance, instance.key)])


class LogDeletion(msgspec.Struct, frozen=True):
    """The log events to delete. ``before``: log groups, each with the time (in ms) before which its events go."""

    streams: tuple[LogStreamId, ...] = ()
    sources: tuple[str, ...] = ()
    before: tuple[tuple[LogGroupId, int], ...] = ()


def plan_log_deletion(
    world: World, streams: Collection[LogStreamId], sources: Collection[str], now: Instant
) -> LogDeletion:
    """The deletions among the events of these streams, and among the positions of these sources (``log_source``)."""
    return LogDeletion(
        streams=tuple(sorted(key for key in streams if not world.log_streams.by("id", key))),
        sources=tuple(sorted(key for key in sources if not world.tasks.by("id", key.partition("/")[0]))),
        before=tuple(
            (group.id, kept_since(group, now)) for group in world.log_groups if group.retention_days is not None
        ),
    )
