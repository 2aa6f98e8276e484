"""Cloud Map services that a service's Service Connect made and that nobody needs any more.

Promise: one goes when neither a deployment nor a task that is still there offers it, none that is
still there calls it by a frozen name, and no instance is registered in it. So a service that is
deleted and made again is reached by its callers without a deployment of theirs. Those that somebody
made by hand are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.world import Change, World
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn
from moyai.plan.cloudmap.instances import service_removed
from moyai.plan.registration import offers
from moyai.plan.rollout import AFTER_DRAIN


def unused(world: World, service: Service, following: Service) -> tuple[Change, ...]:
    """Changes that remove what the service, which is becoming ``following``, no longer offers, and, when it has
    given up a deployment, what other services left behind for its sake.
    """
    gave_up = following.status is not ServiceStatus.ACTIVE or len(following.deployments) < len(service.deployments)
    candidates = [d for d in world.discovery_services.by("owner", service.arn) if d.arn not in _offered(following)]
    if gave_up:
        candidates += [d for n in _namespaces(service) for d in _left_behind(world, n)]
    if not candidates:
        return ()
    needed = {arn for n in {d.namespace for d in candidates} for arn in _needed(world, n, following)}
    removable = {d.key: d for d in candidates if d.arn not in needed}
    empty = (d for k, d in removable.items() if not world.discovery_instances.count("service", k))
    return tuple(change for service in empty for change in service_removed(world, service))


def _offered(service: Service) -> set[DiscoveryServiceArn]:
    """What the deployments of a service offer; a deleted one offers nothing."""
    views = [d.view for d in service.deployments if service.status is ServiceStatus.ACTIVE]
    return {o.discovery_service for v in views if v is not None for o in v.offers}


def _namespaces(service: Service) -> set[NamespaceArn]:
    return {d.view.namespace for d in service.deployments if d.view is not None}


def _left_behind(world: World, namespace: NamespaceArn) -> Iterator[DiscoveryService]:
    """What deleted services made in the namespace."""
    for made in world.discovery_services.by("namespace", namespace):
        owner = world.services.get(made.owner)
        if made.owner is not None and (owner is None or owner.status is ServiceStatus.INACTIVE):
            yield made


def _needed(world: World, namespace: NamespaceArn, following: Service) -> Iterator[DiscoveryServiceArn]:
    """What deployments and tasks of the namespace offer or call; a task that is stopping calls nobody."""
    others = (s for s in world.services.by("namespace", namespace) if s.arn != following.arn)
    active = (s for s in (following, *others) if s.status is ServiceStatus.ACTIVE)
    views = [d.view for s in active for d in s.deployments]
    tasks = world.tasks.by("namespace", namespace)
    views += [t.view for t in tasks if t.last_status not in AFTER_DRAIN]
    yield from (o.discovery_service for t in tasks for o in offers(t))
    yield from (o.discovery_service for v in views if v is not None for o in v.offers)
    yield from (n.target for v in views if v is not None for n in v.names)
