"""A service deployment begins.

Promise: it has a record, and its revision has one, before anything is done; another deployment under way is
STOPPED, and what it left half done is reconciled by the new one. A strategy that moves traffic gives the new tasks
a pool of their own; a rolling deployment, and a service's first one, go on in the pool that there is.
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, DeploymentStatus, Service
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceDeploymentStatus, ServiceRevision
from moyai.domain.ecs.strategy import Strategy
from moyai.domain.ecs.traffic import WHOLE, Share, Traffic
from moyai.domain.keys import scope_of
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DeploymentId, Ids, Pool, ServiceArn, ServiceDeploymentArn, ServiceRevisionArn
from moyai.plan.strategy import alarms
from moyai.plan.strategy.breaker import threshold
from moyai.plan.strategy.weights import home_of

SUPERSEDED = "Service deployment stopped because a new service deployment started."
KEPT = 100
"""Finished service deployments of a service that can still be described."""
_ID_LENGTH = 21


def revision_arn(service: ServiceArn, deployment: DeploymentId) -> ServiceRevisionArn:
    """The ARN of the revision that a deployment brings out."""
    number = deployment.rpartition("/")[2]
    return ServiceRevisionArn(arn("ecs", scope_of(service), f"service-revision/{_path(service)}/{number}"))


def begin(
    world: World, service: Service, made: Deployment, now: Instant, ids: Ids
) -> tuple[Service, tuple[Change, ...]]:
    """The service on its way to ``made``, and the other records to put with it."""
    service = _told(service, now)
    home = home_of(service)
    configuration = service.deployment_configuration
    moves = configuration.strategy is not Strategy.ROLLING and bool(service.traffic.shares)
    made = replace(made, pool=Pool(made.id.rpartition("/")[2]) if moves else home)
    watched = alarms.watched(world, scope_of(service.arn), configuration)
    record = ServiceDeployment(
        arn=ServiceDeploymentArn(
            arn("ecs", scope_of(service.arn), f"service-deployment/{_path(service.arn)}/{ids.alphanumeric(_ID_LENGTH)}")
        ),
        service=service.arn,
        cluster=service.cluster,
        created_at=now,
        updated_at=now,
        target=made.id,
        configuration=configuration,
        sources=tuple(d.id for d in service.deployments),
        home=home,
        pool=made.pool,
        alarms=watched,
        alarm_bake=alarms.bake(world, watched),
        threshold=threshold(configuration, service.desired_count),
    )
    before = (replace(d, status=DeploymentStatus.ACTIVE) for d in service.deployments)
    traffic = service.traffic
    if configuration.strategy is Strategy.ROLLING and not traffic.shares:
        traffic = Traffic((Share(home, WHOLE),), since=now)
    following = replace(service, deployments=(made, *before), current_deployment=record.arn, traffic=traffic)
    return following, (
        *superseded(world, service, SUPERSEDED, now),
        *_forgotten(world, service),
        Put(_revision(service, made)),
        Put(record),
    )


def _revision(service: Service, made: Deployment) -> ServiceRevision:
    return ServiceRevision(
        arn=revision_arn(service.arn, made.id),
        service=service.arn,
        cluster=service.cluster,
        deployment=made,
        launch_type=service.launch_type,
        platform_version=service.platform_version,
        capacity_provider_strategy=service.capacity_provider_strategy,
    )


def _told(service: Service, now: Instant) -> Service:
    """A service that runs without a word on its traffic (its first deployment was given up, or it was made before there
    were words) has all of it in the pool that it began with.
    """
    if service.traffic.shares or service.current_deployment is not None or not service.deployments:
        return service
    return replace(service, traffic=Traffic((Share(Pool(""), WHOLE),), since=now))


def superseded(world: World, service: Service, reason: str, now: Instant) -> tuple[Put, ...]:
    """The change that stops the deployment under way, if there is one."""
    current = None if service.current_deployment is None else world.service_deployments.get(service.current_deployment)
    if current is None or current.finished:
        return ()
    stopped = ServiceDeploymentStatus.STOPPED
    return (
        Put(replace(current, status=stopped, status_reason=reason, updated_at=now, finished_at=now, stopped_at=now)),
    )


def _forgotten(world: World, service: Service) -> tuple[Delete, ...]:
    """History beyond what is kept: the oldest goes, with revisions that nothing kept speaks of."""
    known = sorted(world.service_deployments.by("service", service.arn), key=lambda d: (d.created_at, d.arn))
    old = known[: max(0, len(known) - KEPT + 1)]
    kept = known[len(old) :]
    spoken_of = {d.id for d in service.deployments} | {d.target for d in kept} | {s for d in kept for s in d.sources}
    unused = [
        r.arn
        for r in world.service_revisions.by("service", service.arn)
        if r.deployment.id not in spoken_of and r.deployment.id != service.settled
    ]
    return (*(Delete(ServiceDeployment, d.arn) for d in old), *(Delete(ServiceRevision, a) for a in unused if old))


def _path(service: ServiceArn) -> str:
    """``<cluster>/<service>``."""
    return service.partition("service/")[2]
