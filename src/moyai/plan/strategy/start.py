"""The start of a service deployment.

Promise: the deployment and its revision have records before a task starts or stops. A deployment that is in progress is
STOPPED, and the new one continues with the tasks that it left. A strategy that moves traffic gives the new tasks a pool
of their own; a rolling deployment, and a service's first one, use the pool that exists.
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, DeploymentStatus, Service
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceDeploymentStatus, ServiceRevision
from moyai.domain.ecs.strategy import Strategy
from moyai.domain.ecs.traffic import WHOLE, ServiceTraffic, TrafficShare
from moyai.domain.keys import scope_of
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DeploymentId, Ids, Pool, ServiceArn, ServiceDeploymentArn, ServiceRevisionArn
from moyai.plan.elb.traffic_rules import with_target_groups
from moyai.plan.strategy.context import current_deployment
from moyai.plan.strategy.monitors import alarm_watch_time, alarms_to_watch, failure_threshold
from moyai.plan.strategy.stages import source_pool

SUPERSEDED = "Service deployment stopped because a new service deployment started."
KEPT_DEPLOYMENTS = 100
"""Finished service deployments of a service that can still be described."""
_ID_LENGTH = 21


def revision_arn(service: ServiceArn, deployment: DeploymentId) -> ServiceRevisionArn:
    """The ARN of the service revision of a deployment."""
    number = deployment.rpartition("/")[2]
    return ServiceRevisionArn(arn("ecs", scope_of(service), f"service-revision/{_cluster_and_name(service)}/{number}"))


def begin_deployment(
    world: World, service: Service, target: Deployment, now: Instant, ids: Ids
) -> tuple[Service, tuple[Change, ...]]:
    """The service with ``target`` as its PRIMARY deployment, and the other records to put with it."""
    service = _with_traffic(service, now)
    source = source_pool(service)
    configuration = service.deployment_configuration
    moves_traffic = configuration.strategy is not Strategy.ROLLING and bool(service.traffic.shares)
    target = replace(target, pool=Pool(target.id.rpartition("/")[2]) if moves_traffic else source)
    target = with_target_groups(service, target, source)
    alarms = alarms_to_watch(world, scope_of(service.arn), configuration)
    identity = f"{_cluster_and_name(service.arn)}/{ids.alphanumeric(_ID_LENGTH)}"
    record = ServiceDeployment(
        arn=ServiceDeploymentArn(arn("ecs", scope_of(service.arn), f"service-deployment/{identity}")),
        service=service.arn,
        cluster=service.cluster,
        created_at=now,
        updated_at=now,
        target=target.id,
        configuration=configuration,
        sources=tuple(d.id for d in service.deployments),
        source_pool=source,
        pool=target.pool,
        alarms=alarms,
        alarm_bake=alarm_watch_time(world, alarms),
        threshold=failure_threshold(configuration, service.desired_count),
    )
    former = (replace(d, status=DeploymentStatus.ACTIVE) for d in service.deployments)
    traffic = service.traffic
    if configuration.strategy is Strategy.ROLLING and not traffic.shares:
        traffic = ServiceTraffic((TrafficShare(source, WHOLE),), since=now)
    started_service = replace(service, deployments=(target, *former), current_deployment=record.arn, traffic=traffic)
    return started_service, (
        *stop_current_deployment(world, service, SUPERSEDED, now),
        *_delete_old_history(world, service),
        Put(_revision(service, target)),
        Put(record),
    )


def _revision(service: Service, deployment: Deployment) -> ServiceRevision:
    return ServiceRevision(
        arn=revision_arn(service.arn, deployment.id),
        service=service.arn,
        cluster=service.cluster,
        deployment=deployment,
        launch_type=service.launch_type,
        platform_version=service.platform_version,
        capacity_provider_strategy=service.capacity_provider_strategy,
    )


def _with_traffic(service: Service, now: Instant) -> Service:
    """The service, with all traffic in its first pool if its record has no traffic, because its first deployment was
    aborted or the record is older than the member ``traffic``.
    """
    if service.traffic.shares or service.current_deployment is not None or not service.deployments:
        return service
    return replace(service, traffic=ServiceTraffic((TrafficShare(Pool(""), WHOLE),), since=now))


def stop_current_deployment(world: World, service: Service, reason: str, now: Instant) -> tuple[Put, ...]:
    """The change that stops the deployment under way, if there is one."""
    current = current_deployment(world, service)
    if current is None:
        return ()
    stopped = ServiceDeploymentStatus.STOPPED
    return (
        Put(replace(current, status=stopped, status_reason=reason, updated_at=now, finished_at=now, stopped_at=now)),
    )


def _delete_old_history(world: World, service: Service) -> tuple[Delete, ...]:
    """Changes that delete the oldest deployments beyond KEPT_DEPLOYMENTS, and revisions that no record names."""
    newest_last = sorted(world.service_deployments.by("service", service.arn), key=lambda d: (d.created_at, d.arn))
    old = newest_last[: max(0, len(newest_last) - KEPT_DEPLOYMENTS + 1)]
    remaining = newest_last[len(old) :]
    recorded_deployments = (
        {d.id for d in service.deployments} | {d.target for d in remaining} | {s for d in remaining for s in d.sources}
    )
    revisions = [
        r.arn
        for r in world.service_revisions.by("service", service.arn)
        if r.deployment.id not in recorded_deployments and r.deployment.id != service.last_completed
    ]
    return (*(Delete(ServiceDeployment, d.arn) for d in old), *(Delete(ServiceRevision, a) for a in revisions if old))


def _cluster_and_name(service: ServiceArn) -> str:
    """The part ``<cluster>/<service>`` of a service's ARN."""
    return service.partition("service/")[2]
